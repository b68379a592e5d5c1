import type { Chat } from './chat.ts';
import { nameText, nameTextKey, type Position, type Sort, timeKey } from './sort-keys.ts';

/**
 * Columns of sort keys: what a listing is sorted by, for all chats, in blocks of consecutive ids. Of many chats that match a
 * query they say which come first, without reading the chats or the listing. A listing by id needs none. Counts have none
 * either: they change far more often than what people write, and workers that read neighbouring chats would collide at it.
 */

export const COLUMNS = ['name', 'created_at', 'updated_at'] as const satisfies readonly Sort[];
export type Column = (typeof COLUMNS)[number];

/** Ids in a block of a column. */
export const BLOCK_IDS = 256;

export const blockOf = (id: number): number => Math.floor(id / BLOCK_IDS);

/** What a column holds of a chat: the text of its name's key, or Unix ms. */
export type ColumnValue = string | number;

/** The values of a block by the place of their id in it; `undefined`: there is no such chat. */
export type Block = (ColumnValue | undefined)[];

export function columnValue(column: Column, chat: Chat): ColumnValue {
  switch (column) {
    case 'name':
      return nameText(chat.name);
    case 'created_at':
      return Date.parse(chat.createdAt);
    case 'updated_at':
      return Date.parse(chat.updatedAt);
  }
}

/** Where a chat with this value stands in the listing. */
export function positionOfValue(column: Column, value: ColumnValue, id: number): Position {
  if (column === 'name') return { key: nameTextKey(String(value), id), id };
  return { key: timeKey(new Date(Number(value)).toISOString(), id), id };
}

/**
 * A block as JSON with numbers as differences, so that what repeats compresses well: 0 stands for no chat, and a value is
 * wrapped where it could be taken for that.
 */
export function packBlock(block: Block): string {
  let previous = 0;
  const packed = Array.from({ length: BLOCK_IDS }, (_, i) => {
    const value = block[i];
    if (value === undefined) return 0;
    if (typeof value !== 'number') return value;
    const difference = value - previous;
    previous = value;
    return [difference];
  });
  return JSON.stringify(packed);
}

export function unpackBlock(text: string): Block {
  let previous = 0;
  return (JSON.parse(text) as (string | 0 | [number])[]).map((packed) => {
    if (packed === 0) return undefined;
    if (!Array.isArray(packed)) return packed;
    previous += packed[0];
    return previous;
  });
}
