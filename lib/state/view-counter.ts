/**
 * Counts how often chats are viewed, for the planner. Only a sample of listings is counted, each for several. The counters may be
 * lost with the cache. No method rejects.
 */
export interface ViewCounter {
  /** Adds `weight` views to each of these chats. */
  count(ids: readonly number[], weight: number): Promise<void>;
  /** Returns the views of these chats since the last subtraction, without chats that have none. */
  peek(ids: readonly number[]): Promise<ReadonlyMap<number, number>>;
  /** Subtracts views that the planner has used. */
  takeAway(counts: ReadonlyMap<number, number>): Promise<void>;
  /** Returns all views since the last call, and resets them; `undefined` if they are not available. */
  takeTotal(): Promise<number | undefined>;
}

/** One in this number of listings is counted, with this weight. */
export const VIEW_SAMPLE = 4;
