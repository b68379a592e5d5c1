import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { chunkOf } from '../../chats/id-set.ts';
import { type Block, type Column, packBlock, unpackBlock } from '../../chats/sort-columns.ts';
import type { Term } from '../../chats/terms.ts';

/** An item of the postings table: one chunk of one posting list, or one block of a column. */
export interface PostingItem {
  readonly group: string;
  /** The word and the number of the chunk. */
  readonly key: string;
  /** The result of `encodeChunk`; for a column, of `encodeBlock`. */
  readonly ids: Uint8Array;
}

export type PostingKey = Pick<PostingItem, 'group' | 'key'>;

/** Formats a chunk number as nine digits of base 36 (the largest is 2^53 / 4,096), so that the text order is the numeric order. */
const CHUNK_DIGITS = 9;
const WORD_END = '\t';

const chunkKey = (chunk: number): string => chunk.toString(36).padStart(CHUNK_DIGITS, '0');

/** Returns the prefix of the keys of a word's chunks. */
export const wordPrefix = (word: string): string => `${word}${WORD_END}`;

export const postingKey = ({ group, word }: Term, id: number): PostingKey => ({
  group,
  key: `${wordPrefix(word)}${chunkKey(chunkOf(id))}`,
});

/** The prefix of groups of columns. Groups of terms never have it. */
const COLUMN_MARK = '#';

export const columnGroup = (column: Column): string => `${COLUMN_MARK}${column}`;
export const isColumn = ({ group }: Pick<PostingItem, 'group'>): boolean => group.startsWith(COLUMN_MARK);

export const columnKey = (column: Column, block: number): PostingKey => ({
  group: columnGroup(column),
  key: `${wordPrefix('')}${chunkKey(block)}`,
});

export const encodeBlock = (block: Block): Uint8Array => deflateRawSync(packBlock(block));
export const decodeBlock = (bytes: Uint8Array): Block => unpackBlock(inflateRawSync(bytes).toString());

/** Returns the word and the chunk of a key. */
export function readKey(key: string): { readonly word: string; readonly chunk: number } {
  const end = key.lastIndexOf(WORD_END);
  return { word: key.slice(0, end), chunk: Number.parseInt(key.slice(end + 1), 36) };
}

/** An id to add to the list of a term, or to remove from it. */
export interface PostingChange {
  readonly term: Term;
  readonly id: number;
  readonly present: boolean;
}
