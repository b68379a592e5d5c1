import { beforeEach, describe, expect, test } from 'vitest';
import type { Scope } from '../../../lib/chats/chat.ts';
import { IdSet } from '../../../lib/chats/id-set.ts';
import type { Position } from '../../../lib/chats/sort-keys.ts';
import { createFindChats, type FindChats, type FindRequest } from '../../../lib/listing/find-chats.ts';
import type { Listing } from '../../../lib/state/chat-store.ts';
import type { PostingStore } from '../../../lib/state/posting-store.ts';
import { created, idsOf, line, openMemory, query, type Stores, T0 } from '../../support/stores.ts';

type FindDeps = Parameters<typeof createFindChats>[0];

/** Matches all chats of these tests without a MAX id. */
const UNLINKED = query({ statuses: ['unlinked'] });

const request = (some: Partial<FindRequest> = {}): FindRequest => ({
  ...{ query: UNLINKED, sort: 'id', order: 'asc', limit: 3, after: undefined },
  ...some,
});

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

let stores: Stores;

/** A search, and what it has read. */
interface Watched {
  readonly find: FindChats;
  readonly walks: Omit<Listing, 'scope'>[];
  readonly reads: (readonly number[])[];
  readonly columns: string[];
  readonly totals: Scope[];
}

interface Simulated extends Partial<PostingStore> {
  readonly walk?: FindDeps['chatStore']['walk'];
  /** The number of chats, instead of the real one. */
  readonly total?: (scope: Scope) => number;
}

function watched({ walk = stores.chats.walk, total, ...postings }: Simulated = {}): Watched {
  const seen = { walks: [], reads: [], columns: [], totals: [] } as Omit<Watched, 'find'>;
  const find = createFindChats({
    chatStore: {
      ...stores.chats,
      async walk(listing) {
        seen.walks.push(listing);
        return walk(listing);
      },
      async getMany(ids) {
        seen.reads.push(ids);
        return stores.chats.getMany(ids);
      },
      async total(scope) {
        seen.totals.push(scope);
        return total ? total(scope) : stores.chats.total(scope);
      },
    },
    postings: {
      ...stores.postings,
      ...postings,
      async positions(column, ids) {
        seen.columns.push(column);
        return (postings.positions ?? stores.postings.positions)(column, ids);
      },
    },
  });
  return { find, ...seen };
}

/** Lists of these ids, for every term. */
const listing = (ids: Iterable<number>): Pick<PostingStore, 'read'> => ({
  read: async (queries) => queries.map(() => IdSet.of(ids)),
});

const limitsOf = ({ walks }: Watched) => walks.map(({ limit }) => limit);

describe('without conditions', () => {
  beforeEach(async () => {
    stores = await openMemory();
    for (const universityId of [1, 2, 1, 1]) await created(stores.chats, { universityId });
  });

  test.each([
    ['all', [1, 2], 4],
    [{ universityId: 1 }, [1, 3], 3],
  ] as const)('a page is that of the listing, with the number of chats in the scope %j', async (scope, ids, total) => {
    const { find, reads } = watched({ read: () => Promise.reject(new Error('reads no lists')) });
    const page = await find(request({ query: query({ scope }), limit: 2 }));
    expect(idsOf(page.rows)).toEqual(ids);
    expect(page).toMatchObject({ total, next: { id: ids[1] } });
    expect(reads).toEqual([]);
  });
});

