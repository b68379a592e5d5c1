import { type CountedChat, type ShownStatus, shownStatus } from './chat.ts';

/** Sums over the chats of a scope at one time. */
export interface Sums {
  readonly chats: number;
  /** Sum of all known counts, including those of chats that are no longer available in MAX. */
  readonly participants: number;
  /** Number of chats with a MAX id whose count was never read. */
  readonly neverRead: number;
  /** Number of active chats with a stale count. */
  readonly stale: number;
  /** Number of active chats whose count was less than an hour old; `undefined` in sums of an earlier version. */
  readonly readWithinHour: number | undefined;
  readonly byStatus: Readonly<Partial<Record<ShownStatus, number>>>;
}

export const NO_SUMS: Sums = { chats: 0, participants: 0, neverRead: 0, stale: 0, readWithinHour: 0, byStatus: {} };

const HOUR_MS = 3_600_000;

/** Adds a chat to sums at the time `at`, Unix ms. @param freshMs age from which a count is stale. */
export function withChat(
  sums: Sums,
  { chat, participantsCount, readAt }: CountedChat,
  at: number,
  freshMs: number,
): Sums {
  const status = shownStatus(chat);
  const neverRead = status !== 'unlinked' && readAt === null;
  const ageMs = status === 'active' && readAt !== null ? at - readAt : undefined;
  const one = (condition: boolean) => (condition ? 1 : 0);
  return {
    chats: sums.chats + 1,
    participants: sums.participants + (participantsCount ?? 0),
    neverRead: sums.neverRead + one(neverRead),
    stale: sums.stale + one(ageMs !== undefined && ageMs > freshMs),
    readWithinHour: (sums.readWithinHour ?? 0) + one(ageMs !== undefined && ageMs < HOUR_MS),
    byStatus: { ...sums.byStatus, [status]: (sums.byStatus[status] ?? 0) + 1 },
  };
}

/** Returns the share of active chats whose count was less than an hour old; `null` if it is unknown, or if none was active. */
export const shareFresherThanHour = ({ readWithinHour, byStatus }: Sums): number | null =>
  readWithinHour !== undefined && byStatus.active ? readWithinHour / byStatus.active : null;

/** A chat whose count differs from its count on an earlier day. */
export interface Mover {
  readonly id: number;
  readonly before: number;
  readonly after: number;
}

/** Chats that grew and shrank most, the largest change first, of equal changes the lower id. */
export interface Movers {
  readonly grew: readonly Mover[];
  readonly shrank: readonly Mover[];
}

export const NO_MOVERS: Movers = { grew: [], shrank: [] };

const change = ({ before, after }: Mover): number => after - before;
const byChange = (a: Mover, b: Mover): number => Math.abs(change(b)) - Math.abs(change(a)) || a.id - b.id;

/** Adds a chat to the lists. @param most largest length of each list. */
export function withMover(movers: Movers, mover: Mover, most: number): Movers {
  const by = change(mover);
  if (by === 0) return movers;
  const name = by > 0 ? 'grew' : 'shrank';
  const list = movers[name];
  const last = list.at(-1);
  if (list.length >= most && last && byChange(last, mover) < 0) return movers;
  return { ...movers, [name]: [...list, mover].sort(byChange).slice(0, most) };
}
