import { beforeEach, describe, expect, test } from 'vitest';
import type { ChatAnswer, MaxErrorKind } from '../../../lib/max-api/api.ts';
import type { Lane, Permit } from '../../../lib/max-api/permits.ts';
import { createRefreshOne, type RefreshOneOutcome } from '../../../lib/refreshing/refresh-one.ts';
import type { Reading } from '../../../lib/state/count-store.ts';
import { type FakeClock, fakeClock } from '../../support/fake-clock.ts';
import {
  counted,
  failing,
  HOUR,
  type MemoryCounts,
  memoryCounts,
  openPermits,
  refreshing,
  type ScriptedMax,
  scriptedMax,
} from '../../support/participants.ts';
import { created, openMemory, type Stores, T0 } from '../../support/stores.ts';

let clock: FakeClock;
let stores: Stores;
let cache: MemoryCounts;
let maxApi: ScriptedMax;
let answer: (n: number) => ChatAnswer;
let tookMs: number;
let permit: Permit;
/** The lanes of the permits, in order. */
let lanes: string[];
let id: number;

beforeEach(async () => {
  clock = fakeClock(T0);
  stores = await openMemory();
  cache = memoryCounts(clock);
  tookMs = 50;
  answer = () => counted(42);
  permit = { granted: true };
  lanes = [];
  maxApi = scriptedMax(async (_, n) => {
    await clock.sleep(tookMs);
    return answer(n);
  });
  id = await created(stores.chats, { maxChatId: '-70' });
});

let people = 0;
/** One person's request, which reached API Gateway `queuedMs` ago, after the chat was read. */
async function one(
  chatId = id,
  queuedMs = 0,
  meanwhile = async () => {},
  withinMs = 8_000,
): Promise<RefreshOneOutcome> {
  const arrivedAt = clock.now() - queuedMs;
  const stored = await stores.chats.get(chatId);
  if (!stored) throw new Error('no chat');
  await meanwhile();
  const open = openPermits(() => permit);
  const permits = {
    ...open,
    acquire: (lane: Lane, maxWaitMs: number) => {
      lanes.push(lane);
      return open.acquire(lane, maxWaitMs);
    },
  };
  const refreshChat = refreshing(stores, clock, { maxApi, cache, permits });
  const newId = () => `person-${++people}`;
  const refreshOne = createRefreshOne({ chatStore: stores.chats, leases: cache, refreshChat, clock, newId });
  return refreshOne(stored, arrivedAt, clock.now() + withinMs);
}
const atOnce = (n: number) => clock.until(Promise.all(Array.from({ length: n }, () => one())));
const at = (ms: number) => new Date(ms).toISOString();
const leaseIsFree = async () => (await cache.takeFetching(id, 'test', 1)) === true;

describe('one person', () => {
  test('gets the present count in MAX, and it is stored', async () => {
    expect(await clock.until(one())).toEqual({ kind: 'updated', count: 42, updatedAt: at(T0) });
    expect(await stores.chats.get(id)).toMatchObject({ participantsCount: 42, readAt: T0 });
    expect(await leaseIsFree()).toBe(true);
    expect(lanes).toEqual(['interactive']);
  });

  test('sends no request if another one has finished between the reading of the chat and the lease', async () => {
    const chat = { id, maxChatId: '-70' };
    const finish = (reading: Reading) => async () =>
      void (await stores.counts.apply(chat, reading, { askedAt: clock.now(), dueAt: T0 }));
    expect(await one(id, 0, finish({ kind: 'count', count: 9 }))).toEqual({
      ...{ kind: 'updated', count: 9, updatedAt: at(T0) },
    });
    await clock.advance(1);
    expect(await one(id, 0, finish({ kind: 'unavailable', status: 'gone' }))).toMatchObject({
      ...{ kind: 'unavailable', status: 'gone' },
    });
    await clock.advance(1);
    expect(await one(id, 0, async () => void (await stores.chats.delete(id)))).toEqual({ kind: 'deleted' });
    expect(maxApi.calls).toEqual([]);
    expect(await leaseIsFree()).toBe(true);
  });

  test('sends a request even if a fresh count exists, or a refresh is queued', async () => {
    await clock.until(one());
    await cache.takeQueued([id], 60_000);
    await clock.advance(1_000);
    answer = () => counted(43);
    expect(await clock.until(one())).toMatchObject({ kind: 'updated', count: 43 });
  });

  test('gets an error if the chat is not in MAX', async () => {
    expect(await one(await created(stores.chats, {}))).toEqual({ kind: 'not_in_max' });
    expect(maxApi.calls).toEqual([]);
  });

  test('may refresh a chat that MAX refused before, because it may be back', async () => {
    await stores.counts.apply(
      { id, maxChatId: '-70' },
      { kind: 'unavailable', status: 'denied' },
      { askedAt: T0 - 1_000, dueAt: T0 },
    );
    expect(await clock.until(one())).toMatchObject({ kind: 'updated', count: 42 });
    expect((await stores.chats.get(id))?.chat.status).toBe('active');
  });

  test('is not delayed if leases are not available', async () => {
    cache.down = true;
    expect(await clock.until(one())).toEqual({ kind: 'updated', count: 42, updatedAt: at(T0) });
    expect(clock.now()).toBe(T0 + tookMs);
  });
});