describe('by id', () => {
  beforeEach(async () => {
    stores = await openMemory();
    for (let id = 1; id <= 6; id++) await created(stores.chats);
  });

  test('only the rows of a page are read, and one more that says whether there is a next page', async () => {
    const { find, reads } = watched();
    const first = await find(request());
    expect(idsOf(first.rows)).toEqual([1, 2, 3]);
    expect(first).toMatchObject({ total: 6, next: { key: 3, id: 3 } });
    const last = await find(request({ after: first.next }));
    expect(idsOf(last.rows)).toEqual([4, 5, 6]);
    expect(last).toMatchObject({ total: 6, next: undefined });
    expect(reads).toEqual([
      [1, 2, 3, 4],
      [4, 5, 6],
    ]);
  });

  test('a page in descending order continues below its cursor', async () => {
    const { find } = watched();
    const first = await find(request({ order: 'desc' }));
    expect(idsOf(first.rows)).toEqual([6, 5, 4]);
    expect(idsOf((await find(request({ order: 'desc', after: first.next }))).rows)).toEqual([3, 2, 1]);
  });

  test('wrong ids in a list are left out, and as many rows more are read', async () => {
    await stores.chats.update(2, { maxChatId: '-2' }, T0);
    const { find, reads } = watched(listing(range(1, 6)));
    const page = await find(request());
    expect(idsOf(page.rows)).toEqual([1, 3, 4]);
    expect(page.next).toEqual({ key: 4, id: 4 });
    expect(reads).toEqual([[1, 2, 3, 4], [5]]);
  });

  test('a page ends with the list, even if all its ids are wrong', async () => {
    const { find } = watched(listing([100, 101, 102, 103, 104]));
    expect(await find(request())).toEqual({ rows: [], next: undefined, total: 5 });
  });

  test.each(['id', 'name'] as const)('nothing is read if no chat matches, sorted by %s', async (sort) => {
    const { find, reads, walks } = watched();
    const page = await find(request({ query: query({ source: 'crm' }), sort }));
    expect(page).toEqual({ rows: [], next: undefined, total: 0 });
    expect([reads, walks]).toEqual([[], []]);
  });
});

describe('few matches', () => {
  beforeEach(async () => {
    stores = await openMemory();
    for (const name of ['д', 'в', 'б', 'а', 'е']) await created(stores.chats, { name });
  });

  test('are all read and sorted, and only those that match are in the total', async () => {
    await stores.chats.update(3, { maxChatId: '-3' }, T0);
    const { find, reads, walks } = watched(listing([1, 2, 3, 4, 5, 77]));
    const first = await find(request({ sort: 'name', limit: 2 }));
    expect(idsOf(first.rows)).toEqual([4, 2]);
    expect(first).toMatchObject({ total: 4, next: { id: 2 } });
    const last = await find(request({ sort: 'name', limit: 2, after: first.next }));
    expect(idsOf(last.rows)).toEqual([1, 5]);
    expect(last).toMatchObject({ total: 4, next: undefined });
    expect(reads).toEqual([
      [1, 2, 3, 4, 5, 77],
      [1, 2, 3, 4, 5, 77],
    ]);
    expect(walks).toEqual([]);
  });

  test('of a search that was not completely read are checked, even by id', async () => {
    const read = async () => [undefined, IdSet.of([1, 2]), new IdSet()];
    const page = await watched({ read }).find(request({ query: query({ search: 'екан д' }) }));
    expect(page).toEqual({ rows: [], next: undefined, total: 0 });
  });

  test.each(['name', 'participants_count'] as const)(
    'sorted by %s have counts only if they are sorted by them',
    async (sort) => {
      await stores.chats.importMany([line('-6', { name: 'ж', participantsCount: 7 })], T0);
      const page = await watched().find(request({ query: query({ search: 'ж' }), sort }));
      const count = sort === 'name' ? undefined : { participantsCount: 7, readAt: null };
      expect(page.rows.map((row) => row.count)).toEqual([count]);
    },
  );
});

