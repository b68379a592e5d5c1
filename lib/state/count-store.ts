import type { ChatStatus } from '../chats/chat.ts';
import type { Learnt, NextRefresh, ScheduledChat } from '../chats/planning.ts';

/** What MAX answered about one chat, with the time it was asked. */
export type Reading =
  | { readonly kind: 'count'; readonly count: number }
  | { readonly kind: 'unavailable'; readonly status: Exclude<ChatStatus, 'active'> };

export type ApplyOutcome =
  /** Written. `before` is the count it replaced; `knownCorrect`: every change of it will be told, and none was since `askedAt`. */
  | { readonly kind: 'applied'; readonly before: number | null; readonly knownCorrect: boolean }
  /** Something newer is there, or the chat was deleted or given another MAX id: nothing was written. */
  | { readonly kind: 'superseded' };

export interface DueChat extends ScheduledChat {
  readonly id: number;
  /** Unix ms at which the chat became due. */
  readonly dueAt: number;
}

/** A place on the due index. */
export type Cursor = Pick<DueChat, 'id' | 'dueAt'>;

/** The durable side of counts: newer wins, and what is due is found by an index. */
export interface CountStore {
  /**
   * Takes a reading that was asked for at `askedAt` (Unix ms). A count sets the chat `active` and due at `dueAt`, with what
   * was learnt of it where that is given; a 403/404 sets its status and takes it off the due index.
   */
  apply(
    chat: { readonly id: number; readonly maxChatId: string },
    reading: Reading,
    next: NextRefresh & { readonly askedAt: number },
  ): Promise<ApplyOutcome>;
  /** Gives a due chat another time without reading it, and keeps what was learnt. Does nothing if it was read meanwhile. */
  reschedule(chat: DueChat, next: { readonly dueAt: number; readonly learnt: Learnt }): Promise<void>;
  /** Moves the chats to a later time on the due index; those no longer on it stay off. */
  postpone(ids: readonly number[], dueAt: number): Promise<void>;
  /** Chats due at `before` or earlier, the longest due first, behind `after`. */
  due(before: number, limit: number, after: Cursor | undefined): Promise<readonly DueChat[]>;
  /** How many are due at `before` or earlier. Reads the index: grows with what is due. */
  countDue(before: number): Promise<number>;
}
