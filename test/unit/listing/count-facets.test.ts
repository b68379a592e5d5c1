import { beforeEach, describe, expect, test } from 'vitest';
import { IdSet } from '../../../lib/chats/id-set.ts';
import type { TermField } from '../../../lib/chats/terms.ts';
import { createCountFacets } from '../../../lib/listing/count-facets.ts';
import type { PostingStore } from '../../../lib/state/posting-store.ts';
import { created, line, openMemory, query, type Stores, T0 } from '../../support/stores.ts';

let stores: Stores;
beforeEach(async () => {
  stores = await openMemory();
});

const range = (n: number) => Array.from({ length: n }, (_, i) => i + 1);

/** Counts facets, and says which chats and which values were read. */
async function count(of: Parameters<typeof query>[0] = {}, postings: Partial<PostingStore> = {}) {
  const reads: (readonly number[])[] = [];
  const fields: TermField[] = [];
  const facets = await createCountFacets({
    chatStore: {
      ...stores.chats,
      async getMany(ids) {
        reads.push(ids);
        return stores.chats.getMany(ids);
      },
    },
    postings: {
      ...stores.postings,
      ...postings,
      async values(field) {
        fields.push(field);
        return (postings.values ?? stores.postings.values)(field);
      },
    },
  })(query(of));
  return { facets, reads, fields };
}

const noLists = {
  isComplete: async () => false,
  read: () => Promise.reject(new Error('reads no lists')),
  values: () => Promise.reject(new Error('reads no lists')),
};

/** Five chats, four of them of university 1. */
async function fiveChats(): Promise<void> {
  await created(stores.chats, { universityId: 1, department: 'Деканат', source: 'CRM' });
  await created(stores.chats, { universityId: 1, department: 'ДЕКАНАТ', source: 'crm' });
  await created(stores.chats, { universityId: 1, department: 'Кафедра' });
  await created(stores.chats, { universityId: 2, department: 'Архив' });
  await stores.chats.importMany([line('-5', { universityId: 1, name: 'Пятый' })], T0);
}

const ALL = {
  total: 5,
  universities: [
    { value: 1, chats: 4 },
    { value: 2, chats: 1 },
  ],
  departments: [
    { value: 'Деканат', chats: 2 },
    { value: 'Архив', chats: 1 },
    { value: 'Кафедра', chats: 1 },
  ],
  sources: [{ value: 'CRM', chats: 2 }],
  statuses: [
    { value: 'unlinked', chats: 4 },
    { value: 'active', chats: 1 },
  ],
};
const OF_DEANS = {
  ...{ total: 2, universities: [{ value: 1, chats: 2 }], departments: [{ value: 'Деканат', chats: 2 }] },
  ...{ sources: [{ value: 'CRM', chats: 2 }], statuses: [{ value: 'unlinked', chats: 2 }] },
};

describe('the facets', () => {
  test('of all chats come from the lists of values, and from one chat for each spelling', async () => {
    await fiveChats();
    const { facets, reads, fields } = await count({}, { read: noLists.read });
    expect(facets).toEqual(ALL);
    expect(fields).toEqual(['university', 'department', 'source', 'status']);
    expect(reads).toEqual([[1, 4, 3]]);
  });

  test('of few chats come from these chats', async () => {
    await fiveChats();
    const { facets, reads, fields } = await count({ department: 'деканат' });
    expect(facets).toEqual(OF_DEANS);
    expect(reads).toEqual([[1, 2]]);
    expect(fields).toEqual([]);
  });

  test('of a university do not contain others, even without other conditions', async () => {
    await fiveChats();
    const { facets } = await count({ scope: { universityId: 2 } });
    expect(facets).toMatchObject({ total: 1, universities: [{ value: 2, chats: 1 }] });
  });

  test('do not count wrong ids in the lists, if few chats match', async () => {
    await fiveChats();
    for (const id of [3, 77]) await stores.setPosting({ group: '=department', word: 'деканат' }, id, true);
    const { facets, reads } = await count({ department: 'деканат' });
    expect(reads).toEqual([[1, 2, 3, 77]]);
    expect(facets).toEqual(OF_DEANS);
  });

  test('come from the listing while the lists do not cover all chats', async () => {
    await fiveChats();
    expect(await count({}, noLists)).toMatchObject({ facets: ALL, reads: [] });
    expect(await count({ department: 'деканат' }, noLists)).toMatchObject({ facets: OF_DEANS });
  });

  test('without chats are empty', async () => {
    const empty = { total: 0, universities: [], departments: [], sources: [], statuses: [] };
    expect((await count()).facets).toEqual(empty);
    expect((await count({ source: 'crm' })).facets).toEqual(empty);
  });
});

