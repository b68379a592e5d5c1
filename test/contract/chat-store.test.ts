import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import fc from 'fast-check';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type ChatItem, chatOf } from '../../lib/adapters/dynamodb/chat-item.ts';
import type { Database } from '../../lib/adapters/dynamodb/database.ts';
import { isColumn, type PostingItem, readKey } from '../../lib/adapters/dynamodb/posting-items.ts';
import type { ChatFields, ChatOutline, Scope } from '../../lib/chats/chat.ts';
import { decodeChunk } from '../../lib/chats/chunk-codec.ts';
import { CHUNK_IDS, IdSet, offsetsOf } from '../../lib/chats/id-set.ts';
import { NOTHING_PLANNED } from '../../lib/chats/planning.ts';
import { matchesQuery } from '../../lib/chats/query.ts';
import { COLUMNS } from '../../lib/chats/sort-columns.ts';
import { comparePositions, type Order, positionOf, SORTS } from '../../lib/chats/sort-keys.ts';
import { termKey, termsOf } from '../../lib/chats/terms.ts';
import { createFindChats } from '../../lib/listing/find-chats.ts';
import type { ChatStore, Listing, OutlinePage } from '../../lib/state/chat-store.ts';
import {
  created,
  fields,
  findIds,
  findPages,
  IMPLEMENTATIONS,
  idsOf,
  line,
  listAll,
  listing,
  openDynamo,
  openMemory,
  query,
  type Stores,
  T0,
} from '../support/stores.ts';

const ORDERS: readonly Order[] = ['asc', 'desc'];
const SCOPES: readonly Scope[] = ['all', { universityId: 1 }, { universityId: 2 }];

