import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Clock } from '../../lib/base/clock.ts';
import { IdSet, offsetsOf } from '../../lib/chats/id-set.ts';
import { comparePositions } from '../../lib/chats/sort-keys.ts';
import { termKey, termsOf } from '../../lib/chats/terms.ts';
import { createRepairPostings, type RepairReport } from '../../lib/listing/repair-postings.ts';
import type { PostingRepairStore } from '../../lib/state/posting-store.ts';
import { DEATHS, mortals } from '../support/mortal.ts';
import { created, findIds, IMPLEMENTATIONS, line, query, type Stores, T0 } from '../support/stores.ts';

/** The repair of posting lists, which in DynamoDB are derived data. */

/** The ids of all chats in these tests: in three chunks, the last one far away. */
const IDS = [1, 2, 3, 4_095, 4_096, 4_097, 9_000_000];

let stores: Stores;

/** Time passes only during sleeps. */
function sleepyClock(whileAsleep: (ms: number) => Promise<unknown> = async () => {}): Clock {
  let now = T0;
  return {
    now: () => now,
    async sleep(ms) {
      await whileAsleep(ms);
      now += ms;
    },
  };
}

const repair = (through: PostingRepairStore = stores.repairs, clock = sleepyClock()): Promise<RepairReport> =>
  createRepairPostings({ chatStore: stores.chats, repairs: through, clock })(Number.POSITIVE_INFINITY);

/** The entries of the lists, and those that the chats require. */
async function entries(): Promise<{ readonly listed: Set<string>; readonly right: Set<string> }> {
  const listed = new Set<string>();
  let after: unknown;
  do {
    const { chunks, next } = await stores.repairs.scan(after);
    for (const { term, chunk, bits } of chunks) {
      for (const offset of offsetsOf(bits)) listed.add(`${termKey(term)} ${chunk * 4_096 + offset}`);
    }
    after = next;
  } while (after !== undefined);
  const chats = [...(await stores.chats.getMany(IDS)).values()];
  expect(await stores.chats.total('all')).toBe(chats.length);
  const right = new Set(chats.flatMap(({ chat }) => termsOf(chat).map((term) => `${termKey(term)} ${chat.id}`)));
  return { listed, right };
}

async function expectRepaired(): Promise<void> {
  const { listed, right } = await entries();
  expect(listed).toEqual(right);
}

async function chatsInSeveralChunks(): Promise<void> {
  const lines = IDS.map((id) =>
    line(`-${id}`, { id, name: `Чат номер ${id}`, universityId: 1 + (id % 2), department: 'Деканат' }),
  );
  await stores.chats.importMany(lines, T0);
}

describe.each(IMPLEMENTATIONS)('a repair in %s', (_, open) => {
  beforeEach(async () => {
    stores = await open();
  });

  test('of correct lists changes nothing', async () => {
    await chatsInSeveralChunks();
    expect(await repair()).toMatchObject({ chats: 7, gaps: 0, orphans: 0, finished: true });
    await expectRepaired();
  });

  test('of no chats is complete', async () => {
    expect(await repair()).toEqual({ chats: 0, chunks: 0, gaps: 0, orphans: 0, finished: true });
    expect(await stores.postings.isComplete()).toBe(true);
  });

  test('adds gaps and removes orphans, of existing and other chats', async () => {
    await chatsInSeveralChunks();
    const [word, other] = [
      { group: '^чат', word: '' },
      { group: '^нет', word: '' },
    ];
    await stores.setPosting(word, 2, false);
    await stores.setPosting({ group: '=university', word: '2' }, 4_096, true);
    await stores.setPosting(other, 4_097, true);
    await stores.setPosting(other, 77_777, true);
    expect(await findIds(stores, { query: query({ search: 'чат' }) })).not.toContain(2);
    expect(await repair()).toMatchObject({ gaps: 1, orphans: 3, finished: true });
    await expectRepaired();
    expect(await findIds(stores, { query: query({ search: 'чат' }) })).toContain(2);
  });

  test('waits before it removes an orphan, because its chat may be in the process of being written', async () => {
    await created(stores.chats, { name: 'Первый' });
    const term = { group: '^вто', word: '' };
    await stores.setPosting(term, 2, true);
    let waited = 0;
    const waiting = sleepyClock(async (ms) => {
      waited += ms;
      // Its writer was slow.
      await created(stores.chats, { name: 'Второй' });
    });
    expect(await repair(stores.repairs, waiting)).toMatchObject({ orphans: 1, finished: true });
    expect(waited).toBe(60_000);
    await expectRepaired();
    expect(await findIds(stores, { query: query({ search: 'вто' }) })).toEqual([2]);
  });

  test('writes nothing of a version of a chat that was changed meanwhile', async () => {
    await chatsInSeveralChunks();
    for (const id of [2, 3]) await stores.setPosting({ group: '^чат', word: '' }, id, false);
    const slow: PostingRepairStore = {
      ...stores.repairs,
      async correct(chats, missing) {
        if (chats.some(({ id }) => id === 2)) {
          await stores.chats.update(2, { name: 'Яблоко', department: null }, T0 + 1);
          await stores.chats.delete(3);
        }
        await stores.repairs.correct(chats, missing);
      },
    };
    expect(await repair(slow)).toMatchObject({ gaps: 2, finished: true });
    await expectRepaired();
    const positions = await stores.postings.positions('name', IdSet.of(IDS));
    const listing = { scope: 'all', sort: 'name', order: 'asc', limit: 10, after: undefined } as const;
    const { rows } = await stores.chats.list(listing);
    expect(rows.at(-1)?.chat.name).toBe('Яблоко');
    expect(positions.sort(comparePositions('asc')).map(({ id }) => id)).toEqual(rows.map(({ chat }) => chat.id));
  });

  test('that was interrupted anywhere is finished by the next one', async () => {
    await chatsInSeveralChunks();
    for (const death of DEATHS) {
      for (let at = 0; ; at++) {
        for (const id of [1, 4_096, 9_000_000]) await stores.setPosting({ group: '^чат', word: '' }, id, false);
        for (const id of [1, 4_096, 55_555]) await stores.setPosting({ group: '^вон', word: '' }, id, true);
        const end = mortals(death, at);
        const dying = end.worker();
        await Promise.race([repair(dying.through(stores.repairs)).catch(() => undefined), dying.dead]);
        await repair();
        await expectRepaired();
        if (!end.met) break;
        if (at > 40) throw new Error('the repair has no end');
      }
    }
  }, 120_000);

  test('corrects any lists', async () => {
    await chatsInSeveralChunks();
    const terms = ['^чат', '^ч', '^дек', '^x', '=status', '=university'].flatMap((group) =>
      ['', 'active', '1', 'зебра'].map((word) => ({ group, word })),
    );
    const id = fc.constantFrom(1, 2, 4_095, 4_096, 5_000, 8_192, 9_000_000);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.constantFrom(...terms), id, fc.boolean())), async (changes) => {
        for (const [term, one, present] of changes) await stores.setPosting(term, one, present);
        await repair();
        await expectRepaired();
      }),
      { numRuns: 15 },
    );
  }, 60_000);
});
