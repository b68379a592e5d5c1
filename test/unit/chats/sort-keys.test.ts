import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { newChat } from '../../../lib/chats/change.ts';
import {
  BLOCK_IDS,
  blockOf,
  COLUMNS,
  columnValue,
  packBlock,
  positionOfValue,
} from '../../../lib/chats/sort-columns.ts';
import {
  comparePositions,
  countKey,
  cutToBytes,
  nameKey,
  nameText,
  type Position,
  positionOf,
  type Sort,
  timeKey,
} from '../../../lib/chats/sort-keys.ts';
import { fields, T0 } from '../../support/stores.ts';

const CREATED = '2026-01-02T03:04:05.678Z';
const UPDATED = '2026-02-03T04:05:06.789Z';
const chat = newChat(42, { ...fields({ name: 'Ёлка' }), createdAt: CREATED, updatedAt: UPDATED }, T0);
const bytes = (text: string) => Buffer.byteLength(text);

describe('a key', () => {
  test.each<[Sort, Position['key']]>([
    ['id', 42],
    ['name', 'елка\t0000000000000042'],
    ['participants_count', '0000000000000008#0000000000000042'],
    ['created_at', `${CREATED}#0000000000000042`],
    ['updated_at', `${UPDATED}#0000000000000042`],
  ])('by %s is %j', (sort, key) => {
    expect(positionOf(sort, chat, 7)).toEqual({ key, id: 42 });
  });

  test('of a count that was never read precedes that of 0', () => {
    expect(countKey(null, 1)).toBe('0000000000000000#0000000000000001');
    expect(countKey(0, 1)).toBe('0000000000000001#0000000000000001');
  });

  test.each<[string, string]>([
    ['Группа', 'группа'],
    ['а\tб\u0000\u0085в', 'а б в'],
    ['а\ud800', 'а\ufffd'],
    ['Ⅳ Ё', 'iv е'],
  ])('of the name %j begins with %j', (name, text) => {
    expect(nameText(name)).toBe(text);
    expect(nameKey(name, 5)).toBe(`${text}\t0000000000000005`);
  });

  test('of a long name has at most 1,024 bytes, without half characters', () => {
    // 1,007 bytes for the name: 503 letters of 2 bytes, 335 of 3, 251 of 4.
    expect(nameText('ж'.repeat(600))).toBe('ж'.repeat(503));
    expect(nameText('日'.repeat(600))).toBe('日'.repeat(335));
    expect(nameText('\u{20000}'.repeat(600))).toBe('\u{20000}'.repeat(251));
    expect(nameText('a'.repeat(1_007))).toHaveLength(1_007);
    expect(nameText('a'.repeat(1_008))).toHaveLength(1_007);
    expect(bytes(nameKey('a'.repeat(2_000), Number.MAX_SAFE_INTEGER))).toBe(1_024);
  });

  test.each<[string, number, string]>([
    ['', 0, ''],
    ['abc', 3, 'abc'],
    ['abc', 2, 'ab'],
    ['жжж', 5, 'жж'],
    ['日日', 6, '日日'],
    ['日日', 5, '日'],
    ['😀a', 4, '😀'],
    ['😀a', 3, ''],
  ])('%j cut to %i bytes is %j', (text, max, expected) => {
    expect(cutToBytes(text, max)).toBe(expected);
  });
});

describe('the order of positions', () => {
  const text = fc.oneof(
    fc.string({ unit: fc.constantFrom('a', 'b', '\t', 'я', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '\u{10ffff}') }),
    fc.string({ unit: 'grapheme' }),
  );
  const sign = (n: number) => Math.sign(n) + 0;
  const at = (key: string | number): Position => ({ key, id: 1 });

  test('is that of UTF-8 bytes, as in DynamoDB', () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        const expected = sign(Buffer.compare(Buffer.from(a), Buffer.from(b)));
        expect(sign(comparePositions('asc')(at(a), at(b)))).toBe(expected);
        expect(sign(comparePositions('desc')(at(a), at(b)))).toBe(sign(-expected));
      }),
    );
  });

  test('of characters above U+FFFF is behind all others, of which some have a larger UTF-16 unit', () => {
    const keys = ['\ud7ff', '\ue000', '\uffff', '\u{10000}', '\u{10ffff}'];
    for (const [i, a] of keys.entries()) {
      for (const [j, b] of keys.entries()) expect(sign(comparePositions('asc')(at(a), at(b)))).toBe(sign(i - j));
    }
  });

  test('of ids is numeric', () => {
    expect(
      [10, 9, 100]
        .map(at)
        .sort(comparePositions('asc'))
        .map(({ key }) => key),
    ).toEqual([9, 10, 100]);
    expect(
      [10, 9, 100]
        .map(at)
        .sort(comparePositions('desc'))
        .map(({ key }) => key),
    ).toEqual([100, 10, 9]);
  });

  test('puts a shorter name before those that it begins', () => {
    expect(comparePositions('asc')(at(nameKey('а', 9)), at(nameKey('аа', 1)))).toBeLessThan(0);
  });
});

describe('a column', () => {
  test.each([
    ['name', 'елка'],
    ['created_at', Date.parse(CREATED)],
    ['updated_at', Date.parse(UPDATED)],
  ] as const)('of %s has a value from which the position of the chat is made', (column, value) => {
    expect(columnValue(column, chat)).toBe(value);
    expect(positionOfValue(column, value, 42)).toEqual(positionOf(column, chat, null));
  });

  test('exists for sorts by what people write', () => {
    expect(COLUMNS).toEqual(['name', 'created_at', 'updated_at']);
  });

  test('has blocks of 256 ids', () => {
    expect([0, 255, 256, 511, 512].map(blockOf)).toEqual([0, 0, 1, 1, 2]);
  });

  test('is stored as texts, and differences of times', () => {
    const packed = (some: Parameters<typeof packBlock>[0]) => JSON.parse(packBlock(some)) as unknown[];
    expect(packed([undefined, 'а', 1_000, undefined, 1_005, 1_002]).slice(0, 7)).toEqual([
      0,
      'а',
      [1_000],
      0,
      [5],
      [-3],
      0,
    ]);
    expect(packed([])).toEqual(Array(BLOCK_IDS).fill(0));
  });

  test('has the time of the listing', () => {
    expect(timeKey(CREATED, 1)).toBe(positionOfValue('created_at', Date.parse(CREATED), 1).key);
  });
});
