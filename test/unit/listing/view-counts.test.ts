import { beforeEach, describe, expect, test } from 'vitest';
import { createViewCounts } from '../../../lib/listing/view-counts.ts';
import type { ChatAnswer } from '../../../lib/max-api/api.ts';
import type { ListedChat } from '../../../lib/state/chat-store.ts';
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
  refreshing,
  type ScriptedMax,
  scriptedMax,
} from '../../support/participants.ts';
import { created, fields, listing, openMemory, type Stores, T0 } from '../../support/stores.ts';

type ViewCountsDeps = Parameters<typeof createViewCounts>[0];

let clock: FakeClock;
let stores: Stores;
let cache: MemoryCounts;
let queue: MemoryQueue;
let maxApi: ScriptedMax;
/** The response of MAX and its delay, ms. */
let tookMs: number;
let answer: ChatAnswer;
let reads: number[][];
let viewCounter: ReturnType<typeof memoryViewCounter>;
let sampled: number;

beforeEach(async () => {
  clock = fakeClock(T0);
  stores = await openMemory();
  cache = memoryCounts(clock);
  queue = memoryQueue();
  tookMs = 10;
  answer = counted(42);
  reads = [];
  viewCounter = memoryViewCounter();
  sampled = 0.5;
  maxApi = scriptedMax(async () => {
    await clock.sleep(tookMs);
    return answer;
  });
});

interface Options {
  readonly settings?: Partial<ViewCountsDeps['settings']>;
  readonly deps?: Partial<ViewCountsDeps>;
}

let readers = 0;
function reader({ settings, deps }: Options = {}) {
  const { told, events } = listening();
  const viewCounts = createViewCounts({
    chatStore: {
      ...stores.chats,
      getMany: (ids) => {
        reads.push([...ids]);
        return stores.chats.getMany(ids);
      },
    },
    cache,
    leases: cache,
    queue,
    // Like MAX's client, waits no longer than allowed.
    refreshChat: refreshing(stores, clock, { maxApi: impatient(maxApi), cache }),
    clock,
    telemetry: events,
    newId: () => `reader-${++readers}`,
    viewCounter,
    random: () => sampled,
    settings: { freshMs: HOUR, batchSize: 50, lazyUpdate: true, integrationDisabled: false, ...settings },
    ...deps,
  });
  return { told, viewCounts, read: (rows: readonly ListedChat[]) => clock.until(viewCounts(rows)) };
}

const impatient = (patient: ScriptedMax): ScriptedMax => ({
  ...patient,
  getChat: (id, timeoutMs) =>
    Promise.race([patient.getChat(id, timeoutMs), clock.sleep(timeoutMs).then(() => failing('timeout'))]),
});

const at = (ms: number) => new Date(ms).toISOString();

/** Creates chats `-1`, `-2` and so on, and the rows of a listing. */
async function chats(n: number, by: 'id' | 'participants_count' = 'id'): Promise<ListedChat[]> {
  for (let i = 1; i <= n; i += 1) await created(stores.chats, { maxChatId: `-${i}` });
  return (await stores.chats.list(listing({ sort: by, limit: 1_000 }))).rows.slice();
}
/** Stores a count of this age. */
const keep = (id: number, count: number, ageMs: number) =>
  stores.counts.apply(
    { id, maxChatId: `-${id}` },
    { kind: 'count', count },
    { askedAt: T0 - ageMs, dueAt: T0 - ageMs + HOUR },
  );
const remember = (id: number, count: number, ageMs: number) =>
  cache.putMany(new Map([[id, { count, updatedAt: at(T0 - ageMs), source: 'api' }]]));
const queuedIds = () => queue.messages.flatMap(({ message }) => message.ids);

