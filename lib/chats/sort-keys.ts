import type { Chat, StoredCount } from './chat.ts';
import { normalize } from './search.ts';

/**
 * Sort keys of listings. Each ends with the chat's id, so that no two keys are equal. DynamoDB orders text keys by their UTF-8
 * bytes; `compareKeys` gives the same order in memory.
 */

export const SORTS = ['id', 'name', 'participants_count', 'created_at', 'updated_at'] as const;
export type Sort = (typeof SORTS)[number];
export type Order = 'asc' | 'desc';

/** A position in a listing: the sort key of a row and, as the tie-breaker, its chat's id. */
export interface Position {
  readonly key: string | number;
  readonly id: number;
}

/** Longest range key in DynamoDB, in bytes of UTF-8. */
const MAX_KEY_BYTES = 1_024;

/** Pads a safe integer to 16 digits, so that its text order is its numeric order. */
const padded = (n: number): string => String(n).padStart(16, '0');

/** The separator after a name in its key. A tab is below all characters of names, so `а` precedes `аа` for any ids. */
const NAME_END = '\t';

/** Longest text in a key with a separator and a padded number, in bytes. */
const MAX_KEY_TEXT_BYTES = MAX_KEY_BYTES - 1 - 16;

/** Returns the longest prefix of `text` with at most `maxBytes` bytes of UTF-8, without cutting a character. */
export function cutToBytes(text: string, maxBytes: number): string {
  if (text.length * 3 <= maxBytes) return text;
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(maxBytes));
  return text.slice(0, read);
}

/** Returns the text by which a name is sorted. Names that are too long for a key are sorted by their prefix, then by id. */
export function nameText(name: string): string {
  const text = normalize(name)
    .toWellFormed()
    .replaceAll(/\p{Cc}+/gu, ' ');
  return cutToBytes(text, MAX_KEY_TEXT_BYTES);
}

/** @param text the result of `nameText`. */
export const nameTextKey = (text: string, id: number): string => `${text}${NAME_END}${padded(id)}`;

export const nameKey = (name: string, id: number): string => nameTextKey(nameText(name), id);

/** Returns the key of a count. A count that was never read precedes 0. */
export const countKey = (count: number | null, id: number): string =>
  `${padded(count === null ? 0 : count + 1)}#${padded(id)}`;

/**
 * Returns the key of a time.
 * @param time RFC 3339, UTC, milliseconds: of fixed length, so that its text order is its time order.
 */
export const timeKey = (time: string, id: number): string => `${time}#${padded(id)}`;

/** Returns the position of a chat in a listing. */
export function positionOf(sort: Sort, chat: Chat, count: StoredCount['participantsCount']): Position {
  return { key: keyOf(sort, chat, count), id: chat.id };
}

function keyOf(sort: Sort, chat: Chat, count: StoredCount['participantsCount']): string | number {
  switch (sort) {
    case 'id':
      return chat.id;
    case 'name':
      return nameKey(chat.name, chat.id);
    case 'participants_count':
      return countKey(count, chat.id);
    case 'created_at':
      return timeKey(chat.createdAt, chat.id);
    case 'updated_at':
      return timeKey(chat.updatedAt, chat.id);
  }
}

/** Returns a comparison of positions of one sort, for `Array.prototype.sort`. */
export function comparePositions(order: Order): (a: Position, b: Position) => number {
  const sign = order === 'asc' ? 1 : -1;
  return (a, b) => sign * compareKeys(a.key, b.key);
}

/** Compares keys of one sort like DynamoDB: numbers by value, text by its UTF-8 bytes. */
function compareKeys(a: string | number, b: string | number): number {
  if (typeof a === 'number' || typeof b === 'number') return Number(a) - Number(b);
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = byteRank(a.charCodeAt(i)) - byteRank(b.charCodeAt(i));
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/**
 * Returns the rank of a UTF-16 unit in UTF-8 order. UTF-16 has surrogates (U+10000 and above) before U+E000 to U+FFFF, UTF-8
 * after.
 */
function byteRank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