describe('two hundred simultaneous requests', () => {
  test('cause one request to MAX, and all get its count', async () => {
    expect(await atOnce(200)).toEqual(Array(200).fill({ kind: 'updated', count: 42, updatedAt: at(T0) }));
    expect(maxApi.calls).toHaveLength(1);
    expect(clock.now()).toBeLessThanOrEqual(T0 + tookMs + 50);
  });

  test('are noted once for each that waits, however long it waits', async () => {
    tookMs = 900;
    await atOnce(5);
    expect(cache.calls.filter((call) => call === 'noteContention')).toHaveLength(4);
  });

  test('are a second apart from the last request, if they continue', async () => {
    await atOnce(2);
    await clock.advance(300);
    await clock.until(one());
    expect(maxApi.calls).toHaveLength(2);
    expect(clock.now()).toBe(T0 + 1_000 + tookMs);
  });

  test.each<[ChatAnswer, string]>([
    [{ kind: 'denied' }, 'denied'],
    [{ kind: 'not_found' }, 'gone'],
    [{ kind: 'inactive', status: 'left' }, 'left'],
    [{ kind: 'inactive', status: 'suspended' }, 'suspended'],
  ])('cause one request even if MAX returns %j, and all get this result', async (refusal, status) => {
    answer = () => refusal;
    const outcomes = await atOnce(200);
    expect(outcomes.every((outcome) => outcome.kind === 'unavailable' && outcome.status === status)).toBe(true);
    expect(maxApi.calls).toHaveLength(1);
  });

  test.each([20, 50, 900])(
    'cause at most two requests if they arrive within a second and MAX takes %i ms',
    async (ms) => {
      tookMs = ms;
      const began = clock.now();
      const outcomes: Promise<[number, RefreshOneOutcome]>[] = [];
      for (let i = 0; i < 200; i += 1) {
        const arrivedAt = clock.now();
        outcomes.push(one().then((outcome) => [arrivedAt, outcome]));
        await clock.advance(5);
      }
      for (const [arrivedAt, outcome] of await clock.until(Promise.all(outcomes))) {
        expect(outcome).toMatchObject({ kind: 'updated', count: 42 });
        expect(outcome.kind === 'updated' && Date.parse(outcome.updatedAt)).toBeGreaterThanOrEqual(arrivedAt);
      }
      expect(maxApi.calls.length).toBeLessThanOrEqual(2);
      expect(clock.now() - began).toBeLessThan(3_000);
    },
  );

  test('are not delayed if one person sends them one after the other', async () => {
    const began = clock.now();
    for (let i = 0; i < 5; i += 1) {
      expect(await clock.until(one())).toMatchObject({ kind: 'updated' });
      await clock.advance(20);
    }
    expect(maxApi.calls).toHaveLength(5);
    expect(clock.now() - began).toBeLessThan(1_000);
  });

  test('count from their arrival, not from the start of an environment: later ones use the result', async () => {
    expect(await clock.until(one())).toMatchObject({ kind: 'updated' });
    await clock.advance(3_000);
    cache.calls.splice(0);
    expect(await one(id, 3_050)).toEqual({ kind: 'updated', count: 42, updatedAt: at(T0) });
    expect(cache.calls).toEqual([]);
    expect(maxApi.calls).toHaveLength(1);
  });

  test('all get a response without leases and cache, with one request each', async () => {
    cache.down = true;
    const outcomes = await atOnce(200);
    expect(outcomes.map(({ kind }) => kind)).not.toContain('not_in_max');
    for (const outcome of outcomes) expect(outcome).toMatchObject({ kind: 'updated', count: 42 });
    expect(maxApi.calls).toHaveLength(200);
  });

  test('a count read before a request is not returned as read after it', async () => {
    tookMs = 1_000;
    const first = one();
    await clock.advance(500);
    answer = (n) => counted(100 + n);
    const second = one();
    expect(await clock.until(first)).toEqual({ kind: 'updated', count: 100, updatedAt: at(T0) });
    const later = await clock.until(second);
    expect(later).toMatchObject({ kind: 'updated', count: 101 });
    expect(later.kind === 'updated' && Date.parse(later.updatedAt)).toBeGreaterThanOrEqual(T0 + 500);
  });
});