describe('of many chats', () => {
  /** Lists by which these ids are found, and in which values have the even and the odd ids. */
  const lists = (ids: readonly number[]): Partial<PostingStore> => ({
    read: async (queries) => queries.map(() => IdSet.of(ids)),
    values: async () =>
      new Map([
        ['1', IdSet.of(ids.filter((id) => id % 2 === 1))],
        ['2', IdSet.of([...ids.filter((id) => id % 2 === 0), 9_001, 9_002, 9_003])],
        ['3', IdSet.of([9_001])],
      ]),
  });

  test('the lists of values are intersected with the found chats', async () => {
    const { facets, reads, fields } = await count({ search: 'гру' }, lists(range(701)));
    const values = [
      { value: '1', chats: 351 },
      { value: '2', chats: 350 },
    ];
    expect(facets).toEqual({
      total: 701,
      universities: values.map(({ value, chats }) => ({ value: Number(value), chats })),
      ...{ departments: values, sources: values, statuses: values },
    });
    expect(fields).toHaveLength(4);
    expect(reads).toEqual([[1, 2]]);
  });

  test('up to 700 are read one by one', async () => {
    const { reads, fields } = await count({ search: 'гру' }, lists(range(700)));
    expect(reads).toEqual([range(700)]);
    expect(fields).toEqual([]);
  });
});

describe.each([
  ['from lists', {}],
  ['from chats', noLists],
])('values %s', (_, postings) => {
  test('begin with those that most chats have, and are then in their order', async () => {
    for (const source of ['г', 'а', 'б', 'г', 'в', 'б', 'в', 'д', 'г']) await created(stores.chats, { source });
    const { facets } = await count({}, postings);
    expect(facets.sources.map(({ value, chats }) => `${value} ${chats}`)).toEqual(['г 3', 'б 2', 'в 2', 'а 1', 'д 1']);
  });

  test('are at most 100 departments, and any number of sources', async () => {
    for (const i of range(101)) await created(stores.chats, { department: `Отдел ${1_000 - i}`, source: `s${i}` });
    await created(stores.chats, { department: 'Отдел 999' });
    const { facets } = await count({}, postings);
    expect(facets.departments).toHaveLength(100);
    expect(facets.departments[0]).toEqual({ value: 'Отдел 999', chats: 2 });
    expect(facets.departments.at(-1)).toEqual({ value: 'Отдел 997', chats: 1 });
    expect(facets.sources).toHaveLength(101);
  });
});

test.each<[string, (id: number) => Promise<unknown>]>([
  ['was deleted', (id) => stores.chats.delete(id)],
  ['has another value', (id) => stores.chats.update(id, { department: 'Архив', source: 'База' }, T0)],
  ['has no value', (id) => stores.chats.update(id, { department: null, source: null }, T0)],
])('a value is shown in lower case if the chat with its spelling %s meanwhile', async (_, change) => {
  const id = await created(stores.chats, { department: 'Деканат', source: 'CRM' });
  const [departments, sources] = [await stores.postings.values('department'), await stores.postings.values('source')];
  await change(id);
  const { facets } = await count({}, { values: async (field) => (field === 'source' ? sources : departments) });
  expect(facets.departments).toEqual([{ value: 'деканат', chats: 1 }]);
  expect(facets.sources).toEqual([{ value: 'crm', chats: 1 }]);
});