describe('where counts come from', () => {
  test('the cache, in one round trip, if it has all of them', async () => {
    const rows = await chats(100);
    for (const { chat } of rows) await remember(chat.id, chat.id, 60_000);
    cache.calls.length = 0;
    const { read, told } = reader();
    const shown = await read(rows);
    expect(shown.size).toBe(100);
    expect(shown.get(7)).toEqual({
      participantsCount: 7,
      updatedAt: at(T0 - 60_000),
      source: 'cache',
      stale: false,
    });
    expect(cache.calls).toEqual(['getMany']);
    expect(reads).toEqual([]);
    expect(queue.requests).toBe(0);
    expect(told.lookedUp).toEqual([{ lookups: 100, hits: 100, staleHits: 0 }]);
  });

  test('the store for cache misses only; then the cache has them', async () => {
    const rows = await chats(4);
    for (const { chat } of rows) await keep(chat.id, 10 * chat.id, 60_000);
    await remember(1, 10, 60_000);
    await remember(3, 30, 60_000);
    const { read, told } = reader();
    const shown = await read(rows);
    expect(reads).toEqual([[2, 4]]);
    expect([...shown.values()].map((count) => count.participantsCount)).toEqual([10, 20, 30, 40]);
    expect([...shown.values()].map((count) => count.source)).toEqual([...['cache', 'database', 'cache', 'database']]);
    expect(told.lookedUp).toEqual([{ lookups: 4, hits: 2, staleHits: 0 }]);
    expect(await cache.getMany([2])).toEqual(
      new Map([[2, { count: 20, updatedAt: at(T0 - 60_000), source: 'database', maxChatId: '-2' }]]),
    );
    await read(rows);
    expect(reads).toHaveLength(1);
  });

  test('never the cached count of a MAX id that the chat had before', async () => {
    const [row] = await chats(1);
    await keep(1, 10, 60_000);
    // Written by a refresh that was under way when the chat got its MAX id.
    await cache.putMany(new Map([[1, { count: 99, updatedAt: at(T0), source: 'api', maxChatId: '-77' }]]));
    const { read, told } = reader();
    const shown = await read(row ? [row] : []);
    expect(shown.get(1)).toMatchObject({ participantsCount: 10, source: 'database' });
    expect(told.lookedUp).toEqual([{ lookups: 1, hits: 0, staleHits: 0 }]);
  });

  test('only the store while the cache is not available; then no refreshes are requested', async () => {
    const rows = await chats(3);
    await keep(1, 10, 60_000);
    await keep(2, 20, 2 * HOUR);
    cache.down = true;
    const { read, told } = reader();
    expect([...(await read(rows)).values()]).toMatchObject([
      { participantsCount: 10, source: 'database', stale: false },
      { participantsCount: 20, source: 'database', stale: true },
      { participantsCount: null, source: 'database', stale: true },
    ]);
    expect(cache.calls).toEqual(['getMany']);
    expect([queue.requests, maxApi.calls.length]).toEqual([0, 0]);
    expect(told.lookedUp).toEqual([{ lookups: 3, hits: 0, staleHits: 0 }]);
    // At once: no time passed.
    expect(clock.now()).toBe(T0);
  });

  test('nowhere for a chat that was deleted since the listing', async () => {
    const rows = await chats(2);
    await keep(2, 20, 60_000);
    await stores.chats.delete(1);
    const shown = await reader({ settings: { lazyUpdate: false } }).read(rows);
    const none = { participantsCount: null, updatedAt: null, source: 'database', stale: true };
    expect(shown.get(1)).toEqual(none);
    expect(shown.get(2)).toMatchObject({ participantsCount: 20 });
    // An unknown count is not cached.
    expect([...((await cache.getMany([1, 2])) ?? new Map()).keys()]).toEqual([2]);
  });

  test('nowhere for an empty page', async () => {
    const { read } = reader();
    expect(await read([])).toEqual(new Map());
    expect(cache.calls).toEqual([]);
  });

  test('the row itself in a listing by count, because it must show the count it is sorted by', async () => {
    await chats(3);
    await keep(1, 100, 60_000);
    await keep(2, 200, 60_000);
    await keep(3, 300, 60_000);
    await remember(1, 100, 30_000);
    // The cache disagrees with the order of the page.
    await remember(2, 50, 90_000);
    const { rows } = await stores.chats.list(listing({ sort: 'participants_count', order: 'desc' }));
    const { read, told } = reader();
    const shown = await read(rows);
    expect(shown.get(2)).toMatchObject({
      participantsCount: 200,
      updatedAt: at(T0 - 60_000),
      source: 'database',
    });
    expect(shown.get(1)).toMatchObject({
      participantsCount: 100,
      updatedAt: at(T0 - 30_000),
      source: 'cache',
    });
    // Counts of the page are not read again.
    expect(shown.get(3)).toMatchObject({ participantsCount: 300, source: 'database' });
    expect(reads).toEqual([]);
    expect(told.lookedUp).toEqual([{ lookups: 3, hits: 2, staleHits: 0 }]);
    // The cache gets only the count that it did not have.
    const counts = await cache.getMany([1, 2, 3]);
    expect([1, 2, 3].map((id) => counts?.get(id)?.count)).toEqual([100, 50, 300]);
  });

  test('a hit counts as stale if the row that is shown instead is stale', async () => {
    await chats(2);
    await keep(1, 100, 2 * HOUR);
    await keep(2, 200, 60_000);
    for (const id of [1, 2]) await remember(id, 50, 3 * HOUR);
    const { rows } = await stores.chats.list(listing({ sort: 'participants_count' }));
    const { read, told } = reader();
    expect([...(await read(rows)).values()].map(({ stale }) => stale)).toEqual([true, false]);
    expect(told.lookedUp).toEqual([{ lookups: 2, hits: 2, staleHits: 1 }]);
  });
});