describe('if the holder of the lease dies', () => {
  test('the next request continues when the lease expires', async () => {
    await cache.takeFetching(id, 'the dead', 8_000);
    await clock.advance(5_000);
    expect(await clock.until(one())).toMatchObject({ kind: 'updated', count: 42 });
    expect(clock.now()).toBeGreaterThanOrEqual(T0 + 8_000);
    expect(clock.now()).toBeLessThanOrEqual(T0 + 8_000 + 50 + tookMs);
    expect(maxApi.calls).toHaveLength(1);
  });

  test('the lease lasts no longer than its holder may wait', async () => {
    tookMs = 60_000;
    const dead = one(id, 0, undefined, 1_500);
    await clock.advance(1);
    tookMs = 30;
    expect(await clock.until(one())).toMatchObject({ kind: 'updated', count: 42 });
    expect(clock.now()).toBeLessThan(T0 + 1_500 + 1_000);
    await clock.until(dead);
  });

  test('no request waits longer than eight seconds, and then gets a Retry-After', async () => {
    await cache.takeFetching(id, 'the dead', 60_000);
    expect(await clock.until(one())).toMatchObject({ kind: 'max_unreachable', reason: 'busy', retryAfterMs: 2_000 });
    expect(clock.now() - T0).toBeLessThanOrEqual(8_050);
    expect(maxApi.calls).toEqual([]);
  });

  test('a lease of another owner is not released', async () => {
    tookMs = 100;
    const first = one();
    await clock.advance(50);
    // It expired, and another request took it.
    await cache.forget(id);
    await cache.takeFetching(id, 'another', 60_000);
    await clock.until(first);
    expect(await leaseIsFree()).toBe(false);
  });
});

