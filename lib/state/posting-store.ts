import type { IdSet } from '../chats/id-set.ts';
import type { TermField, TermQuery } from '../chats/terms.ts';

/**
 * Posting lists: for each term the ids of the chats that have it. The store of chats keeps them. A list gets an id before its
 * chat is written and loses it afterwards, so a write that breaks off leaves an id too many, not one too few.
 */
export interface PostingStore {
  /** Whether the lists cover all chats. False only for tables that a version without posting lists filled. */
  isComplete(): Promise<boolean>;
  /**
   * Reads lists side by side, and stops early when one of them is complete and short: the others can remove ids from it, but
   * need not be read for that.
   * @returns the ids of each query; `undefined` for lists that were not read to their ends.
   */
  read(queries: readonly TermQuery[], options?: ReadOptions): Promise<(IdSet | undefined)[]>;
  /** All values of a field, with the ids of the chats that have them. */
  values(field: TermField): Promise<Map<string, IdSet>>;
}

export interface ReadOptions {
  /** A complete list with at most this many ids ends the reading. */
  readonly enough: number;
  /** Indexes of lists that are always read to their ends, and never end the reading. */
  readonly required: ReadonlySet<number>;
}