describe.each(IMPLEMENTATIONS)('chat store in %s', (_, open) => {
  let stores: Stores;
  let store: ChatStore;
  beforeEach(async () => {
    stores = await open();
    store = stores.chats;
  });

  const search = (text: string, { scope = 'all', ...order }: Partial<Listing> = {}) =>
    findIds(stores, { query: query({ search: text, scope }), ...order });
  const due = async () => (await stores.counts.due(Number.MAX_SAFE_INTEGER, 100, undefined)).map(({ id }) => id).sort();
  const read = (id: number, maxChatId: string, count: number, askedAt: number) =>
    stores.counts.apply({ id, maxChatId }, { kind: 'count', count }, { askedAt, dueAt: askedAt + 1 });

  describe('create', () => {
    test('stores the given fields, and assigns ids in order', async () => {
      const given = fields({ name: 'Физика 101', url: 'https://max.ru/a', maxChatId: '-70', universityId: 7 });
      const time = new Date(T0).toISOString();
      const stored = {
        chat: { id: 1, ...given, status: 'active', createdAt: time, updatedAt: time },
        participantsCount: null,
        readAt: null,
        checkedAt: null,
        planning: NOTHING_PLANNED,
      };
      expect(await store.lastId()).toBe(0);
      expect(await store.create(given, T0)).toEqual({ kind: 'created', stored });
      expect(await created(store)).toBe(2);
      expect(await store.get(1)).toEqual(stored);
      expect(await store.lastId()).toBe(2);
      expect(await store.findByMaxChatId('-70')).toBe(1);
      expect(await due()).toEqual([1]);
    });

    test('refuses a MAX id that another chat has, and names that chat', async () => {
      const id = await created(store, { maxChatId: '-70' });
      expect(await store.create(fields({ maxChatId: '-70', name: 'Двойник' }), T0)).toEqual({
        kind: 'max_chat_id_taken',
        by: id,
      });
      expect(await store.total('all')).toBe(1);
      expect(await search('двойник')).toEqual([]);
    });

    test('concurrently: one of the chats with the same MAX id, all without one, and exact totals', async () => {
      const outcomes = await Promise.all([
        ...Array.from({ length: 10 }, () => store.create(fields({ maxChatId: '-70', universityId: 1 }), T0)),
        ...Array.from({ length: 10 }, () => store.create(fields({ universityId: 2 }), T0)),
      ]);
      const ids = outcomes.flatMap((outcome) => (outcome.kind === 'created' ? [outcome.stored.chat.id] : []));
      const owner = await store.findByMaxChatId('-70');
      expect(new Set(ids).size).toBe(11);
      expect(outcomes.filter(({ kind }) => kind === 'max_chat_id_taken')).toEqual(
        Array(9).fill({ kind: 'max_chat_id_taken', by: owner }),
      );
      expect(await Promise.all(SCOPES.map((scope) => store.total(scope)))).toEqual([11, 1, 10]);
      expect(idsOf(await listAll(store))).toEqual(ids.sort((a, b) => a - b));
    });
  });

  describe('get', () => {
    test('of many omits unknown ids and accepts repeated ones', async () => {
      const lines = Array.from({ length: 120 }, (_, i) => line(`-${i + 1}`));
      await store.importMany(lines, T0);
      const found = await store.getMany([...Array(130).keys(), 5, 5]);
      expect([...found.keys()].sort((a, b) => a - b)).toEqual(Array.from({ length: 120 }, (_, i) => i + 1));
      expect(found.get(7)).toEqual(await store.get(7));
      expect(await store.getMany([])).toEqual(new Map());
      expect(await store.get(999)).toBeUndefined();
      expect(await store.findByMaxChatId('-999')).toBeUndefined();
    });
  });

  test('what sums need of many chats is the same as what the chats have, without unknown ids', async () => {
    await store.importMany([line('-1'), { ...line('-2'), participantsCount: 7, universityId: null }], T0);
    const unlinked = await created(store, { maxChatId: null });
    const found = await store.getCounted([1, 2, unlinked, 999]);
    const [first, second, third] = await Promise.all([1, 2, unlinked].map((id) => store.get(id)));
    for (const stored of [first, second, third]) {
      const { id, universityId, maxChatId, status } = stored?.chat ?? {};
      expect(found.find(({ chat }) => chat.id === id)).toMatchObject({
        ...{ participantsCount: stored?.participantsCount, readAt: stored?.readAt },
        chat: { id, universityId, maxChatId, status },
      });
    }
    expect(found).toHaveLength(3);
    expect(found.find(({ chat }) => chat.id === 2)).toMatchObject({
      participantsCount: 7,
      chat: { universityId: null },
    });
  });

  describe('outlines', () => {
    test('contain all chats in the order of ids, with the fields that decide whether they can be read', async () => {
      await store.importMany(
        Array.from({ length: 23 }, (_, i) => line(`-${i + 1}`)),
        T0,
      );
      const unknown = await created(store, { maxChatId: null });
      await store.delete(5);
      const found: ChatOutline[] = [];
      const pages: number[] = [];
      for (let after: number | undefined = 0; after !== undefined; ) {
        const page: OutlinePage = await store.outlines(after, 10);
        found.push(...page.chats);
        pages.push(page.chats.length);
        after = page.next;
      }
      expect(pages.slice(0, 3)).toEqual([10, 10, 3]);
      expect(found.map(({ id }) => id)).toEqual([1, 2, 3, 4, ...Array.from({ length: 19 }, (_, i) => i + 6)]);
      expect(found[0]).toEqual({
        id: 1,
        maxChatId: '-1',
        status: 'active',
        createdAt: new Date(T0).toISOString(),
      });
      expect(found.at(-1)).toMatchObject({ id: unknown, maxChatId: null });
      expect((await store.outlines(unknown, 10)).chats).toEqual([]);
    });
  });

  describe('update', () => {
    test('changes the given fields and increases updatedAt, even if the clock goes back', async () => {
      const id = await created(store, { name: 'Физика', url: 'https://max.ru/a' });
      const first = await store.update(id, { name: 'Химия' }, T0 + 5_000);
      expect(first).toMatchObject({ kind: 'updated', countDropped: false, chat: { name: 'Химия' } });
      const second = await store.update(id, { url: null }, T0 - 60_000);
      const chat = (await store.get(id))?.chat;
      expect(second).toEqual({ kind: 'updated', chat, countDropped: false });
      expect(chat).toMatchObject({ name: 'Химия', url: null, createdAt: new Date(T0).toISOString() });
      expect(chat?.updatedAt).toBe(new Date(T0 + 5_001).toISOString());
      expect(idsOf(await listAll(store, { sort: 'updated_at' }))).toEqual([id]);
    });

    test('without a change keeps updatedAt', async () => {
      const id = await created(store, { name: 'Физика' });
      const before = await store.get(id);
      expect(await store.update(id, { name: 'Физика', url: null }, T0 + 1)).toMatchObject({ kind: 'updated' });
      expect(await store.get(id)).toEqual(before);
      expect(await store.update(999, { name: 'Физика' }, T0)).toEqual({ kind: 'not_found' });
    });

    test('concurrently loses no change', async () => {
      const id = await created(store);
      const patches: Partial<ChatFields>[] = [
        { name: 'Новое' },
        { url: 'https://max.ru/n' },
        { department: 'Деканат' },
        { source: 'crm' },
        { externalChatId: 'x' },
      ];
      await Promise.all(patches.map((patch) => store.update(id, patch, T0)));
      expect((await store.get(id))?.chat).toMatchObject(Object.assign({}, ...patches));
      expect(await search('новое деканат')).toEqual([id]);
      expect(await search('чат')).toEqual([]);
    });

    test('to another MAX id deletes the data of the old one', async () => {
      const id = await created(store, { maxChatId: '-70' });
      const other = await created(store, { maxChatId: '-71' });
      await read(id, '-70', 12, T0);
      await stores.counts.apply(
        { id, maxChatId: '-70' },
        { kind: 'unavailable', status: 'gone' },
        { askedAt: T0 + 1, dueAt: 0 },
      );
      expect(await due()).toEqual([other]);

      expect(await store.update(id, { maxChatId: '-71' }, T0)).toEqual({ kind: 'max_chat_id_taken', by: other });
      expect(await store.get(id)).toMatchObject({ participantsCount: 12, chat: { status: 'gone' } });

      const outcome = await store.update(id, { maxChatId: '-72' }, T0 + 9);
      expect(outcome).toMatchObject({ kind: 'updated', countDropped: true, chat: { status: 'active' } });
      const forgotten = { participantsCount: null, readAt: null, checkedAt: null, planning: NOTHING_PLANNED };
      expect(await store.get(id)).toEqual({ ...forgotten, chat: outcome.kind === 'updated' && outcome.chat });
      expect(await stores.counts.due(T0 + 9, 100, undefined)).toContainEqual(
        expect.objectContaining({ id, dueAt: T0 + 9 }),
      );
      expect(await store.findByMaxChatId('-70')).toBeUndefined();
      expect(await store.findByMaxChatId('-72')).toBe(id);
      const [{ count } = {}] = await listAll(store, { sort: 'participants_count' });
      expect(count).toEqual({ participantsCount: null, readAt: null });
    });

    test('to no MAX id removes the chat from the due index and releases the id', async () => {
      const id = await created(store, { maxChatId: '-70' });
      expect(await store.update(id, { maxChatId: null }, T0)).toMatchObject({ kind: 'updated', countDropped: true });
      expect(await due()).toEqual([]);
      expect(await created(store, { maxChatId: '-70' })).toBe(2);
      expect(await store.update(id, { maxChatId: '-70' }, T0)).toEqual({ kind: 'max_chat_id_taken', by: 2 });
    });

    test('to another university moves the chat between listings', async () => {
      const id = await created(store, { name: 'Физика', universityId: 1 });
      await store.update(id, { universityId: 2 }, T0);
      expect(await Promise.all(SCOPES.map((scope) => store.total(scope)))).toEqual([1, 0, 1]);
      expect(await search('физика', { scope: { universityId: 1 } })).toEqual([]);
      expect(await search('физика', { scope: { universityId: 2 } })).toEqual([id]);
      await store.update(id, { universityId: null }, T0);
      expect(await Promise.all(SCOPES.map((scope) => store.total(scope)))).toEqual([1, 0, 0]);
      expect(idsOf(await listAll(store, { scope: { universityId: 2 } }))).toEqual([]);
      expect(await search('физика')).toEqual([id]);
    });
  });

  describe('delete', () => {
    test('removes the chat from all listings, once', async () => {
      const id = await created(store, { name: 'Физика', maxChatId: '-70', universityId: 1 });
      expect(await store.delete(id)).toBe('deleted');
      expect(await store.delete(id)).toBe('not_found');
      expect(await store.get(id)).toBeUndefined();
      expect(await store.findByMaxChatId('-70')).toBeUndefined();
      expect(await Promise.all(SCOPES.map((scope) => store.total(scope)))).toEqual([0, 0, 0]);
      expect(await listAll(store)).toEqual([]);
      expect(await search('физика')).toEqual([]);
      expect(await due()).toEqual([]);
      expect(await created(store, { maxChatId: '-70' })).toBe(2);
    });

    test('concurrently with updates: counted once, and the chat stays deleted', async () => {
      const id = await created(store, { name: 'Физика', maxChatId: '-70', universityId: 1 });
      const outcomes = await Promise.all([
        store.delete(id),
        store.update(id, { name: 'Химия', universityId: 2 }, T0),
        store.delete(id),
        store.update(id, { maxChatId: '-71' }, T0),
      ]);
      expect(outcomes.filter((outcome) => outcome === 'deleted')).toHaveLength(1);
      expect(await Promise.all(SCOPES.map((scope) => store.total(scope)))).toEqual([0, 0, 0]);
      expect(await search('физика')).toEqual([]);
      expect(await search('химия')).toEqual([]);
      expect(await store.findByMaxChatId('-70')).toBeUndefined();
      expect(await store.findByMaxChatId('-71')).toBeUndefined();
    });
  });

  describe('search', () => {
    test('finds chats by prefixes of all words, in name and department', async () => {
      const physics = await created(store, { name: 'Учёба: Физика-101', department: 'Деканат ФФ' });
      const history = await created(store, { name: 'История физики', department: null });
      expect(await search('физ')).toEqual([physics, history]);
      expect(await search('ФИЗИКА')).toEqual([physics]);
      expect(await search('учеба')).toEqual([physics]);
      expect(await search('физ ист')).toEqual([history]);
      expect(await search('101 дек')).toEqual([physics]);
      expect(await search('изика')).toEqual([]);
      expect(await search('физикан')).toEqual([]);
      expect(await search('физ физики')).toEqual([history]);
    });

    test('follows changes of the name, and pages in the given order', async () => {
      for (const name of ['Курс б', 'Курс а', 'Курс в', 'Другое']) await created(store, { name, universityId: 1 });
      await store.update(4, { name: 'Курс аа' }, T0);
      await store.update(1, { name: 'Поток б' }, T0);
      const [name, limit] = ['name', 1] as const;
      expect(await search('кур', { sort: name, limit })).toEqual([2, 4, 3]);
      expect(await search('кур', { sort: name, limit, order: 'desc', scope: { universityId: 1 } })).toEqual([3, 4, 2]);
      expect(await search('кур', { scope: { universityId: 2 } })).toEqual([]);
      expect(await search('поток')).toEqual([1]);
    });

    test('sorted by count includes and follows the count', async () => {
      const counts = [5, null, 40, 0];
      await store.importMany(
        counts.map((participantsCount, i) => line(`-${i + 1}`, { name: `Курс ${i}`, participantsCount })),
        T0,
      );
      const pages = await findPages(stores, {
        ...{ query: query({ search: 'курс' }), sort: 'participants_count', order: 'desc', limit: 2 },
      });
      const rows = pages.flatMap((page) => page.rows);
      expect(rows.map(({ count }) => count?.participantsCount)).toEqual([40, 5, 0, null]);
    });

    test('finds words that are longer than a key', async () => {
      const long = 'ы'.repeat(600);
      const id = await created(store, { name: `${long}а`, universityId: 1 });
      await created(store, { name: `${long}б` });
      expect(await search(`${long}а`)).toEqual([id]);
      expect(await search(long, { scope: { universityId: 1 } })).toEqual([id]);
    });

    test('a cursor remains valid when many matches become few, and vice versa', async () => {
      // For more than 300 matches, the listing is walked or its column read. Fewer are read and sorted.
      const lines = Array.from({ length: 703 }, (_, i) => line(`-${i + 1}`, { name: `Группа ${i % 7} ${i}` }));
      await store.importMany(lines, T0);
      const find = createFindChats({ chatStore: store, postings: stores.postings });
      for (const sort of SORTS) {
        const request = { query: query({ search: 'гру' }), sort, order: 'asc', limit: 40 } as const;
        const many = await find({ ...request, after: undefined });
        const expected = idsOf(await listAll(store, { sort, limit: 100 }));
        expect(many.total).toBe(703);
        expect(idsOf(many.rows)).toEqual(expected.slice(0, 40));
        for (const id of expected.slice(-4)) await store.delete(id);
        const few = await find({ ...request, after: many.next });
        expect(few.total).toBe(699);
        expect(idsOf(few.rows)).toEqual(expected.slice(40, 80));
        await store.importMany(lines, T0);
        const again = await find({ ...request, after: few.next });
        expect(idsOf(again.rows)).toEqual(expected.slice(80, 120));
      }
    });
  });

  describe('list', () => {
    test('by name: shorter names first, then by id; case and ё are ignored', async () => {
      for (const name of ['аа', 'а', 'ё', 'Е', 'е', 'а б', 'Б', '\u{1F600}', '\uFE0Fж']) await created(store, { name });
      const rows = await listAll(store, { sort: 'name', limit: 2 });
      expect(idsOf(rows)).toEqual([2, 6, 1, 7, 3, 4, 5, 9, 8]);
      expect(idsOf(await listAll(store, { sort: 'name', order: 'desc', limit: 4 }))).toEqual(idsOf(rows).reverse());
    });

    test('by name, even if names are longer than a key', async () => {
      const long = 'ъ'.repeat(1_000);
      for (const name of [`${long}б`, `${long}а`, long, 'ы', 'щ']) await created(store, { name });
      expect(idsOf(await listAll(store, { sort: 'name', limit: 2 }))).toEqual([5, 1, 2, 3, 4]);
    });

    test('by count: never-read chats come before 0, and the count has its time', async () => {
      for (const maxChatId of ['-1', '-2', '-3', '-4']) await created(store, { maxChatId });
      await read(1, '-1', 10, T0);
      await read(3, '-3', 9, T0 + 1);
      await read(4, '-4', 0, T0 + 2);
      const rows = await listAll(store, { sort: 'participants_count' });
      expect(rows.map(({ chat, count }) => [chat.id, count?.participantsCount, count?.readAt])).toEqual([
        [2, null, null],
        [4, 0, T0 + 2],
        [3, 9, T0 + 1],
        [1, 10, T0],
      ]);
      expect((await store.list(listing())).rows[0]?.count).toBeUndefined();
    });

    test('a page may need several responses of DynamoDB', async () => {
      const url = `https://max.ru/${'u'.repeat(1_900)}`;
      const many = Array.from({ length: 700 }, (_, i) => line(`-${i + 1}`, { url, name: 'н'.repeat(200) }));
      await store.importMany(many, T0);
      expect((await store.list(listing({ limit: 1_000 }))).rows).toHaveLength(700);
      const first = await store.list(listing({ limit: 650, sort: 'name' }));
      expect(first.rows).toHaveLength(650);
      expect((await store.list(listing({ limit: 650, sort: 'name', after: first.next }))).rows).toHaveLength(50);
    });

    test('has no next page at the end', async () => {
      for (let i = 0; i < 4; i++) await created(store);
      expect((await store.list(listing({ limit: 4 }))).next).toBeUndefined();
      expect((await store.list(listing({ limit: 3 }))).next).toEqual({ key: 3, id: 3 });
      expect(await store.list(listing({ limit: 3, after: { key: 4, id: 4 } }))).toEqual({ rows: [], next: undefined });
    });
  });

  describe('import', () => {
    const lines = [
      line('-1', { name: 'Физика', universityId: 1, participantsCount: 5 }),
      line('-2', { name: 'Химия', universityId: 2 }),
      line('-3', { name: 'Право' }),
    ];

    test('creates chats, and changes nothing when it is repeated', async () => {
      expect(await store.importMany(lines, T0)).toEqual({ created: 3, updated: 0, unchanged: 0 });
      expect(await store.importMany(lines, T0 + 1)).toEqual({ created: 0, updated: 0, unchanged: 3 });
      expect(await Promise.all(SCOPES.map((scope) => store.total(scope)))).toEqual([3, 1, 1]);
      expect(await store.lastId()).toBe(3);
      expect(await store.get(1)).toMatchObject({ participantsCount: 5, readAt: null, checkedAt: null });
      expect(await stores.counts.due(T0, 10, undefined)).toHaveLength(3);
      expect(await search('хим', { scope: { universityId: 2 } })).toEqual([2]);
    });

    test('updates chats whose fields differ', async () => {
      await store.importMany(lines, T0);
      const next = [line('-1', { name: 'Физика', universityId: 1 }), line('-3', { name: 'Римское право' }), line('-4')];
      expect(await store.importMany(next, T0 + 1)).toEqual({ created: 1, updated: 1, unchanged: 1 });
      expect(await search('рим')).toEqual([3]);
      expect((await store.get(1))?.participantsCount).toBe(5);
    });

    test('stores a count only if there is none', async () => {
      await store.importMany(lines, T0);
      await read(1, '-1', 7, T0);
      const counted = lines.map((one) => ({ ...one, participantsCount: 100 }));
      expect(await store.importMany(counted, T0 + 1)).toEqual({ created: 0, updated: 2, unchanged: 1 });
      const counts = await listAll(store, { sort: 'participants_count' });
      expect(counts.map(({ chat, count }) => [chat.id, count?.participantsCount])).toEqual([
        [1, 7],
        [2, 100],
        [3, 100],
      ]);
    });

    test('uses the later of two lines with the same MAX id', async () => {
      const twice = [line('-1', { name: 'Старое' }), line('-2'), line('-1', { name: 'Новое' })];
      expect(await store.importMany(twice, T0)).toEqual({ created: 2, updated: 0, unchanged: 0 });
      const id = await store.findByMaxChatId('-1');
      expect((await store.get(id ?? 0))?.chat.name).toBe('Новое');
    });

    test('keeps a free id and the times of a line; ids assigned afterwards are above it', async () => {
      const times = { createdAt: '2023-09-01T08:00:00.000Z', updatedAt: '2024-02-03T04:05:06.789Z' };
      const named = [
        line('-1'),
        line('-2', { id: 40, name: 'Физика', universityId: 1, ...times }),
        line('-3', { id: 7 }),
      ];
      expect(await store.importMany(named, T0)).toEqual({ created: 3, updated: 0, unchanged: 0 });
      expect((await store.get(40))?.chat).toMatchObject({ id: 40, maxChatId: '-2', ...times });
      expect((await store.get(7))?.chat).toMatchObject({ maxChatId: '-3', createdAt: new Date(T0).toISOString() });
      expect(await store.findByMaxChatId('-1')).toBe(41);
      expect(await store.lastId()).toBe(41);
      expect(await created(store)).toBe(42);
      expect(idsOf(await listAll(store, { sort: 'created_at' }))).toEqual([40, 7, 41, 42]);
      expect(await search('физика')).toEqual([40]);
      expect(await store.importMany(named, T0 + 1)).toEqual({ created: 0, updated: 0, unchanged: 3 });
      expect((await store.get(40))?.chat).toMatchObject(times);
    });

    test('with a lower id does not reset the sequence', async () => {
      for (let i = 0; i < 3; i++) await created(store);
      await store.delete(2);
      expect(await store.importMany([line('-1', { id: 2 })], T0)).toEqual({ created: 1, updated: 0, unchanged: 0 });
      expect(await created(store)).toBe(4);
    });

    test('writes no line whose id another chat has, or whose chat has another id', async () => {
      const other = await created(store, { name: 'Право', maxChatId: '-9' });
      const refused = [
        line('-1', { id: other, name: 'Право' }),
        line('-9', { id: 5, name: 'Химия' }),
        line('-2', { id: 8 }),
        line('-3', { id: 8 }),
      ];
      const { conflicts = [], ...totals } = await store.importMany(refused, T0);
      expect(totals).toEqual({ created: 1, updated: 0, unchanged: 0 });
      expect(conflicts.toSorted((a, b) => Number(b.maxChatId) - Number(a.maxChatId))).toEqual([
        { maxChatId: '-1', kind: 'taken', existing: other },
        { maxChatId: '-3', kind: 'taken', existing: 8 },
        { maxChatId: '-9', kind: 'different', existing: other },
      ]);
      expect(await store.total('all')).toBe(2);
      expect(await search('право')).toEqual([other]);
      expect((await store.get(other))?.chat.name).toBe('Право');
      expect(await store.importMany([line('-9', { id: other, name: 'Химия' })], T0)).toMatchObject({ updated: 1 });
    });

    test('of the same file twice concurrently creates nothing twice', async () => {
      const many = Array.from({ length: 150 }, (_, i) =>
        line(`-${i + 1}`, { name: `Курс ${i}`, universityId: 1 + (i % 2) }),
      );
      const outcomes = await Promise.all([store.importMany(many, T0), store.importMany(many.toReversed(), T0)]);
      expect(outcomes.reduce((sum, { created }) => sum + created, 0)).toBe(150);
      expect(await Promise.all(SCOPES.map((scope) => store.total(scope)))).toEqual([150, 75, 75]);
      const rows = await listAll(store);
      expect(new Set(rows.map(({ chat }) => chat.maxChatId)).size).toBe(150);
      expect(await search('курс')).toEqual(idsOf(rows));
    });
  });
});