describe('a count that could not be read is never reported as updated', () => {
  const lastKnown = { participants_count: 7, updated_at: at(T0 - HOUR), age_seconds: 3_600 };
  beforeEach(async () => {
    tookMs = 0;
    await stores.counts.apply({ id, maxChatId: '-70' }, { kind: 'count', count: 7 }, { askedAt: T0 - HOUR, dueAt: T0 });
  });

  test.each<[MaxErrorKind, number, ChatAnswer]>([
    ['auth', 300_000, failing('auth')],
    ['server', 10_000, failing('server', { retryable: false })],
    ['rate_limited', 17_000, failing('rate_limited', { retryable: false, retryAfterMs: 17_000 })],
    ['rate_limited', 5_000, failing('rate_limited', { retryable: false })],
    ['timeout', 5_000, failing('timeout', { retryable: false })],
    ['network', 10_000, failing('network', { retryable: false })],
  ])('%s: with the reason, the wait of %i ms and the last known count', async (reason, retryAfterMs, failure) => {
    answer = () => failure;
    expect(await clock.until(one())).toEqual({ kind: 'max_unreachable', reason, retryAfterMs, lastKnown });
    expect(await leaseIsFree()).toBe(true);
    expect(await stores.chats.get(id)).toMatchObject({ participantsCount: 7, readAt: T0 - HOUR });
  });

  test.each<[Extract<Permit, { granted: false }>, number]>([
    [{ granted: false, reason: 'busy', retryAfterMs: 700 }, 700],
    [{ granted: false, reason: 'cooling', retryAfterMs: 60_000 }, 60_000],
    [{ granted: false, reason: 'no_limiter', retryAfterMs: 9_000 }, 9_000],
  ])('without a permit: %j', async (refusal, retryAfterMs) => {
    permit = refusal;
    const { reason } = refusal;
    expect(await clock.until(one())).toEqual({ kind: 'max_unreachable', reason, retryAfterMs, lastKnown });
    expect(maxApi.calls).toEqual([]);
  });

  test.each<[ChatAnswer, string]>([
    [{ kind: 'denied' }, 'denied'],
    [{ kind: 'not_found' }, 'gone'],
    [{ kind: 'inactive', status: 'left' }, 'left'],
    [{ kind: 'inactive', status: 'suspended' }, 'suspended'],
  ])('%j', async (refusal, status) => {
    answer = () => refusal;
    expect(await clock.until(one())).toEqual({ kind: 'unavailable', status, lastKnown });
  });

  test('and if it was never read, the last known count is null', async () => {
    answer = () => failing('auth');
    id = await created(stores.chats, { maxChatId: '-71' });
    expect(await clock.until(one())).toMatchObject({
      lastKnown: { participants_count: null, updated_at: null, age_seconds: null },
    });
  });

  test('within the time limit: retries end before it', async () => {
    answer = () => failing('server');
    tookMs = 3_000;
    const began = clock.now();
    expect(await clock.until(one())).toMatchObject({ kind: 'max_unreachable', reason: 'server' });
    // MAX's own client stops at the deadline; this one takes three seconds.
    expect(clock.now() - began).toBeLessThan(8_000 + tookMs);
  });

  test('within the time that it was given: with nothing left, MAX is not asked', async () => {
    const busy = { kind: 'max_unreachable', reason: 'busy', retryAfterMs: 2_000, lastKnown };
    expect(await clock.until(one(id, 0, undefined, -500))).toEqual(busy);
    expect(maxApi.calls).toEqual([]);
    expect(await leaseIsFree()).toBe(true);

    await clock.advance(1);
    await cache.takeFetching(id, 'another', 60_000);
    const began = clock.now();
    expect(await clock.until(one(id, 0, undefined, 3_000))).toMatchObject({ kind: 'max_unreachable', reason: 'busy' });
    expect(clock.now() - began).toBeLessThan(3_200);
  });

  test('if the store fails, the lease is released and the error thrown', async () => {
    stores.counts.apply = () => Promise.reject(new Error('throttled'));
    await expect(clock.until(one())).rejects.toThrow('throttled');
    expect(await leaseIsFree()).toBe(true);
  });
});

describe('if a newer reading was stored meanwhile', () => {
  test('it is the response', async () => {
    const first = one();
    await clock.advance(10);
    await stores.counts.apply({ id, maxChatId: '-70' }, { kind: 'count', count: 9 }, { askedAt: T0 + 5, dueAt: T0 });
    expect(await clock.until(first)).toEqual({ kind: 'updated', count: 9, updatedAt: at(T0 + 5) });
  });

  test('even if it is a refusal', async () => {
    const first = one();
    await clock.advance(10);
    const gone = { kind: 'unavailable', status: 'gone' } as const;
    await stores.counts.apply({ id, maxChatId: '-70' }, gone, { askedAt: T0 + 5, dueAt: T0 });
    expect(await clock.until(first)).toMatchObject({ kind: 'unavailable', status: 'gone' });
  });

  test.each<[string, () => Promise<unknown>, object]>([
    ['was deleted', () => stores.chats.delete(id), { kind: 'deleted' }],
    [
      'got another MAX id',
      () => stores.chats.update(id, { maxChatId: '-71' }, T0),
      { kind: 'max_unreachable', reason: 'busy' },
    ],
  ])('but a chat that %s is not reported as updated', async (_, meanwhile, outcome) => {
    const first = one();
    await clock.advance(10);
    await meanwhile();
    expect(await clock.until(first)).toMatchObject(outcome);
  });
});
