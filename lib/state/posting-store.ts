import type { Chat } from '../chats/chat.ts';
import type { ChunkBits, IdSet } from '../chats/id-set.ts';
import type { Column } from '../chats/sort-columns.ts';
import type { Position } from '../chats/sort-keys.ts';
import type { Term, TermField, TermQuery } from '../chats/terms.ts';

/**
 * Posting lists: for each term, the ids of the chats that have it. The store of chats maintains them. An id is added to a list
 * before its chat is written, and removed after. So an interrupted write leaves an additional id, but never loses one.
 */
export interface PostingStore {
  /** Returns whether the lists cover all chats. False only for tables from a version without posting lists. */
  isComplete(): Promise<boolean>;
  /**
   * Reads lists in parallel, and stops early when one of them is complete and short. The other lists could only remove ids from
   * it, and the caller checks these.
   * @returns the ids of each query; `undefined` for lists that were not completely read.
   */
  read(queries: readonly TermQuery[], options?: ReadOptions): Promise<(IdSet | undefined)[]>;
  /** Returns the positions of these chats in a listing, in any order, without chats whose position is not known. */
  positions(column: Column, ids: IdSet): Promise<Position[]>;
  /** Returns all values of a field, with the ids of their chats. */
  values(field: TermField): Promise<Map<string, IdSet>>;
}

export interface ReadOptions {
  /** A complete list with at most this many ids ends the reading. */
  readonly enough: number;
  /** Indexes of lists that are always read completely and never stop the reading. */
  readonly required: ReadonlySet<number>;
}

/** The cursor of a repair of the lists. */
export interface RepairCursor {
  /** `chats`: compares all chats with their lists. `lists`, after it: compares all chunks of the lists with their chats. */
  readonly phase: 'chats' | 'lists';
  /** In the first phase: the repair continues after this id. */
  readonly afterId: number;
  /** In the second phase: the cursor that `scan` returned. */
  readonly afterChunk: unknown;
}

/** A stored chunk of a list. */
export interface ListedChunk {
  readonly term: Term;
  readonly chunk: number;
  readonly bits: ChunkBits;
}

/** The store for a repair of the posting lists. */
export interface PostingRepairStore {
  /** Returns the stored bits of one chunk of these lists, by `termKey`, without empty chunks. */
  readChunks(terms: readonly Term[], chunk: number): Promise<Map<string, ChunkBits>>;
  /**
   * Adds chats to the lists in which they are missing, and writes the sort keys of all these chats. If a chat has changed since it
   * was read, its present version counts.
   */
  correct(chats: readonly Chat[], missing: readonly { readonly term: Term; readonly id: number }[]): Promise<void>;
  /** Corrects the lists of these terms for the present chat, which may be deleted. */
  settle(id: number, terms: readonly Term[]): Promise<void>;
  /** Returns chunks of all lists, in parts and in any order. `next`: the cursor of the next part; `undefined` at the end. */
  scan(after: unknown): Promise<{ readonly chunks: readonly ListedChunk[]; readonly next: unknown }>;
  readCursor(): Promise<RepairCursor | undefined>;
  /** Stores the cursor. With `undefined`, the next repair starts at the beginning. */
  writeCursor(cursor: RepairCursor | undefined): Promise<void>;
  /** Records that the lists cover all chats. */
  markComplete(): Promise<void>;
}
