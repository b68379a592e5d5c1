import { beforeEach, describe, expect, test } from 'vitest';
import type { Scope } from '../../../lib/chats/chat.ts';
import { createValidateCounts } from '../../../lib/listing/validate-counts.ts';
import { createViewCounts } from '../../../lib/listing/view-counts.ts';
import type { ChatAnswer } from '../../../lib/max-api/api.ts';
import { createFetchCount } from '../../../lib/refreshing/request-max.ts';
import { randomStream } from '../../../localstack/max/random.ts';
import { type FakeClock, fakeClock } from '../../support/fake-clock.ts';
import {
  counted,
  failing,
  HOUR,
  listening,
  type MemoryCounts,
  type MemoryQueue,
  memoryCounts,
  memoryQueue,
  memoryViewCounter,
  openPermits,
  type ScriptedMax,
  scriptedMax,
} from '../../support/participants.ts';
import { created, openMemory, type Stores, T0 } from '../../support/stores.ts';

type ValidateDeps = Parameters<typeof createValidateCounts>[0];

let clock: FakeClock;
let stores: Stores;
let cache: MemoryCounts;
/** The lease of validations, separate from those of chats. */
let leases: MemoryCounts;
let queue: MemoryQueue;
let maxApi: ScriptedMax;
let answer: (chat: number) => ChatAnswer;
let tookMs: number;

beforeEach(async () => {
  clock = fakeClock(T0);
  stores = await openMemory();
  cache = memoryCounts(clock);
  leases = memoryCounts(clock);
  queue = memoryQueue();
  tookMs = 40;
  answer = (chat) => counted(100 + chat);
  maxApi = scriptedMax(async (id) => {
    await clock.sleep(tookMs);
    return answer(-Number(id));
  });
});

let validations = 0;
function depsOf(random: () => number = randomStream(1)): ValidateDeps & { lanes: string[] } {
  const permits = openPermits();
  const { events } = listening();
  const fetchCount = createFetchCount({
    ...{ maxApi, permits, clock, telemetry: events, random },
    settings: { timeoutMs: 5_000, maxRetries: 0 },
  });
  const viewCounts = createViewCounts({
    ...{ chatStore: stores.chats, cache, leases: cache, queue, clock, telemetry: events },
    refreshChat: () => Promise.reject(new Error('a validation refreshes nothing')),
    newId: () => 'validation',
    viewCounter: memoryViewCounter(),
    random,
    settings: { freshMs: HOUR, batchSize: 50, lazyUpdate: false, integrationDisabled: false },
  });
  return {
    chatStore: stores.chats,
    viewCounts,
    fetchCount,
    ...{ leases, clock, newId: () => `validation-${++validations}`, random },
    get lanes() {
      return permits.asked.map(({ lane }) => lane);
    },
  };
}

const validate = (size: number, scope: Scope = 'all', deadline = T0 + 60_000, deps: ValidateDeps = depsOf()) =>
  clock.until(createValidateCounts(deps)(scope, size, deadline));

/** Creates chats of one university with counts in MAX; @returns their ids. */
async function chats(n: number, universityId = 1): Promise<number[]> {
  const ids: number[] = [];
  for (let i = 0; i < n; i += 1) {
    const id = await created(stores.chats, { universityId });
    await stores.chats.update(id, { maxChatId: `-${id}` }, T0);
    await keep(id, 100 + id);
    ids.push(id);
  }
  return ids;
}
const keep = (id: number, count: number) =>
  stores.counts.apply({ id, maxChatId: `-${id}` }, { kind: 'count', count }, { askedAt: clock.now(), dueAt: T0 });

/** Caches a count that is newer than the stored one. */
const remember = (id: number, count: number) =>
  cache.putMany(new Map([[id, { count, updatedAt: new Date(T0 + 1).toISOString(), source: 'api' }]]));

