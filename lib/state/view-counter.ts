/**
 * How often chats are measuredViews, on its way to the planner. Only a sample of listings counts, each for several; what is lost
 * with the cache is lost. Nothing here ever rejects.
 */
export interface ViewCounter {
  /** Counts that each of these chats was shown `weight` times. */
  count(ids: readonly number[], weight: number): Promise<void>;
  /** How often they were shown since it was taken away; those never shown are left out. */
  peek(ids: readonly number[]): Promise<ReadonlyMap<number, number>>;
  /** Takes away what was made use of. */
  takeAway(counts: ReadonlyMap<number, number>): Promise<void>;
  /** All views since this was last asked; `undefined`: not known now. */
  takeTotal(): Promise<number | undefined>;
}

/** One listing in four counts, for four. */
export const VIEW_SAMPLE = 4;