describe.each(IMPLEMENTATIONS)('paging in %s', (_, open) => {
  /** Few names, counts and times, so that many rows are equal. */
  const chat = fc.record({
    name: fc.oneof(
      fc.constantFrom('а', 'аа', 'Ёж', 'еж', 'еж 1'),
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 3 }),
    ),
    universityId: fc.constantFrom(1, 2, null),
    participantsCount: fc.constantFrom(null, 0, 9, 10),
    at: fc.constantFrom(T0, T0 + 1),
  });
  let stores: Stores;
  let store: ChatStore;
  beforeAll(async () => {
    stores = await open();
    store = stores.chats;
    const chats = fc.sample(chat, { numRuns: 120, seed: 42 });
    for (const at of [T0, T0 + 1]) {
      const lines = chats
        .map((one, i) => ({ at: one.at, line: line(`-${i + 1}`, one) }))
        .filter((one) => one.at === at);
      await store.importMany(
        lines.map((one) => one.line),
        at,
      );
    }
  });

  test('visits every chat of the scope once, in order, for any sort and page size', async () => {
    const all = [...(await store.getMany([...Array(200).keys()])).values()];
    expect(all).toHaveLength(120);
    const request = fc.record({
      sort: fc.constantFrom(...SORTS),
      order: fc.constantFrom(...ORDERS),
      scope: fc.constantFrom(...SCOPES),
      search: fc.constantFrom(undefined, 'е', 'еж 1'),
      limit: fc.integer({ min: 7, max: 100 }),
    });
    await fc.assert(
      fc.asyncProperty(request, async ({ sort, order, scope, search, limit }) => {
        const compare = comparePositions(order);
        const expected = all
          .filter(({ chat }) => matchesQuery(chat, query({ scope, search })))
          .map(({ chat, participantsCount }) => positionOf(sort, chat, participantsCount))
          .sort(compare)
          .map(({ id }) => id);
        const pages = await findPages(stores, { query: query({ scope, search }), sort, order, limit });
        expect(pages.flatMap(({ rows }) => idsOf(rows))).toEqual(expected);
        for (const { total } of pages) expect(total).toBe(expected.length);
        for (const { rows } of pages.slice(0, -1)) expect(rows).toHaveLength(limit);
      }),
      { numRuns: 60 },
    );
  });
});