describe('many matches', () => {
  const MATCHES = 310;
  /** Numbers of all chats that make each way the best one. */
  const TOTALS = { walk: MATCHES, column: 150_000, read: 10_000_000 } as const;
  const WAYS = ['walk', 'column', 'read'] as const;
  /** The order of names is not that of the ids. */
  const nameOf = (id: number) => `Чат ${String((id * 7) % 311).padStart(3, '0')}`;
  const byName = range(1, MATCHES).sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));

  beforeEach(async () => {
    stores = await openMemory();
    for (const id of range(1, MATCHES)) await created(stores.chats, { name: nameOf(id), universityId: 1 }, T0 + id);
  });

  test.each(WAYS)('are found in order by the way "%s", page by page', async (way) => {
    for (const [order, ids] of [
      ['asc', byName],
      ['desc', byName.toReversed()],
    ] as const) {
      const search = watched({ total: () => TOTALS[way] });
      const found: number[] = [];
      let after: Position | undefined;
      do {
        const page = await search.find(request({ sort: 'name', order, limit: 100, after }));
        expect(page.total).toBe(MATCHES);
        found.push(...idsOf(page.rows));
        after = page.next;
      } while (after);
      expect(found).toEqual(ids);
      expect(search.columns.length > 0).toBe(way === 'column');
      expect(search.walks.length > 0).toBe(way === 'walk');
    }
  });

  test('have the same cursors in all ways, so that a page may be found by another way than the one before', async () => {
    const nexts = await Promise.all(
      WAYS.map(async (way) => (await watched({ total: () => TOTALS[way] }).find(request({ sort: 'name' }))).next),
    );
    expect(nexts).toEqual(Array(3).fill({ key: expect.any(String), id: byName[2] }));
  });

  test.each(WAYS)('by the way "%s" need no more rows than the page has, except for "read"', async (way) => {
    const { find, reads } = watched({ total: () => TOTALS[way] });
    await find(request({ sort: 'name' }));
    expect(reads).toEqual([way === 'read' ? range(1, MATCHES) : byName.slice(0, 4)]);
  });

  describe('in a walk', () => {
    interface Row {
      readonly wrong: readonly number[];
      readonly ids: readonly number[];
      readonly read: readonly number[];
      readonly walks: readonly number[];
    }

    test('are looked for in a few rows of the listing, with a margin', async () => {
      const search = watched();
      await search.find(request({ sort: 'updated_at', order: 'desc' }));
      expect(search.walks).toEqual([{ scope: 'all', sort: 'updated_at', order: 'desc', limit: 5, after: undefined }]);
      expect(search.reads).toEqual([[310, 309, 308, 307]]);
      expect(search.totals).toEqual(['all']);
    });

    test('are looked for in twice as many rows each time, behind the rows before', async () => {
      // The matches come last: one row in two of the listing is one, but none of the first 310.
      const ids = range(1_001, 1_310);
      const rest = range(691, 1_310).map((id) => ({ key: id, id }));
      const search = watched({
        ...listing(ids),
        total: () => 2 * MATCHES,
        walk: async ({ limit, after }) => {
          const behind = rest.filter(({ id }) => id > (after?.id ?? 0));
          const positions = behind.slice(0, limit);
          return { positions, next: behind.length > limit ? positions.at(-1) : undefined };
        },
      });
      await search.find(request({ sort: 'participants_count' }));
      expect(limitsOf(search)).toEqual([10, 20, 40, 80, 160, 320]);
      expect(search.walks.slice(0, 3).map(({ after }) => after?.id)).toEqual([undefined, 700, 720]);
      expect(search.reads[0]).toEqual([1_001, 1_002, 1_003, 1_004]);
    });

    test('are looked for in at most 5,000 rows at once', async () => {
      let walks = 0;
      const search = watched({
        ...listing(range(1, 4_000)),
        total: () => 150_000,
        walk: async () => ({ positions: [], next: ++walks < 8 ? { key: walks, id: walks } : undefined }),
      });
      const page = await search.find(request({ sort: 'participants_count' }));
      expect(page).toEqual({ rows: [], next: undefined, total: 4_000 });
      expect(limitsOf(search)).toEqual([180, 360, 720, 1_440, 2_880, 5_000, 5_000, 5_000]);
    });

    test.each<[string, Row]>([
      ['1 by one that it has passed', { wrong: [308], ids: [310, 309, 307], read: [306], walks: [5] }],
      ['2 by others behind these', { wrong: [310, 308], ids: [309, 307, 306], read: [306, 305], walks: [5, 10] }],
    ])('that are wrong are replaced, %s', async (_, { wrong, ids, read, walks }) => {
      for (const id of wrong) await stores.chats.update(id, { maxChatId: `-${id}` }, T0);
      const search = watched(listing(range(1, MATCHES)));
      const page = await search.find(request({ sort: 'created_at', order: 'desc' }));
      expect(idsOf(page.rows)).toEqual(ids);
      expect(page.next?.id).toBe(ids[2]);
      expect(search.reads).toEqual([[310, 309, 308, 307], read]);
      expect(limitsOf(search)).toEqual(walks);
    });

    test('are not looked for any more when the page has its rows', async () => {
      const search = watched(listing(range(1, MATCHES).filter((id) => id !== 308)));
      const page = await search.find(request({ sort: 'created_at', order: 'desc' }));
      expect(idsOf(page.rows)).toEqual([310, 309, 307]);
      expect(search.reads).toEqual([[310, 309, 307, 306]]);
      expect(limitsOf(search)).toEqual([5]);
    });

    /** Walks over 500 rows of others each time. */
    const others = (): Simulated => {
      let walks = 0;
      return {
        total: () => MATCHES,
        walk: async (listing) => {
          walks += 1;
          if (walks > 3) return stores.chats.walk({ ...listing, after: undefined });
          return { positions: range(1_001, 1_500).map((id) => ({ key: '', id })), next: { key: '', id: walks } };
        },
      };
    };

    test('that has passed 1,000 rows are taken from the column instead', async () => {
      const search = watched(others());
      const page = await search.find(request({ sort: 'name' }));
      expect(idsOf(page.rows)).toEqual(byName.slice(0, 3));
      expect(search.walks).toHaveLength(2);
      expect(search.columns).toEqual(['name']);
    });

    test('that has no other way are looked for as long as it takes', async () => {
      const search = watched(others());
      const page = await search.find(request({ sort: 'participants_count' }));
      expect(idsOf(page.rows)).toEqual([1, 2, 3]);
      expect(search.walks).toHaveLength(4);
      expect(page.rows[0]?.count).toEqual({ participantsCount: null, readAt: null });
    });
  });

  describe('in a column', () => {
    const inColumn = (more: Simulated = {}) => watched({ total: () => TOTALS.column, ...more });
    /** The column without the chats of some ids, whose writers have died. */
    const lacking = (ids: readonly number[]): Pick<PostingStore, 'positions'> => ({
      positions: async (column, wanted) =>
        (await stores.postings.positions(column, wanted)).filter(({ id }) => !ids.includes(id)),
    });

    test.each(['name', 'created_at', 'updated_at'] as const)('are sorted by %s', async (sort) => {
      const search = inColumn();
      const page = await search.find(request({ sort, order: 'desc', limit: 2 }));
      expect(idsOf(page.rows)).toEqual(sort === 'name' ? byName.toReversed().slice(0, 2) : [310, 309]);
      expect(search.columns).toEqual([sort]);
    });

    test('that are wrong are replaced by the next ones', async () => {
      const [first = 0, second = 0] = byName;
      await stores.chats.update(second, { maxChatId: '-2' }, T0);
      const search = inColumn(listing(range(1, MATCHES)));
      const page = await search.find(request({ sort: 'name' }));
      expect(idsOf(page.rows)).toEqual([first, byName[2], byName[3]]);
      expect(search.reads).toEqual([byName.slice(0, 4), [byName[4]]]);
    });

    test('that are all wrong give an empty page', async () => {
      const ids = range(1_001, 1_301);
      const positions = async () => ids.map((id) => ({ key: `чат ${id}`, id }));
      const page = await inColumn({ ...listing(ids), positions }).find(request({ sort: 'name' }));
      expect(page).toEqual({ rows: [], next: undefined, total: 301 });
    });

    test('that it lacks are read, and have their place in the page', async () => {
      const lost = [byName[1] ?? 0, byName[300] ?? 0].sort((a, b) => a - b);
      const search = inColumn(lacking(lost));
      const page = await search.find(request({ sort: 'name' }));
      expect(idsOf(page.rows)).toEqual(byName.slice(0, 3));
      expect(search.reads).toEqual([lost, byName.slice(0, 4)]);
    });

    test.each([
      [300, 0],
      [301, 1],
    ])('are read if it lacks up to 300 of them: %i', async (lost, walks) => {
      const search = inColumn(lacking(range(1, lost)));
      const page = await search.find(request({ sort: 'name' }));
      expect(idsOf(page.rows)).toEqual(byName.slice(0, 3));
      expect(search.walks.length > 0 ? 1 : 0).toBe(walks);
      expect(search.reads[0]?.length).toBe(walks ? 4 : 300);
    });
  });

  test('of a university are not found by a column that has too many chats of others', async () => {
    const scope = { universityId: 1 };
    const found = async (all: number) => {
      const search = watched({ total: (of) => (of === 'all' ? all : 150_000) });
      const page = await search.find(request({ query: query({ scope, statuses: ['unlinked'] }), sort: 'name' }));
      expect(idsOf(page.rows)).toEqual(byName.slice(0, 3));
      expect(search.totals).toEqual([scope, 'all']);
      return search.columns;
    };
    expect(await found(150_000)).toEqual(['name']);
    expect(await found(10_000_000)).toEqual([]);
  });
});
