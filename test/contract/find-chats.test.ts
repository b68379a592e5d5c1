import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Chat, type Scope, SHOWN_STATUSES, shownStatus } from '../../lib/chats/chat.ts';
import { exactText, matchesQuery } from '../../lib/chats/query.ts';
import { comparePositions, positionOf, SORTS } from '../../lib/chats/sort-keys.ts';
import { createCountFacets, type Facet } from '../../lib/listing/count-facets.ts';
import { createFindChats, type FindRequest } from '../../lib/listing/find-chats.ts';
import { fields, findPages, IMPLEMENTATIONS, idsOf, line, query, type Stores, T0 } from '../support/stores.ts';

/** Many different chats, more than are read for sorting, so that all ways to a page are used. */
const CHATS = 1_500;
/** Mutation testing, which repeats these tests for a thousand mutants, tries fewer requests. */
const RUNS = Number(process.env.FIND_RUNS ?? 30);
const NAMES = ['Группа', 'Общежитие', 'Юридический', 'Ёлка', 'елочка', '日本語', 'a🎓b', "O'Neill", '100%', 'x'];
const DEPARTMENTS = ['Деканат', 'Кафедра Ёлок', 'деканат', null];
const SOURCES = ['crm', 'CRM', 'академия № 1', '...', null];
const SCOPES: readonly Scope[] = ['all', { universityId: 1 }, { universityId: 2 }];

