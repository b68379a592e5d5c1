import type { ChatStatus } from '../chats/chat.ts';
import type { Learnt, NextRefresh, ScheduledChat } from '../chats/planning.ts';

/** MAX's response about one chat. */
export type Reading =
  | { readonly kind: 'count'; readonly count: number }
  | { readonly kind: 'unavailable'; readonly status: Exclude<ChatStatus, 'active'> };

export type ApplyOutcome =
  /**
   * The reading was stored. `before` is the replaced count. `knownCorrect`: MAX sends an event for every change, and no event
   * arrived since `askedAt`.
   */
  | { readonly kind: 'applied'; readonly before: number | null; readonly knownCorrect: boolean }
  /** Nothing was stored, because a newer reading exists, or the chat was deleted or has another MAX id. */
  | { readonly kind: 'superseded' };

export interface DueChat extends ScheduledChat {
  readonly id: number;
  /** Unix ms at which the chat became due. */
  readonly dueAt: number;
}

/** A position in the due index. */
export type Cursor = Pick<DueChat, 'id' | 'dueAt'>;

/** The durable store of counts. The newer reading wins. Due chats are found by an index. */
export interface CountStore {
  /**
   * Stores a reading that was requested from MAX at `askedAt` (Unix ms). A count makes the chat `active` and due at `dueAt`, and
   * stores `learnt` if given. A 403 or 404 sets the status and removes the chat from the due index.
   */
  apply(
    chat: { readonly id: number; readonly maxChatId: string },
    reading: Reading,
    next: NextRefresh & { readonly askedAt: number },
  ): Promise<ApplyOutcome>;
  /** Changes the time at which a chat is due, without a reading, and stores `learnt`. Does nothing if it was read meanwhile. */
  reschedule(chat: DueChat, next: { readonly dueAt: number; readonly learnt: Learnt }): Promise<void>;
  /** Moves chats to a later time in the due index. Chats that are not in the index remain outside. */
  postpone(ids: readonly number[], dueAt: number): Promise<void>;
  /** Returns chats that are due at `before` or earlier, in order of their due times, after the cursor `after`. */
  due(before: number, limit: number, after: Cursor | undefined): Promise<readonly DueChat[]>;
  /** Returns the number of chats that are due at `before` or earlier. It reads the index, so its cost grows with that number. */
  countDue(before: number): Promise<number>;
}
