import fc from 'fast-check';
import { expect, inject, test } from 'vitest';
import { createDynamoChatStore } from '../../lib/adapters/dynamodb/chat-store.ts';
import { createDynamoCountStore } from '../../lib/adapters/dynamodb/count-store.ts';
import { createDynamoPostingRepairStore } from '../../lib/adapters/dynamodb/posting-repair-store.ts';
import { matchesQuery } from '../../lib/chats/query.ts';
import { comparePositions, positionOf } from '../../lib/chats/sort-keys.ts';
import { createRepairPostings } from '../../lib/listing/repair-postings.ts';
import { connectDynamo } from '../support/dynamodb.ts';
import { fields, findPages, idsOf, line, openDynamo, query, type Stores, T0 } from '../support/stores.ts';

/** Writers that die between two requests to DynamoDB: what readers find meanwhile, and after the nightly repair. */

class Dead extends Error {}

const SEARCHES = ['физика', 'физ', 'химия', 'х', 'деканат', 'crm', '-1'].map((search) => query({ search }));
const FILTERS = [
  query({ scope: { universityId: 1 }, search: 'физ' }),
  query({ department: 'деканат' }),
  query({ source: 'crm' }),
  query({ statuses: ['active'] }),
  query({ statuses: ['gone', 'unlinked'] }),
];

/** Stores of a writer whose `at`-th request and all after it fail, before or after DynamoDB has taken it. */
function mortalWriter({ database }: Awaited<ReturnType<typeof openDynamo>>, at: number, taken: boolean) {
  const client = connectDynamo(inject('dynamodbEndpoint'));
  let requests = 0;
  client.middlewareStack.add(
    (next) => async (args) => {
      const request = requests++;
      if (request > at || (request === at && !taken)) throw new Dead();
      const answer = await next(args);
      if (request === at) throw new Dead();
      return answer;
    },
    { step: 'initialize' },
  );
  const mortal = { ...database, client };
  return {
    chats: createDynamoChatStore(mortal),
    counts: createDynamoCountStore(mortal),
    /** Whether it has died. */
    get died() {
      return requests > at;
    },
  };
}

/** Rows are those of a filter over all chats, in order. @returns the totals. */
async function expectFound(stores: Stores): Promise<{ readonly given: number[]; readonly right: number[] }> {
  const chats = [...(await stores.chats.getMany([...Array(40).keys()])).values()];
  const given: number[] = [];
  const right: number[] = [];
  for (const conditions of [...SEARCHES, ...FILTERS]) {
    for (const sort of ['id', 'name'] as const) {
      const expected = chats
        .filter(({ chat }) => matchesQuery(chat, conditions))
        .map(({ chat, participantsCount }) => positionOf(sort, chat, participantsCount))
        .sort(comparePositions('asc'))
        .map(({ id }) => id);
      const pages = await findPages(stores, { query: conditions, sort, limit: 3 });
      expect(pages.flatMap(({ rows }) => idsOf(rows))).toEqual(expected);
      for (const page of pages.slice(0, -1)) expect(page.rows).toHaveLength(3);
      given.push(pages[0]?.total ?? 0);
      right.push(expected.length);
    }
  }
  return { given, right };
}

const changes = fc.oneof(
  fc.record({
    kind: fc.constant('create' as const),
    name: fc.constantFrom('Физика 1', 'Химия', 'Физика и химия'),
    source: fc.constantFrom('crm', null),
  }),
  fc.record({
    kind: fc.constant('update' as const),
    id: fc.integer({ min: 1, max: 6 }),
    name: fc.constantFrom('Физика 2', 'Химия', 'Физхим'),
    universityId: fc.constantFrom(1, 2, null),
    department: fc.constantFrom('Деканат', null),
  }),
  fc.record({ kind: fc.constant('delete' as const), id: fc.integer({ min: 1, max: 6 }) }),
  fc.record({
    kind: fc.constant('refuse' as const),
    id: fc.integer({ min: 1, max: 6 }),
    status: fc.constantFrom('gone' as const, 'denied' as const),
  }),
  fc.record({ kind: fc.constant('import' as const), name: fc.constantFrom('Физика 3', 'Химия 4') }),
);

type Change = typeof changes extends fc.Arbitrary<infer C> ? C : never;

function apply(change: Change, { chats, counts }: Pick<Stores, 'chats' | 'counts'>, step: number): Promise<unknown> {
  switch (change.kind) {
    case 'create':
      return chats.create(fields({ name: change.name, source: change.source }), T0 + step);
    case 'update': {
      const { kind: _, id, ...patch } = change;
      return chats.update(id, patch, T0 + step);
    }
    case 'delete':
      return chats.delete(change.id);
    case 'refuse': {
      const refused = { kind: 'unavailable', status: change.status } as const;
      return counts.apply({ id: change.id, maxChatId: `-${change.id}` }, refused, { askedAt: T0 + step, dueAt: T0 });
    }
    case 'import':
      return chats.importMany([line(`-${100 + step}`, { name: change.name }), line('-1', { name: change.name })], T0);
  }
}

test('whatever breaks off, pages are right, and after a repair totals are exact', async () => {
  const crash = fc.tuple(changes, fc.nat(12), fc.boolean());
  await fc.assert(
    fc.asyncProperty(fc.array(crash, { minLength: 1, maxLength: 6 }), async (crashes) => {
      const stores = await openDynamo();
      const lines = ['Физика', 'Химия', 'Физика', 'Право', 'Физхим', 'Химия 2'];
      await stores.chats.importMany(
        lines.map((name, i) => line(`-${i + 1}`, { name, universityId: 1 + (i % 2), department: 'Деканат' })),
        T0,
      );
      for (const [step, [change, at, taken]] of crashes.entries()) {
        const writer = mortalWriter(stores, at, taken);
        await apply(change, writer, step + 1).catch((error: unknown) => {
          if (!writer.died) throw error;
        });
      }
      const { given, right } = await expectFound(stores);
      // A list may have an id too many, never one too few.
      given.forEach((total, i) => {
        expect(total).toBeGreaterThanOrEqual(right[i] ?? 0);
      });
      let now = T0;
      const sleepless = {
        now: () => now,
        async sleep(ms: number) {
          now += ms;
        },
      };
      const repairs = createDynamoPostingRepairStore(stores.database);
      await createRepairPostings({ chatStore: stores.chats, repairs, clock: sleepless })(Number.POSITIVE_INFINITY);
      const repaired = await expectFound(stores);
      expect(repaired.given).toEqual(repaired.right);
    }),
    { numRuns: 12 },
  );
}, 120_000);