describe('staleness', () => {
  test.each([
    [HOUR - 1, false],
    [HOUR, true],
    [30 * 24 * HOUR, true],
  ])('of a count %i ms old is %j, from the cache and from the store', async (ageMs, stale) => {
    const rows = await chats(2);
    await remember(1, 10, ageMs);
    await keep(2, 20, ageMs);
    const { read, told } = reader();
    const shown = await read(rows);
    expect([...shown.values()].map((count) => count.stale)).toEqual([stale, stale]);
    expect(told.lookedUp).toMatchObject([{ hits: 1, staleHits: stale ? 1 : 0 }]);
  });

  test('is true for an imported count, whose age is not known', async () => {
    await stores.chats.importMany([{ ...fields(), maxChatId: '-1', participantsCount: 5 }], T0);
    const { rows } = await stores.chats.list(listing());
    const { read } = reader();
    const imported = { participantsCount: 5, updatedAt: null, stale: true };
    expect((await read(rows)).get(1)).toEqual({ ...imported, source: 'database' });
    // The same from the cache. It is a value, so no reader waits.
    expect((await read(rows)).get(1)).toEqual({ ...imported, source: 'cache' });
    expect(maxApi.calls).toEqual([]);
    expect(queuedIds()).toEqual([1]);
  });
});

describe('stale counts are refreshed', () => {
  test('through the queue, without waiting for MAX', async () => {
    const rows = await chats(120);
    for (const { chat } of rows) await remember(chat.id, 10, 2 * HOUR);
    cache.calls.length = 0;
    const shown = await reader().read(rows);
    expect(shown.get(120)).toMatchObject({ participantsCount: 10, stale: true });
    expect(clock.now()).toBe(T0);
    expect(maxApi.calls).toEqual([]);
    expect(cache.calls).toEqual(['getMany', 'takeQueued']);
    expect(queue.requests).toBe(1);
    expect(queue.messages.map(({ queue, message }) => [queue, message.ids.length, message.requested_at])).toEqual([
      ['express', 50, T0],
      ['express', 50, T0],
      ['express', 20, T0],
    ]);
  });

  test('with nothing to wait for, if nothing is stale', async () => {
    const rows = await chats(2);
    for (const { chat } of rows) await remember(chat.id, 10, 60_000);
    await reader().read(rows);
    expect(clock.sleepers).toBe(0);
  });

  test.each<[string, ReadonlySet<number> | undefined]>([
    ['other readers have all leases', new Set()],
    ['the cache has just become unavailable', undefined],
  ])('not by this reader if %s', async (_, taken) => {
    const rows = await chats(2);
    for (const { chat } of rows) await remember(chat.id, 10, 2 * HOUR);
    await reader({ deps: { leases: { ...cache, takeQueued: async () => taken } } }).read(rows);
    expect(queue.requests).toBe(0);
  });

  test('once, for any number of simultaneous listings', async () => {
    const rows = await chats(50);
    for (const { chat } of rows) await remember(chat.id, 10, 2 * HOUR);
    const { viewCounts } = reader();
    await clock.until(Promise.all(Array.from({ length: 100 }, () => viewCounts(rows))));
    expect(queuedIds().sort((a, b) => a - b)).toEqual(rows.map(({ chat }) => chat.id));
  });

  test('again if they are still stale a minute later', async () => {
    const rows = await chats(1);
    await remember(1, 10, 2 * HOUR);
    const { read } = reader();
    await read(rows);
    await clock.advance(59_999);
    await read(rows);
    expect(queuedIds()).toEqual([1]);
    await clock.advance(1);
    await read(rows);
    expect(queuedIds()).toEqual([1, 1]);
  });

  test('unless MAX has no count: no MAX id, denied, gone', async () => {
    await created(stores.chats, {});
    await created(stores.chats, { maxChatId: '-2' });
    const denied = { kind: 'unavailable', status: 'denied' } as const;
    await stores.counts.apply({ id: 2, maxChatId: '-2' }, denied, { askedAt: T0 - 1, dueAt: T0 });
    const { rows } = await stores.chats.list(listing());
    expect([...(await reader().read(rows)).values()]).toMatchObject([
      { participantsCount: null, stale: true },
      { participantsCount: null, stale: true },
    ]);
    expect([maxApi.calls.length, queue.messages.length]).toEqual([0, 0]);
  });

  test('and a queue that refuses messages or hangs does not delay the response for long', async () => {
    const rows = await chats(1);
    await remember(1, 10, 2 * HOUR);
    queue.send = () => Promise.reject(new Error('no queue'));
    expect((await reader().read(rows)).get(1)?.participantsCount).toBe(10);
    expect(clock.now()).toBe(T0);
    await clock.advance(60_000);
    const began = clock.now();
    queue.send = () => new Promise(() => {});
    expect((await reader().read(rows)).get(1)?.participantsCount).toBe(10);
    expect(clock.now() - began).toBeLessThanOrEqual(500);
  });
});

