import type { Chat } from './chat.ts';
import { nameText, nameTextKey, type Position, type Sort, timeKey } from './sort-keys.ts';

/**
 * Columns of sort keys. A column has the sort values of all chats, in blocks of consecutive ids. It gives the order of many chats
 * that match a query, without reading the chats or the listing. A listing by id needs no column. Counts have none either: they
 * change far more often than what people write, and workers that read neighbouring chats would collide at it.
 */

export const COLUMNS = ['name', 'created_at', 'updated_at'] as const satisfies readonly Sort[];
export type Column = (typeof COLUMNS)[number];

/** Number of ids in a block of a column. */
export const BLOCK_IDS = 256;

export const blockOf = (id: number): number => Math.floor(id / BLOCK_IDS);

/** The value of a chat in a column: the text of its name key, or Unix ms. */
export type ColumnValue = string | number;

/** The values of a block, by the position of the id in the block; `undefined`: there is no such chat. */
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

/** Returns the position in the listing of a chat with this value. */
export function positionOfValue(column: Column, value: ColumnValue, id: number): Position {
  if (column === 'name') return { key: nameTextKey(String(value), id), id };
  return { key: timeKey(new Date(Number(value)).toISOString(), id), id };
}

/**
 * Encodes a block as JSON. Numbers are stored as differences, which compress well. 0 means that there is no chat, so differences
 * are wrapped in an array.
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
