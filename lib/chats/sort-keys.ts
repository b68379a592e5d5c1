import type { Chat, StoredCount } from './chat.ts';
import { normalize } from './search.ts';

/**
 * Sort keys: what a listing is ordered by, as one value that ends in the chat's id, so that no two rows are equal. Text keys
 * order by their UTF-8 bytes, as DynamoDB orders; `compareKeys` orders the same way in memory.
 */

export const SORTS = ['id', 'name', 'participants_count', 'created_at', 'updated_at'] as const;
export type Sort = (typeof SORTS)[number];
export type Order = 'asc' | 'desc';

/** A place in a listing: the sort key of a row and, as the tie-breaker, its chat's id. */
export interface Position {
  readonly key: string | number;
  readonly id: number;
}

/** The longest range key DynamoDB takes, in bytes of UTF-8. */
const MAX_KEY_BYTES = 1_024;

/** Safe integers have at most 16 digits: padded, they order as numbers do. */
const padded = (n: number): string => String(n).padStart(16, '0');

/** A tab ends the name in its key: below everything that can be in it, so that `а` comes before `аа`, whatever their ids. */
const NAME_END = '\t';

/** Room for text in a key that ends in a separator and a padded number. */
const MAX_KEY_TEXT_BYTES = MAX_KEY_BYTES - 1 - 16;

/** The longest beginning of `text` that has at most `maxBytes` bytes of UTF-8 and cuts no character. */
export function cutToBytes(text: string, maxBytes: number): string {
  if (text.length * 3 <= maxBytes) return text;
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(maxBytes));
  return text.slice(0, read);
}

/** The text that a name is sorted by. Names longer than the key holds order by their beginning, then by id. */
export function nameText(name: string): string {
  const text = normalize(name)
    .toWellFormed()
    .replaceAll(/\p{Cc}+/gu, ' ');
  return cutToBytes(text, MAX_KEY_TEXT_BYTES);
}

/** @param text as `nameText` returns it. */
export const nameTextKey = (text: string, id: number): string => `${text}${NAME_END}${padded(id)}`;

export const nameKey = (name: string, id: number): string => nameTextKey(nameText(name), id);

/** A count never read comes before 0. */
export const countKey = (count: number | null, id: number): string =>
  `${padded(count === null ? 0 : count + 1)}#${padded(id)}`;

/** @param time RFC 3339, UTC, milliseconds: of one length, so that its text orders as time does. */
export const timeKey = (time: string, id: number): string => `${time}#${padded(id)}`;

/** Where a chat stands in a listing. */
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

/** Orders positions of one sort. @returns below, at or above 0, as `Array.prototype.sort` wants it. */
export function comparePositions(order: Order): (a: Position, b: Position) => number {
  const sign = order === 'asc' ? 1 : -1;
  return (a, b) => sign * compareKeys(a.key, b.key);
}

/** Orders keys of one sort as DynamoDB does: numbers by value, text by the bytes of its UTF-8. */
function compareKeys(a: string | number, b: string | number): number {
  if (typeof a === 'number' || typeof b === 'number') return Number(a) - Number(b);
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = byteRank(a.charCodeAt(i)) - byteRank(b.charCodeAt(i));
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** UTF-16 puts surrogates (all of U+10000 and above) before U+E000 to U+FFFF, UTF-8 behind: the two ranges change places. */
function byteRank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
