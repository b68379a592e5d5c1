import { beforeEach, describe, expect, test } from 'vitest';
import { IdSet } from '../../../lib/chats/id-set.ts';
import { matchingIds } from '../../../lib/listing/matching-ids.ts';
import type { Listing } from '../../../lib/state/chat-store.ts';
import type { PostingStore, ReadOptions } from '../../../lib/state/posting-store.ts';
import { created, line, openMemory, query, type Stores, T0 } from '../../support/stores.ts';

/** Lists by their terms, as `group` or `group word`; `unread`: the store has stopped before their end. */
type Lists = Readonly<Record<string, readonly number[] | 'unread'>>;

interface Reading {
  readonly terms: readonly string[];
  readonly options: ReadOptions | undefined;
}

let stores: Stores;
beforeEach(async () => {
  stores = await openMemory();
});

/** Finds the ids of a query by these lists. If they are read again without `options`, all are read completely. */
async function matching(lists: Lists, of: Parameters<typeof query>[0], enough = 3, complete: Lists = lists) {
  const readings: Reading[] = [];
  const owners: string[] = [];
  const postings: PostingStore = {
    ...stores.postings,
    async read(queries, options) {
      const terms = queries.map(({ group, word }) => (word === '' ? group : `${group} ${word}`));
      readings.push({ terms, options });
      const ids = terms.map((term) => (options ? lists : complete)[term] ?? []);
      return ids.map((some) => (some === 'unread' ? undefined : IdSet.of(some)));
    },
  };
  const chatStore = {
    ...stores.chats,
    async findByMaxChatId(maxChatId: string) {
      owners.push(maxChatId);
      return stores.chats.findByMaxChatId(maxChatId);
    },
  };
  const { ids, exact } = await matchingIds({ chatStore, postings }, query(of), enough);
  return { ids: [...ids.ids()], size: ids.size, exact, readings, owners };
}

const required = (...indexes: number[]): ReadOptions => ({ enough: 3, required: new Set(indexes) });

describe('filters', () => {
  test('are lists that a chat must be in', async () => {
    const lists = {
      '=university 7': [1, 2, 3, 4, 5, 6],
      '=department деканат': [2, 3, 4, 5, 6, 9],
      '=source crm': [1, 3, 4, 5, 6, 9],
      '=status gone': [1, 2, 4, 5, 6, 9],
    };
    const found = await matching(lists, {
      ...{ scope: { universityId: 7 }, department: 'деканат', source: 'crm', statuses: ['gone'] },
    });
    expect(found).toMatchObject({ ids: [4, 5, 6], exact: true, owners: [] });
    expect(found.readings).toEqual([{ terms: Object.keys(lists), options: required() }]);
  });

  test('by several statuses are the union of lists, all of which must be read completely', async () => {
    const lists = { '=source crm': [1, 2, 3], '=status gone': [1, 9], '=status denied': [3, 8], '=status active': [2] };
    const found = await matching(lists, { source: 'crm', statuses: ['gone', 'denied'] });
    expect(found).toMatchObject({ ids: [1, 3], exact: true });
    expect(found.readings).toEqual([
      { terms: ['=source crm', '=status gone', '=status denied'], options: required(1, 2) },
    ]);
  });

  test.each<[string, Lists]>([
    [
      'a list',
      { '=department деканат': [1, 2, 3], '=source crm': 'unread', '=status gone': [1], '=status denied': [2] },
    ],
    ['a part of a union', { '=department деканат': [1, 2], '=source crm': [1, 2, 9], '=status gone': 'unread' }],
  ])('without %s that was not read leave all chats that may match, and are not exact', async (_, lists) => {
    const filters = { department: 'деканат', source: 'crm', statuses: ['gone', 'denied'] } as const;
    const found = await matching(lists, filters);
    expect(found).toMatchObject({ ids: [1, 2], exact: false });
    expect(found.readings).toHaveLength(1);
  });
});

