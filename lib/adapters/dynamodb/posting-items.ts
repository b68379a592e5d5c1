import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { chunkOf } from '../../chats/id-set.ts';
import { type Block, type Column, packBlock, unpackBlock } from '../../chats/sort-columns.ts';
import type { Term } from '../../chats/terms.ts';

/** An item of the postings table: one chunk of one posting list, or one block of a column. */
export interface PostingItem {
  readonly group: string;
  /** The word and the number of the chunk. */
  readonly key: string;
  /** As `encodeChunk` writes them; of a column, as `encodeBlock` does. */
  readonly ids: Uint8Array;
}

export type PostingKey = Pick<PostingItem, 'group' | 'key'>;

/** Chunk numbers are at most 2^53 / 4,096: nine digits of base 36. At this length they order as numbers do. */
const CHUNK_DIGITS = 9;
const WORD_END = '\t';

const chunkKey = (chunk: number): string => chunk.toString(36).padStart(CHUNK_DIGITS, '0');

/** What the keys of a word's chunks begin with. */
export const wordPrefix = (word: string): string => `${word}${WORD_END}`;

export const postingKey = ({ group, word }: Term, id: number): PostingKey => ({
  group,
  key: `${wordPrefix(word)}${chunkKey(chunkOf(id))}`,
});

/** Groups of columns begin with it; no group of a term does. */
const COLUMN_MARK = '#';

export const columnGroup = (column: Column): string => `${COLUMN_MARK}${column}`;
export const isColumn = ({ group }: Pick<PostingItem, 'group'>): boolean => group.startsWith(COLUMN_MARK);

export const columnKey = (column: Column, block: number): PostingKey => ({
  group: columnGroup(column),
  key: `${wordPrefix('')}${chunkKey(block)}`,
});

export const encodeBlock = (block: Block): Uint8Array => deflateRawSync(packBlock(block));
export const decodeBlock = (bytes: Uint8Array): Block => unpackBlock(inflateRawSync(bytes).toString());

/** The word and the chunk of a key. */
export function readKey(key: string): { readonly word: string; readonly chunk: number } {
  const end = key.lastIndexOf(WORD_END);
  return { word: key.slice(0, end), chunk: Number.parseInt(key.slice(end + 1), 36) };
}

/** One id to put into the list of a term, or to take out of it. */
export interface PostingChange {
  readonly term: Term;
  readonly id: number;
  readonly present: boolean;
}