describe('counts never read', () => {
  test('are fetched while the reader waits, and shown as just read', async () => {
    const rows = await chats(3);
    const shown = await reader().read(rows);
    expect([...shown.values()]).toEqual(
      Array(3).fill({
        participantsCount: 42,
        updatedAt: at(T0),
        source: 'api',
        stale: false,
      }),
    );
    expect(queue.messages).toEqual([]);
    expect(clock.now()).toBe(T0 + 10);
    // They are not requested by the queue at the same time.
    expect(cache.calls).not.toContain('takeQueued');
    // The leases are released, so the next reader is not blocked.
    expect(await cache.takeQueued([1, 2, 3], 1)).toEqual(new Set([1, 2, 3]));
  });

  test('are otherwise null: five are fetched inline, the others go to the queue', async () => {
    const rows = await chats(8);
    const shown = await reader().read(rows);
    expect(maxApi.calls).toHaveLength(5);
    expect([...shown.values()].map((count) => count.participantsCount)).toEqual([
      ...Array(5).fill(42),
      null,
      null,
      null,
    ]);
    expect(queuedIds()).toEqual([6, 7, 8]);
  });

  test('are waited for at most a second in total, and then left to the queue', async () => {
    tookMs = 30_000;
    const rows = await chats(5);
    const shown = await reader().read(rows);
    expect(clock.now() - T0).toBe(1_000);
    expect([...shown.values()].map((count) => count.participantsCount)).toEqual(Array(5).fill(null));
    expect(queuedIds()).toEqual([1, 2, 3, 4, 5]);
    expect(maxApi.calls).toHaveLength(5);
  });

  test('are left to the queue if MAX responds with an error', async () => {
    answer = failing('auth');
    const shown = await reader().read(await chats(2));
    expect([...shown.values()].map((count) => count.participantsCount)).toEqual([null, null]);
    expect(queuedIds()).toEqual([1, 2]);
  });

  test('are not waited for without a permit', async () => {
    const rows = await chats(2);
    const permits = openPermits(() => ({ granted: false, reason: 'busy', retryAfterMs: 5_000 }));
    const refreshChat = refreshing(stores, clock, { maxApi, cache, permits });
    await reader({ deps: { refreshChat } }).read(rows);
    expect(permits.asked).toEqual(Array(2).fill({ lane: 'interactive', maxWaitMs: 1_000 }));
    expect(clock.now()).toBe(T0);
    expect(queuedIds()).toEqual([1, 2]);
  });

  test('are requested once by a hundred simultaneous readers', async () => {
    const rows = await chats(5);
    const { viewCounts } = reader();
    const all = await clock.until(Promise.all(Array.from({ length: 100 }, () => viewCounts(rows))));
    expect(maxApi.calls).toHaveLength(5);
    expect(queue.messages).toEqual([]);
    expect(all.filter((shown) => shown.get(1)?.participantsCount === 42)).toHaveLength(1);
  });

  test('of a chat that is not available in MAX stay null, and are not requested again', async () => {
    answer = { kind: 'denied' };
    const rows = await chats(1);
    expect((await reader().read(rows)).get(1)?.participantsCount).toBeNull();
    expect(queue.messages).toEqual([]);
    const { rows: now } = await stores.chats.list(listing());
    await reader().read(now);
    expect(maxApi.calls).toHaveLength(1);
  });

  test("never fail the listing: if a store can't write them, the queue refreshes them", async () => {
    const rows = await chats(1);
    const refreshChat = () => Promise.reject(new Error('throttled'));
    const shown = await reader({ deps: { refreshChat } }).read(rows);
    expect(shown.get(1)?.participantsCount).toBeNull();
    expect(queuedIds()).toEqual([1]);
  });

  test('delay no reader with a value: stale counts go to the queue at the same time', async () => {
    const rows = await chats(2);
    await remember(1, 10, 2 * HOUR);
    let queuedAt = 0;
    const { send } = queue;
    queue.send = async (...args) => {
      queuedAt = clock.now();
      await send(...args);
    };
    const shown = await reader().read(rows);
    expect(shown.get(1)).toMatchObject({ participantsCount: 10, source: 'cache' });
    expect(shown.get(2)).toMatchObject({ participantsCount: 42, source: 'api' });
    expect([queuedAt, queuedIds()]).toEqual([T0, [1]]);
  });
});