describe.each(IMPLEMENTATIONS)('finding chats in %s', (_, open) => {
  let stores: Stores;
  let chats: { readonly chat: Chat; readonly participantsCount: number | null }[];

  beforeAll(async () => {
    stores = await open();
    const lines = Array.from({ length: CHATS }, (_, i) =>
      line(`-${68_000_000_000_000 + i}`, {
        name: `${NAMES[(i * 7) % NAMES.length]} ${i % 41} ${NAMES[(i * 3) % NAMES.length]}`,
        universityId: [1, 2, null, 1][i % 4] ?? null,
        department: DEPARTMENTS[(i >> 2) % DEPARTMENTS.length] ?? null,
        source: SOURCES[(i >> 3) % SOURCES.length] ?? null,
        participantsCount: i % 5 === 0 ? null : (i * 31) % 57,
      }),
    );
    for (let i = 0; i < CHATS; i += 500) await stores.chats.importMany(lines.slice(i, i + 500), T0 + i);
    await stores.chats.create(fields({ name: 'Группа без MAX', source: '-68000000000003' }), T0);
    for (const [i, status] of (['gone', 'denied', 'closed', 'gone'] as const).entries()) {
      const id = 10 + 97 * i;
      const maxChatId = (await stores.chats.get(id))?.chat.maxChatId ?? '';
      const refused = { kind: 'unavailable', status } as const;
      await stores.counts.apply({ id, maxChatId }, refused, { askedAt: T0 + 1, dueAt: T0 });
    }
    chats = [...(await stores.chats.getMany([...Array(CHATS + 2).keys()])).values()];
    expect(chats).toHaveLength(CHATS + 1);
  }, 60_000);

  const search = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.constantFrom('гру', 'груп', 'г', 'юрид', 'е', 'ёлк', '4', '40', 'гру юри', 'общ x', 'x'),
    },
    { weight: 2, arbitrary: fc.constantFrom('нет такого', '-68000000000003', 'CRM', '...', '№', 'академия № 1', '🎓') },
    {
      weight: 1,
      arbitrary: fc.constantFrom('%', "'", '_', 'ı', 'й', 'и\u0306', 'ǅ', 'a'.repeat(200), 'а '.repeat(100)),
    },
    { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 20 }) },
  );
  const request = fc.record({
    query: fc
      .record({
        scope: fc.constantFrom(...SCOPES),
        search: fc.option(search, { nil: undefined }),
        department: fc.constantFrom(undefined, undefined, exactText('ДЕКАНАТ'), exactText('кафедра елок'), 'деканат 1'),
        source: fc.constantFrom(undefined, undefined, undefined, 'crm', exactText('Академия № 1')),
        statuses: fc.oneof(
          { weight: 3, arbitrary: fc.constant([]) },
          { weight: 2, arbitrary: fc.subarray([...SHOWN_STATUSES], { minLength: 1 }) },
        ),
      })
      .map(query),
    sort: fc.constantFrom(...SORTS),
    order: fc.constantFrom('asc' as const, 'desc' as const),
  });

  function expected({ query, sort, order }: Pick<FindRequest, 'query' | 'sort' | 'order'>): number[] {
    return chats
      .filter(({ chat }) => matchesQuery(chat, query))
      .map(({ chat, participantsCount }) => positionOf(sort, chat, participantsCount))
      .sort(comparePositions(order))
      .map(({ id }) => id);
  }

  test('finds the same chats as a filter over all chats, in order, with exact totals and full pages', async () => {
    await fc.assert(
      fc.asyncProperty(request, fc.constantFrom(30, 100, 400), async (request, limit) => {
        const ids = expected(request);
        const pages = await findPages(stores, { ...request, limit });
        expect(pages.flatMap(({ rows }) => idsOf(rows))).toEqual(ids);
        for (const page of pages) expect(page.total).toBe(ids.length);
        for (const page of pages.slice(0, -1)) expect(page.rows).toHaveLength(limit);
      }),
      { numRuns: 5 * RUNS },
    );
  }, 120_000);

  test('counts the values of the found chats', async () => {
    const count = (values: readonly (string | number | null)[]) => {
      const counts = new Map<string | number, number>();
      for (const value of values) if (value !== null) counts.set(value, (counts.get(value) ?? 0) + 1);
      return new Set([...counts].map(([value, chats]) => `${value}: ${chats}`));
    };
    const shown = (facets: readonly Facet<string | number>[]) => {
      expect(facets.map(({ chats }) => chats)).toEqual(facets.map(({ chats }) => chats).sort((a, b) => b - a));
      return new Set(
        facets.map(({ value, chats }) => `${typeof value === 'string' ? exactText(value) : value}: ${chats}`),
      );
    };
    const exact = (text: string | null) => text && exactText(text);
    await fc.assert(
      fc.asyncProperty(request, async ({ query }) => {
        const matching = chats.map(({ chat }) => chat).filter((chat) => matchesQuery(chat, query));
        const facets = await createCountFacets({ chatStore: stores.chats, postings: stores.postings })(query);
        expect(facets.total).toBe(matching.length);
        expect(shown(facets.universities)).toEqual(count(matching.map(({ universityId }) => universityId)));
        expect(shown(facets.departments)).toEqual(count(matching.map(({ department }) => exact(department))));
        expect(shown(facets.sources)).toEqual(count(matching.map(({ source }) => exact(source))));
        expect(shown(facets.statuses)).toEqual(count(matching.map(shownStatus)));
        for (const { value } of facets.sources) expect(chats.map(({ chat }) => chat.source)).toContain(value);
      }),
      { numRuns: 2 * RUNS },
    );
  }, 60_000);

  test('a cursor neither skips nor repeats unchanged chats while others change', async () => {
    const find = createFindChats({ chatStore: stores.chats, postings: stores.postings });
    for (const sort of SORTS) {
      const request = { query: query({ search: 'гру' }), sort, order: 'desc', limit: 60 } as const;
      const ids = expected(request);
      const first = await find({ ...request, after: undefined });
      const changed = [ids[0], ids[59], ids[60], ids[70]] as number[];
      for (const id of changed) await stores.chats.update(id, { name: `Другое ${id}` }, T0);
      const rest = ids.slice(60).filter((id) => !changed.includes(id));
      const next = await find({ ...request, after: first.next });
      expect(idsOf(next.rows)).toEqual(rest.slice(0, 60));
      expect(next.total).toBe(first.total - changed.length);
      for (const id of changed) {
        const before = chats.find(({ chat }) => chat.id === id)?.chat;
        await stores.chats.update(id, { name: before?.name ?? '' }, T0);
      }
      const now = await stores.chats.getMany(changed);
      chats = chats.map((stored) => now.get(stored.chat.id) ?? stored);
    }
  }, 60_000);
});
