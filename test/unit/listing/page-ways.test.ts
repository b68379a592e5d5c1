import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BLOCK_IDS, packBlock, positionOfValue, unpackBlock } from '../../../lib/chats/sort-columns.ts';
import { nameKey, timeKey } from '../../../lib/chats/sort-keys.ts';
import { columnQueries, expectedWalk, type PageSize, wayTo, wayWithoutWalk } from '../../../lib/listing/page-ways.ts';

const size = (some: Partial<PageSize>): PageSize => ({
  ...{ matches: 1_500, exact: true, listed: 150_000, chats: 150_000, sort: 'name', limit: 100 },
  ...some,
});

describe('the way to a page', () => {
  test.each<[string, Partial<PageSize>]>([
    ['ids', { sort: 'id' }],
    ['ids', { sort: 'id', matches: 3 }],
    ['read', { sort: 'id', matches: 3, exact: false }],
    ['read', { matches: 300 }],
    ['column', { matches: 301 }],
    ['column', {}],
    ['walk', { matches: 20_000 }],
    ['walk', { matches: 1_500, listed: 3_000 }],
    ['walk', { matches: 400, listed: 400 }],
    ['walk', { matches: 100_000, listed: 10_000_000, chats: 10_000_000 }],
    // 101 rows and a margin of a fifth are 121.2 for each match: 1,000 rows are a walk, 1,001 are not.
    ['walk', { matches: 1_212, listed: 10_000 }],
    ['column', { matches: 1_212, listed: 10_001 }],
  ])('is %s for %j', (way, some) => {
    expect(wayTo(size(some))).toBe(way);
  });

  test('is a walk of rows for the page and one more, with a margin', () => {
    expect(expectedWalk(size({ matches: 1_000, listed: 10_000, limit: 9 }))).toBe(120);
    // The number of chats may lag behind the lists.
    expect(expectedWalk(size({ matches: 1_000, listed: 999, limit: 9 }))).toBe(12);
  });

  test('is a column of at most eight parts of 1 MB', () => {
    const most = Math.floor((8 * 1_048_576) / 14);
    expect(wayWithoutWalk(size({ chats: most, matches: 20_000 }))).toBe('column');
    expect(wayWithoutWalk(size({ chats: most + 1, matches: 20_000 }))).toBeUndefined();
    expect(wayWithoutWalk(size({ chats: most + 1, matches: 20_000, sort: 'created_at' }))).toBe('column');
  });

  test('is to read all matches, if these are at most a third of the rows of a walk', () => {
    const page = { sort: 'participants_count', limit: 99, listed: 9_000 } as const;
    expect(expectedWalk(size({ ...page, matches: 600 }))).toBe(1_800);
    expect(wayWithoutWalk(size({ ...page, matches: 600 }))).toBe('read');
    expect(wayWithoutWalk(size({ ...page, matches: 601 }))).toBeUndefined();
  });

  test('if a walk stops, is the column, or at ten million chats the cheaper way', () => {
    expect(wayWithoutWalk(size({ matches: 20_000 }))).toBe('column');
    const many = { listed: 10_000_000, chats: 10_000_000 };
    expect(wayWithoutWalk(size({ ...many, matches: 1_000 }))).toBe('read');
    expect(wayWithoutWalk(size({ ...many, matches: 100_000 }))).toBeUndefined();
  });

  test('costs at most 12 requests at 150,000 chats, whatever the number of matches, except by count', () => {
    for (let matches = 1; matches <= 150_000; matches += matches < 2_000 ? 1 : 977) {
      for (const sort of ['id', 'name', 'created_at', 'updated_at'] as const) {
        const page = size({ matches, sort });
        const way = wayTo(page);
        const rows = Math.ceil((page.limit + 1) / 100);
        const column = sort === 'id' ? 0 : columnQueries(page, sort);
        // Of a walk one Query, and where that was not enough, the column.
        const requests = { ids: rows, read: Math.ceil(matches / 100), column: column + rows, walk: 1 + column + rows };
        // Five lists, the list of the source, the owner of a MAX id and the number of chats come before.
        expect(requests[way]).toBeLessThanOrEqual(12 - 6);
        if (way === 'walk') expect(expectedWalk(page)).toBeLessThanOrEqual(1_000);
      }
    }
  });

  test('by count is a longer walk, or all matches are read, whichever costs less', () => {
    expect(wayTo(size({ sort: 'participants_count', matches: 1_000 }))).toBe('read');
    expect(wayTo(size({ sort: 'participants_count', matches: 4_000 }))).toBe('walk');
    expect(wayWithoutWalk(size({ sort: 'participants_count', matches: 4_000 }))).toBeUndefined();
  });
});

describe('a block of a column', () => {
  const value = fc.oneof(
    fc.constant(undefined),
    fc.nat(5_000),
    fc.integer({ min: 0, max: Date.UTC(2040, 0) }),
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom('0', '[0]', 'null'),
  );

  test('is read back unchanged', () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: BLOCK_IDS }), (block) => {
        const full = Array.from({ length: BLOCK_IDS }, (_, i) => block[i]);
        expect(unpackBlock(packBlock(block))).toEqual(full);
      }),
    );
  });

  test('has the same positions as the listing', () => {
    const time = '2026-11-25T11:42:07.512Z';
    expect(positionOfValue('name', 'ивт 21', 7)).toEqual({ key: nameKey('ИВТ 21', 7), id: 7 });
    expect(positionOfValue('updated_at', Date.parse(time), 7)).toEqual({ key: timeKey(time, 7), id: 7 });
  });
});