describe('only one at a time', () => {
  test('a second validation sends nothing while the first one is running, and the next one may run', async () => {
    await chats(20);
    const first = createValidateCounts(depsOf())('all', 10, T0 + 60_000);
    await clock.advance(100);
    const asked = maxApi.calls.length;
    const second = depsOf();
    expect(await createValidateCounts(second)('all', 10, T0 + 60_000)).toEqual({ kind: 'under_way' });
    expect(second.lanes).toEqual([]);
    expect(maxApi.calls).toHaveLength(asked);
    expect(await clock.until(first)).toMatchObject({ kind: 'report' });
    expect(await validate(10)).toMatchObject({ kind: 'report' });
  });

  test('a failed one releases the lease, and the lease of a dead one expires at its deadline', async () => {
    await chats(3);
    const failing = { ...depsOf(), chatStore: { ...stores.chats, total: () => Promise.reject(new Error('down')) } };
    await expect(validate(10, 'all', T0 + 60_000, failing)).rejects.toThrow('down');
    await leases.takeFetching('validation', 'the dead', 26_000);
    expect(await validate(10)).toEqual({ kind: 'under_way' });
    await clock.advance(26_000);
    expect(await validate(10)).toMatchObject({ kind: 'report' });
  });

  test.each([
    [26_000, 26_000],
    [0, 1],
    [-5, 1],
  ])('takes the lease until its deadline, in %i ms', async (timeMs, ttlMs) => {
    const ttls: number[] = [];
    const noting: ValidateDeps['leases'] = {
      ...leases,
      takeFetching(of, owner, ttl) {
        ttls.push(ttl);
        return leases.takeFetching(of, owner, ttl);
      },
    };
    await validate(1, 'all', T0 + timeMs, { ...depsOf(), leases: noting });
    expect(ttls).toEqual([ttlMs]);
  });
});

describe('the report', () => {
  test('for correct counts has no mismatches', async () => {
    await chats(5);
    const deps = depsOf();
    expect(await validate(10, 'all', T0 + 60_000, deps)).toEqual({
      kind: 'report',
      report: {
        ...{ sample_size: 5, checked: 5, matched: 5, mismatched: 0, unavailable: 0 },
        ...{ accuracy: 1, mean_abs_drift: 0, max_drift: 0, mismatches: [] },
      },
    });
    expect(deps.lanes).toEqual(Array(5).fill('interactive'));
  });

  test('counts, sorts and sums mismatches', async () => {
    await chats(8);
    const drifts = new Map([
      [2, -3],
      [3, 10],
      [4, 3],
    ]);
    await created(stores.chats, { maxChatId: '-9' });
    answer = (chat) => {
      if (chat === 7) return { kind: 'denied' };
      if (chat === 8) return { kind: 'not_found' };
      return counted(100 + chat + (drifts.get(chat) ?? 0));
    };
    const time = new Date(T0).toISOString();
    expect(await validate(100)).toEqual({
      kind: 'report',
      report: {
        ...{ sample_size: 9, checked: 7, matched: 3, mismatched: 4, unavailable: 2 },
        accuracy: 3 / 7,
        mean_abs_drift: (109 + 10 + 3 + 3) / 7,
        max_drift: 109,
        mismatches: [
          { chat_id: 9, shown: null, actual: 109, drift: 109, participants_updated_at: null },
          { chat_id: 3, shown: 103, actual: 113, drift: 10, participants_updated_at: time },
          { chat_id: 2, shown: 102, actual: 99, drift: -3, participants_updated_at: time },
          { chat_id: 4, shown: 104, actual: 107, drift: 3, participants_updated_at: time },
        ],
      },
    });
  });

  test('sorts mismatches with the same drift by id, in whatever order MAX responds', async () => {
    await chats(5);
    for (const id of [1, 2, 3, 4, 5]) await remember(id, 7);
    maxApi = scriptedMax(async (id) => {
      await clock.sleep(100 + 10 * Number(id));
      return counted(0);
    });
    const outcome = await validate(5);
    expect(outcome.kind === 'report' && outcome.report.mismatches.map(({ chat_id }) => chat_id)).toEqual([
      1, 2, 3, 4, 5,
    ]);
  });

  test('shows no count for a chat without a shown one', async () => {
    await chats(1);
    const viewCounts = async () => new Map();
    expect(await validate(1, 'all', T0 + 60_000, { ...depsOf(), viewCounts })).toMatchObject({
      report: { mismatches: [{ shown: null, actual: 101, drift: 101, participants_updated_at: null }] },
    });
  });

  test('treats a never-read count and an actual count of 0 as a mismatch', async () => {
    await created(stores.chats, { maxChatId: '-1' });
    answer = () => counted(0);
    expect(await validate(1)).toMatchObject({
      report: { checked: 1, matched: 0, mismatches: [{ shown: null, actual: 0, drift: 0 }], accuracy: 0, max_drift: 0 },
    });
  });

  test('compares with the served counts: the cache before the store', async () => {
    const [id = 0] = await chats(1);
    await remember(id, 50);
    expect(await validate(1)).toMatchObject({ report: { mismatches: [{ shown: 50, actual: 101, drift: 51 }] } });
  });

  test('does not report a refresh during the validation as drift', async () => {
    const [id = 0] = await chats(1);
    answer = () => counted(7);
    const validating = validate(1);
    await stores.counts.apply(
      { id, maxChatId: `-${id}` },
      { kind: 'count', count: 7 },
      { askedAt: T0 + 1, dueAt: T0 + HOUR },
    );
    expect(await validating).toMatchObject({ report: { matched: 1 } });
  });

  test('does not request chats that MAX has refused before', async () => {
    await chats(3);
    await stores.counts.apply(
      { id: 2, maxChatId: '-2' },
      { kind: 'unavailable', status: 'denied' },
      { askedAt: T0 + 1, dueAt: T0 },
    );
    expect(await validate(3)).toMatchObject({ report: { sample_size: 3, checked: 2, unavailable: 1 } });
    expect(maxApi.calls).toHaveLength(2);
  });

  test('is empty without chats', async () => {
    await created(stores.chats, {});
    expect(await validate(100)).toMatchObject({
      kind: 'report',
      report: { sample_size: 0, checked: 0, accuracy: null, mean_abs_drift: null, max_drift: null },
    });
  });
});

