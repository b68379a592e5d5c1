import type { Chat, ChatStatus, StoredChat } from './chat.ts';

/** Sums over the chats of a scope at one moment. */
export interface Sums {
  readonly chats: number;
  /** Of all counts that are known, also of chats that MAX no longer gives. */
  readonly participants: number;
  /** Chats of MAX whose count was never read. */
  readonly neverRead: number;
  /** Active chats whose count is older than it counts as fresh. */
  readonly stale: number;
  readonly byStatus: Readonly<Partial<Record<ShownStatus, number>>>;
}

export type ShownStatus = ChatStatus | 'unlinked';

export const NO_SUMS: Sums = { chats: 0, participants: 0, neverRead: 0, stale: 0, byStatus: {} };

/** What people see as the status: a chat without a MAX id has none at MAX. */
const shownStatus = ({ maxChatId, status }: Pick<Chat, 'maxChatId' | 'status'>): ShownStatus =>
  maxChatId === null ? 'unlinked' : status;

/** @param freshSince Unix ms: older readings are stale. */
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

/** A chat whose count differs from that of an earlier day. */
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

/** @param most entries that each of the two lists keeps. */
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
