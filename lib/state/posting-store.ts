import type { Chat } from '../chats/chat.ts';
import type { ChunkBits, IdSet } from '../chats/id-set.ts';
import type { Column } from '../chats/sort-columns.ts';
import type { Position } from '../chats/sort-keys.ts';
import type { Term, TermField, TermQuery } from '../chats/terms.ts';

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
  /** Where these chats stand in a listing, in no order. Those whose place is not known are left out. */
  positions(column: Column, ids: IdSet): Promise<Position[]>;
  /** All values of a field, with the ids of the chats that have them. */
  values(field: TermField): Promise<Map<string, IdSet>>;
}

export interface ReadOptions {
  /** A complete list with at most this many ids ends the reading. */
  readonly enough: number;
  /** Indexes of lists that are always read to their ends, and never end the reading. */
  readonly required: ReadonlySet<number>;
}

/** Where a repair of the lists stands. */
export interface RepairCursor {
  /** First the lists are compared with all chats, then all chunks of the lists with their chats. */
  readonly phase: 'chats' | 'lists';
  /** In the first phase: the id after which it goes on. */
  readonly afterId: number;
  /** In the second phase: the place that `scan` returned. */
  readonly afterChunk: unknown;
}

/** A chunk of a list, as it is stored. */
export interface ListedChunk {
  readonly term: Term;
  readonly chunk: number;
  readonly bits: ChunkBits;
}

/** What a repair of the posting lists needs. */
export interface PostingRepairStore {
  /** The stored bits of one chunk of these lists, by `termKey`. Empty chunks are left out. */
  readChunks(terms: readonly Term[], chunk: number): Promise<Map<string, ChunkBits>>;
  /** Puts chats into lists. */
  add(missing: readonly { readonly term: Term; readonly id: number }[]): Promise<void>;
  /** Puts the sort keys of chats into the columns. @returns whether anything had to be written. */
  setSortKeys(chats: readonly Chat[]): Promise<boolean>;
  /** Makes the lists of these terms agree with the chat as it is now, if there is one. */
  settle(id: number, terms: readonly Term[]): Promise<void>;
  /** All chunks of all lists, in parts and in no order. `next`: where to go on; `undefined` at the end. */
  scan(after: unknown): Promise<{ readonly chunks: readonly ListedChunk[]; readonly next: unknown }>;
  readCursor(): Promise<RepairCursor | undefined>;
  /** `undefined`: the next repair begins at the beginning. */
  writeCursor(cursor: RepairCursor | undefined): Promise<void>;
  /** Notes that the lists cover all chats. */
  markComplete(): Promise<void>;
}
