import type { ChatStatus } from '../chats/chat.ts';

/** What MAX answered about one chat, with the time it was asked. */
export type Reading =
  | { readonly kind: 'count'; readonly count: number }
  | { readonly kind: 'unavailable'; readonly status: Exclude<ChatStatus, 'active'> };

export type ApplyOutcome =
  /** Written. `before` is the count it replaced. */
  | { readonly kind: 'applied'; readonly before: number | null }
  /** Something newer is there, or the chat was deleted or given another MAX id: nothing was written. */
  | { readonly kind: 'superseded' };

export interface DueChat {
  readonly id: number;
  /** Unix ms at which the chat became due. */
  readonly due_at: number;
}

/** The durable side of counts: newer wins, and what is due is found by an index. */
export interface CountStore {
  /**
   * Takes a reading that was asked for at `askedAt` (Unix ms). A count sets the chat `active` and due at `dueAt`; a 403/404
   * sets its status and takes it off the due index.
   */
  apply(
    chat: { readonly id: number; readonly max_chat_id: string },
    reading: Reading,
    times: { readonly askedAt: number; readonly dueAt: number },
  ): Promise<ApplyOutcome>;
  /** Moves the chats to a later time on the due index; those no longer on it stay off. */
  postpone(ids: readonly number[], dueAt: number): Promise<void>;
  /** Chats due at `before` or earlier, the longest due first, behind `after`. */
  due(before: number, limit: number, after: DueChat | undefined): Promise<readonly DueChat[]>;
  /** How many are due at `before` or earlier. Reads the index: grows with what is due. */
  countDue(before: number): Promise<number>;
}