describe('when the time runs out', () => {
  test('the report contains the checked chats', async () => {
    await chats(30);
    tookMs = 100;
    // Three at a time.
    expect(await validate(30, 'all', T0 + 450)).toMatchObject({
      kind: 'report',
      report: { sample_size: 30, checked: 15, matched: 15, unavailable: 0, accuracy: 1 },
    });
    expect(maxApi.calls).toHaveLength(15);
  });

  test.each(['auth', 'timeout', 'network'] as const)(
    'or it gives the reason if no chat could be compared: %s',
    async (error) => {
      await chats(5);
      answer = () => failing(error);
      expect(await validate(5)).toEqual({ kind: 'max_unreachable', reason: error });
    },
  );

  test('or it reports that before any request', async () => {
    await chats(5);
    expect(await validate(5, 'all', T0)).toEqual({ kind: 'max_unreachable', reason: 'busy' });
  });
});

test('changes nothing: no store, no queue, no lease of a chat, no refresh', async () => {
  await chats(20);
  answer = (chat) => (chat === 5 ? { kind: 'not_found' } : counted(1));
  const all = async () => [await stores.chats.getMany(Array.from({ length: 20 }, (_, i) => i + 1))];
  const before = JSON.stringify((await all()).map((map) => [...map]));
  const due = await stores.counts.due(Number.MAX_SAFE_INTEGER, 100, undefined);
  await validate(20);
  expect(JSON.stringify((await all()).map((map) => [...map]))).toBe(before);
  expect(await stores.counts.due(Number.MAX_SAFE_INTEGER, 100, undefined)).toEqual(due);
  expect(queue.requests).toBe(0);
  expect(cache.calls.filter((call) => call !== 'getMany' && call !== 'putMany')).toEqual([]);
});