/** Returns the missing and wrong entries of posting lists. */
async function postingsLeft(database: Database): Promise<string[]> {
  const { Items: items = [] } = await database.client.send(new ScanCommand({ TableName: database.tables.postings }));
  const { Items: chats = [] } = await database.client.send(new ScanCommand({ TableName: database.tables.chats }));
  const lists = (items as PostingItem[]).filter((item) => !isColumn(item));
  const listed = lists.flatMap(({ group, key, ids }) => {
    const { word, chunk } = readKey(key);
    return [...offsetsOf(decodeChunk(ids))].map(
      (offset) => `${termKey({ group, word })} ${chunk * CHUNK_IDS + offset}`,
    );
  });
  const right = (chats as ChatItem[])
    .map(chatOf)
    .flatMap((chat) => termsOf(chat).map((term) => `${termKey(term)} ${chat.id}`));
  return [...new Set(right).symmetricDifference(new Set(listed))];
}

/** After the same operations, the stores in memory and in DynamoDB give the same results and have the same content. */
test('the stores are equivalent', async () => {
  const some = fc.record(
    {
      name: fc.constantFrom('Физика', 'физика 2', 'Ёлка', '🎄', 'елка физика'),
      maxChatId: fc.constantFrom('-1', '-2', '-3', null),
      universityId: fc.constantFrom(1, 2, null),
      department: fc.constantFrom('Деканат', null),
      source: fc.constantFrom('crm', 'CRM ', null),
    },
    { requiredKeys: [] },
  );
  const id = fc.integer({ min: 1, max: 6 });
  const maxChatId = fc.constantFrom('-1', '-2', '-3');
  const at = fc.integer({ min: T0, max: T0 + 5 });
  const reading = fc.oneof(
    fc.record({ kind: fc.constant('count' as const), count: fc.nat(20) }),
    fc.record({
      kind: fc.constant('unavailable' as const),
      status: fc.constantFrom('gone' as const, 'denied' as const),
    }),
  );
  type Step = (stores: Stores) => Promise<unknown>;
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.tuple(some, at).map(
      ([some, at]): Step =>
        ({ chats }) =>
          chats.create(fields(some), at),
    ),
    fc.tuple(id, some, at).map(
      ([id, patch, at]): Step =>
        ({ chats }) =>
          chats.update(id, patch, at),
    ),
    id.map(
      (id): Step =>
        ({ chats }) =>
          chats.delete(id),
    ),
    fc.tuple(fc.array(fc.tuple(maxChatId, some, fc.option(fc.nat(20)))), at).map(
      ([lines, at]): Step =>
        ({ chats }) =>
          chats.importMany(
            lines.map(([max, some, participantsCount]) => ({
              ...line(max, { ...some, maxChatId: max }),
              participantsCount,
            })),
            at,
          ),
    ),
    fc.tuple(id, maxChatId, reading, at, at).map(
      ([id, maxChatId, reading, askedAt, dueAt]): Step =>
        ({ counts }) =>
          counts.apply({ id, maxChatId }, reading, { askedAt, dueAt }),
    ),
    fc.tuple(fc.array(id), at).map(
      ([ids, at]): Step =>
        ({ counts }) =>
          counts.postpone(ids, at),
    ),
  );
  const byId = (a: { id: number }, b: { id: number }) => a.id - b.id;
  const state = async ({ chats, counts, postings }: Stores) => ({
    all: await chats.getMany([...Array(80).keys()]).then((found) => [...found].sort(([a], [b]) => a - b)),
    lists: await Promise.all(SORTS.flatMap((sort) => SCOPES.map((scope) => listAll(chats, { sort, scope, limit: 2 })))),
    found: await Promise.all(
      ['ф', 'елка', 'дек', '2', 'crm', '-2'].map((search) =>
        findPages({ chats, postings }, { query: query({ search }) }),
      ),
    ),
    places: await Promise.all(
      COLUMNS.map(async (column) =>
        (await postings.positions(column, IdSet.of(Array(80).keys()))).sort((a, b) => a.id - b.id),
      ),
    ),
    gone: await findIds({ chats, postings }, { query: query({ statuses: ['gone', 'unlinked'] }) }),
    totals: await Promise.all(SCOPES.map((scope) => chats.total(scope))),
    owners: await Promise.all(['-1', '-2', '-3'].map((max) => chats.findByMaxChatId(max))),
    due: [...(await counts.due(T0 + 9, 100, undefined))].sort(byId),
    lastId: await chats.lastId(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
      const [memory, dynamo] = [await openMemory(), await openDynamo()];
      for (const step of steps) expect(await step(dynamo)).toEqual(await step(memory));
      expect(await state(dynamo)).toEqual(await state(memory));
      expect(await postingsLeft(dynamo.database)).toEqual([]);
    }),
    { numRuns: 12 },
  );
}, 120_000);
