import type { Chat, ChatStatus, StoredChat } from './chat.ts';

/** Sums over the chats of a scope at one time. */
export interface Sums {
  readonly chats: number;
  /** Sum of all known counts, including those of chats that are no longer available in MAX. */
  readonly participants: number;
  /** Number of chats with a MAX id whose count was never read. */
  readonly neverRead: number;
  /** Number of active chats with a stale count. */
  readonly stale: number;
  readonly byStatus: Readonly<Partial<Record<ShownStatus, number>>>;
}

export type ShownStatus = ChatStatus | 'unlinked';

export const NO_SUMS: Sums = { chats: 0, participants: 0, neverRead: 0, stale: 0, byStatus: {} };

/** Returns the status that the API shows. A chat without a MAX id has no status in MAX. */
const shownStatus = ({ maxChatId, status }: Pick<Chat, 'maxChatId' | 'status'>): ShownStatus =>
  maxChatId === null ? 'unlinked' : status;

/** Adds a chat to sums. @param freshSince Unix ms; older readings are stale. */
export function withChat(sums: Sums, { chat, participantsCount, readAt }: StoredChat, freshSince: number): Sums {
  const status = shownStatus(chat);
  const neverRead = status !== 'unlinked' && readAt === null;
  return {
    chats: sums.chats + 1,
    participants: sums.participants + (participantsCount ?? 0),
    neverRead: sums.neverRead + (neverRead ? 1 : 0),
    stale: sums.stale + (status === 'active' && readAt !== null && readAt < freshSince ? 1 : 0),
    byStatus: { ...sums.byStatus, [status]: (sums.byStatus[status] ?? 0) + 1 },
  };
}

/** A chat whose count differs from its count on an earlier day. */
export interface Mover {
  readonly id: number;
  readonly before: number;
  readonly after: number;
}

/** Chats that grew and shrank most, the largest change first. */
export interface Movers {
  readonly grew: readonly Mover[];
  readonly shrank: readonly Mover[];
}

export const NO_MOVERS: Movers = { grew: [], shrank: [] };

const change = ({ before, after }: Mover): number => after - before;

/** Adds a chat to the lists. @param most largest length of each list. */
export function withMover(movers: Movers, mover: Mover, most: number): Movers {
  const by = change(mover);
  if (by === 0) return movers;
  const name = by > 0 ? 'grew' : 'shrank';
  const list = movers[name];
  const last = list.at(-1);
  if (list.length >= most && last && Math.abs(change(last)) >= Math.abs(by)) return movers;
  const next = [...list, mover].sort((a, b) => Math.abs(change(b)) - Math.abs(change(a)) || a.id - b.id);
  return { ...movers, [name]: next.slice(0, most) };
}