describe('the sample', () => {
  /**
   * Pearson's chi-square of how often each chat was drawn, against all being equal. Without replacement the draws of one
   * sample push each other away, which makes it smaller by (n - size) / (n - 1); so it is divided by that.
   */
  function chiSquare(
    drawn: ReadonlyMap<number, number>,
    ids: readonly number[],
    size: number,
    samples: number,
  ): number {
    const expected = (samples * size) / ids.length;
    const sum = ids.reduce((total, id) => total + ((drawn.get(id) ?? 0) - expected) ** 2 / expected, 0);
    return (sum * (ids.length - 1)) / (ids.length - size);
  }

  async function draw(scope: Scope, size: number, samples: number): Promise<Map<number, number>> {
    const drawn = new Map<number, number>();
    tookMs = 0;
    for (let seed = 1; seed <= samples; seed += 1) {
      maxApi.calls.length = 0;
      // Different streams for seeds, because streams of neighbouring seeds start similarly.
      const random = randomStream(Math.imul(seed, 0x9e3779b1));
      await validate(size, scope, clock.now() + 60_000, depsOf(random));
      expect(new Set(maxApi.calls).size).toBe(size);
      for (const call of maxApi.calls) drawn.set(-Number(call), (drawn.get(-Number(call)) ?? 0) + 1);
    }
    return drawn;
  }

  // 29 degrees of freedom: 1 in a thousand is over 58.3, 1 in a thousand under 10.2. The seeds are fixed.
  const SAMPLES = 1_500;

  test.each<[string, Scope, number]>([
    ['by ids drawn at random', 'all', 5],
    ['by walking the listing, when nearly all are wanted', 'all', 16],
    ['by walking the listing of one university', { universityId: 1 }, 5],
  ])('is uniform, %s', async (_, scope, size) => {
    // Gaps in the ids at the start and in between, as after deletions, and chats that are not in MAX.
    await created(stores.chats, {});
    const ids = await chats(46);
    for (const [i, id] of ids.entries()) if (i % 3 === 1) await stores.chats.delete(id);
    const there = ids.filter((_, i) => i % 3 !== 1).slice(0, 30);
    for (const id of ids.filter((id) => !there.includes(id))) await stores.chats.delete(id);
    const before = scope === 'all' ? undefined : await chats(10, 2);
    const drawn = await draw(scope, size, SAMPLES);
    expect([...drawn.keys()].filter((id) => !there.includes(id))).toEqual([]);
    expect(before?.some((id) => drawn.has(id)) ?? false).toBe(false);
    const found = chiSquare(drawn, there, size, SAMPLES);
    expect(found).toBeLessThan(58.3);
    expect(found).toBeGreaterThan(10.2);
  });

  test('comes from the listing if hardly any id is in use', async () => {
    const ids = await chats(1);
    // As if millions of chats had been deleted.
    const chatStore = { ...stores.chats, lastId: async () => 10_000_000 };
    const rest = await chats(20);
    const outcome = await validate(5, 'all', T0 + 60_000, { ...depsOf(), chatStore });
    expect(outcome).toMatchObject({ report: { sample_size: 5, checked: 5 } });
    for (const call of maxApi.calls) expect([...ids, ...rest]).toContain(-Number(call));
  });

  describe('by ids drawn at random', () => {
    /** Deps that record which ids were drawn, and read no listing unless they may. */
    function drawing(random: () => number, listingMayBeRead = false) {
      const draws: (readonly number[])[] = [];
      const chatStore: ValidateDeps['chatStore'] = {
        ...stores.chats,
        list: (listing) =>
          listingMayBeRead ? stores.chats.list(listing) : Promise.reject(new Error('reads the listing')),
        getMany(ids) {
          draws.push(ids);
          return stores.chats.getMany(ids);
        },
      };
      // Without the ids that are read for their shown counts.
      return { draws, deps: { ...depsOf(random), chatStore, viewCounts: async () => new Map() } };
    }
    const ascending = (ids: readonly number[]) => ids.toSorted((a, b) => a - b);

    test('is read a hundred ids at a time, and no longer than needed', async () => {
      await chats(150);
      const { draws, deps } = drawing(randomStream(1));
      expect(await validate(5, 'all', T0 + 60_000, deps)).toMatchObject({ report: { sample_size: 5 } });
      expect(draws.map(({ length }) => length)).toEqual([100]);
      expect(maxApi.calls).toEqual(draws[0]?.slice(0, 5).map((id) => `-${id}`));
    });

    test('ends with the draw that found just enough chats', async () => {
      await chats(5);
      for (let i = 0; i < 195; i += 1) await created(stores.chats, {});
      let drawn = 0;
      const { draws, deps } = drawing(() => (drawn++ + 0.5) / 200);
      expect(await validate(5, 'all', T0 + 60_000, deps)).toMatchObject({ report: { sample_size: 5 } });
      expect(draws).toEqual([Array.from({ length: 100 }, (_, i) => i + 1)]);
    });

    test('can contain each id from 1 to the last one, and no other', async () => {
      await chats(30);
      const { draws, deps } = drawing(randomStream(1));
      await validate(3, 'all', T0 + 60_000, deps);
      expect(ascending(draws.flat())).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
    });

    test('is complete if all ids were drawn and just enough chats found', async () => {
      for (let i = 0; i < 8; i += 1) await created(stores.chats, {});
      await chats(3);
      const { draws, deps } = drawing(randomStream(1));
      expect(await validate(3, 'all', T0 + 60_000, deps)).toMatchObject({ report: { sample_size: 3, checked: 3 } });
      expect(draws.map(ascending)).toEqual([[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]]);
    });

    test('comes from the listing if all ids were drawn and too few chats found', async () => {
      for (let i = 0; i < 8; i += 1) await created(stores.chats, {});
      await chats(3);
      const { draws, deps } = drawing(randomStream(1), true);
      expect(await validate(5, 'all', T0 + 60_000, deps)).toMatchObject({ report: { sample_size: 3, checked: 3 } });
      expect(draws).toHaveLength(1);
    });

    test('comes from the listing after 40 draws', async () => {
      await chats(20);
      const { draws, deps } = drawing(randomStream(1), true);
      const lastId = async () => 10_000_000;
      const chatStore = { ...deps.chatStore, lastId };
      expect(await validate(5, 'all', T0 + 60_000, { ...deps, chatStore })).toMatchObject({
        report: { sample_size: 5 },
      });
      expect(draws).toHaveLength(40);
      expect(new Set(draws.flat()).size).toBe(4_000);
    });

    test.each([
      [5, 0],
      [4, 1],
    ])('of %i of 10 chats comes from the listing if these are half of them', async (size, drawn) => {
      await chats(10);
      const { draws, deps } = drawing(randomStream(1), true);
      expect(await validate(size, 'all', T0 + 60_000, deps)).toMatchObject({ report: { sample_size: size } });
      expect(draws).toHaveLength(drawn);
    });
  });

  test('of a listing is drawn from all its pages, and from the first chats by id if chance replaces none', async () => {
    await chats(105);
    const none = () => 0.999;
    await validate(2, { universityId: 1 }, T0 + 60_000, depsOf(none));
    expect(maxApi.calls).toEqual(['-1', '-2']);
    maxApi.calls.length = 0;
    const always = () => 0;
    await validate(2, { universityId: 1 }, T0 + 60_000, depsOf(always));
    expect(maxApi.calls).toEqual(['-105', '-2']);
  });

  test('contains only chats that the caller may see', async () => {
    await chats(5, 1);
    const own = await chats(5, 2);
    await validate(100, { universityId: 2 });
    expect(maxApi.calls.map((call) => -Number(call)).sort((a, b) => a - b)).toEqual(own);
  });

  test("is requested three at a time, so that people's requests go in between", async () => {
    await chats(30);
    let underWay = 0;
    let most = 0;
    const { fetchCount, ...deps } = depsOf();
    const watched: ValidateDeps['fetchCount'] = async (...given) => {
      underWay += 1;
      most = Math.max(most, underWay);
      const asked = await fetchCount(...given);
      underWay -= 1;
      return asked;
    };
    await validate(30, 'all', T0 + 60_000, { ...deps, fetchCount: watched });
    expect(most).toBe(3);
  });
});