describe('a search', () => {
  test('is the list of each word, and those of its text as a source', async () => {
    const lists = { '^гру': [1, 2, 3], '^21': [2, 3, 4], '=source 21 гру': [9] };
    const found = await matching(lists, { search: '21 Гру' });
    expect(found).toMatchObject({ ids: [2, 3, 9], size: 3, exact: true, owners: [] });
    expect(found.readings).toEqual([{ terms: ['^гру', '^21', '=source 21 гру'], options: required(2) }]);
  });

  test('does not find a source outside of the filters', async () => {
    const lists = { '=university 7': [1, 2], '^crm': [], '=source crm': [2, 3] };
    expect(await matching(lists, { scope: { universityId: 7 }, search: 'crm' })).toMatchObject({ ids: [2] });
  });

  test('without words finds only a source', async () => {
    const found = await matching({ '=source ...': [5] }, { search: '...' });
    expect(found).toMatchObject({ ids: [5], exact: true });
    expect(found.readings).toEqual([{ terms: ['=source ...'], options: required(0) }]);
  });

  test('with digits finds the chat with this MAX id too', async () => {
    await stores.chats.importMany([line('-77', { id: 40 })], T0);
    const lists = { '^77': [2] };
    expect(await matching(lists, { search: '-77' })).toMatchObject({ ids: [2, 40], exact: true, owners: ['-77'] });
    expect(await matching(lists, { search: '-78' })).toMatchObject({ ids: [], size: 0, owners: ['-78'] });
    expect(await matching(lists, { search: '-77 ' })).toMatchObject({ ids: [2, 40] });
    expect(await matching(lists, { search: '-77 x' })).toMatchObject({ owners: [] });
  });

  test('reads the longest words first, and omits those that are the beginning of another one', async () => {
    const { readings } = await matching({}, { search: 'а бб вв21 деканат дек вв 7' });
    expect(readings.map(({ terms }) => terms.slice(0, -1))).toEqual([['^дек деканат', '^вв2 вв21', '^бб', '^а', '^7']]);
  });

  test('is not exact without a list that was not read', async () => {
    const lists: Lists = { '^гру': 'unread', '^21': [2, 3] };
    const found = await matching(lists, { search: '21 гру' });
    expect(found).toMatchObject({ ids: [2, 3], exact: false });
    expect(found.readings).toHaveLength(1);
  });

  test('of which no word was read is no condition, because a filter has left few chats', async () => {
    const lists: Lists = { '=department деканат': [1, 2], '^гру': 'unread', '=source гру': [8] };
    const found = await matching(lists, { department: 'деканат', search: 'гру' });
    expect(found).toMatchObject({ ids: [1, 2], exact: false });
  });
});

describe('a search for more than five words', () => {
  const search = '1 22 333 44 5 66';
  const words = ['^333', '^22', '^44', '^66', '^1', '^5'];
  const listsOf = (ids: readonly number[], last: readonly number[]): Lists => ({
    ...Object.fromEntries(words.map((word) => [word, ids])),
    '^5': last,
  });

  test('reads five lists, which is enough if few chats remain', async () => {
    const found = await matching(listsOf([1, 2, 3], [2]), { search });
    expect(found).toMatchObject({ ids: [1, 2, 3], exact: false });
    expect(found.readings).toEqual([{ terms: [...words.slice(0, 5), `=source ${search}`], options: required(5) }]);
  });

  test('otherwise reads all lists completely', async () => {
    await stores.chats.importMany([line('-77', { id: 40 })], T0);
    const found = await matching(listsOf([1, 2, 3, 4], [2]), { search });
    expect(found).toMatchObject({ ids: [2], exact: true });
    expect(found.readings.slice(1)).toEqual([{ terms: [...words, `=source ${search}`], options: undefined }]);
  });
});

test('more chats than are enough are exact only after another reading', async () => {
  const stopped: Lists = { '=department деканат': [1, 2, 3, 4], '=source crm': 'unread' };
  const found = await matching(stopped, { department: 'деканат', source: 'crm' }, 3, {
    ...stopped,
    '=source crm': [2, 4],
  });
  expect(found).toMatchObject({ ids: [2, 4], exact: true });
  expect(found.readings.map(({ options }) => options)).toEqual([required(), undefined]);
});

describe('while the lists do not cover all chats', () => {
  test('the listing by id is read, page by page, and the result is exact', async () => {
    for (const universityId of [1, 2, 1, 1, 1]) await created(stores.chats, { universityId, name: 'Группа' });
    await stores.chats.update(3, { name: 'Другое' }, T0);
    const asked: Listing[] = [];
    const chatStore = {
      ...stores.chats,
      list(listing: Listing) {
        asked.push(listing);
        return stores.chats.list({ ...listing, limit: 2 });
      },
    };
    const postings: PostingStore = {
      ...stores.postings,
      isComplete: async () => false,
      read: () => Promise.reject(new Error('reads no lists')),
    };
    const scope = { universityId: 1 };
    const { ids, exact } = await matchingIds({ chatStore, postings }, query({ scope, search: 'гру' }), 1);
    expect([...ids.ids()]).toEqual([1, 4, 5]);
    expect(exact).toBe(true);
    const page = { scope, sort: 'id', order: 'asc', limit: 1_000 };
    expect(asked).toEqual([
      { ...page, after: undefined },
      { ...page, after: { key: 3, id: 3 } },
    ]);
  });
});