describe('counts with trusted events', () => {
  test('are fresh at any age, and not refreshed, until they are dirty', async () => {
    const rows = await chats(2);
    for (const id of [1, 2]) {
      await stores.events.recordEventTrust(id, true, 1, T0 - 9 * HOUR);
      await keep(id, 10 * id, 5 * HOUR);
    }
    await stores.events.markDirty(2, T0 - HOUR, T0);
    const shown = await reader().read(rows);
    expect([shown.get(1)?.stale, shown.get(2)?.stale]).toEqual([false, true]);
    expect(queuedIds()).toEqual([2]);
    // From the cache too, without events.
    const again = await reader().read(rows);
    expect(again.get(1)).toMatchObject({ source: 'cache', stale: false });
    await cache.clearTrusted(1);
    expect((await reader().read(rows)).get(1)).toMatchObject({
      source: 'cache',
      stale: true,
    });
  });

  test.each([
    [25 * HOUR - 1, false],
    [25 * HOUR, true],
  ])('are refreshed daily, which may be an hour late: after %i ms, stale is %j', async (ageMs, stale) => {
    const rows = await chats(1);
    await stores.events.recordEventTrust(1, true, 1, T0 - 99 * HOUR);
    await keep(1, 10, ageMs);
    expect((await reader().read(rows)).get(1)).toMatchObject({ stale });
  });
});

describe('views', () => {
  test('are counted for one listing in four, with weight four, in the background', async () => {
    const rows = await chats(3);
    for (const id of [1, 2, 3]) await remember(id, 1, 60_000);
    await reader().read(rows);
    expect(viewCounter.views.size).toBe(0);
    sampled = 0.25;
    await reader().read(rows);
    expect(viewCounter.views.size).toBe(0);
    sampled = 0.249;
    const never = { count: () => new Promise<void>(() => {}) };
    await reader({ deps: { viewCounter: never } }).read(rows);
    await reader().read(rows.slice(0, 2));
    expect([...viewCounter.views]).toEqual([
      [1, 4],
      [2, 4],
    ]);
    sampled = 0;
    await reader({ settings: { integrationDisabled: true } }).read(rows);
    expect(viewCounter.views.get(1)).toBe(4);
  });
});

describe('the kill switches', () => {
  test('without lazy updates the cache is used, but no refreshes are requested', async () => {
    const rows = await chats(3);
    await remember(1, 10, 2 * HOUR);
    await keep(2, 20, 2 * HOUR);
    const shown = await reader({ settings: { lazyUpdate: false } }).read(rows);
    expect([...shown.values()].map((count) => count.participantsCount)).toEqual([10, 20, null]);
    expect([queue.requests, maxApi.calls.length]).toEqual([0, 0]);
    expect((await cache.getMany([2]))?.get(2)?.count).toBe(20);
  });

  test('without the integration only the store is used: no cache, no queue, no MAX', async () => {
    const rows = await chats(3);
    await remember(1, 99, 60_000);
    await keep(1, 10, 60_000);
    await keep(2, 20, 2 * HOUR);
    cache.calls.length = 0;
    const { read, told } = reader({ settings: { integrationDisabled: true } });
    const shown = await read(rows);
    expect([...shown.values()].map((count) => count.participantsCount)).toEqual([10, 20, null]);
    expect([...shown.values()].map((count) => count.source)).toEqual(Array(3).fill('database'));
    expect(cache.calls).toEqual([]);
    expect([queue.requests, maxApi.calls.length]).toEqual([0, 0]);
    expect(told.lookedUp).toEqual([]);
  });
});
