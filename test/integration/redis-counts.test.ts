import fc from 'fast-check';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, onTestFinished, test } from 'vitest';
import { createRedis, createRedisGate, type RedisGate, redisRestMs } from '../../lib/adapters/redis/client.ts';
import { createRedisCounts } from '../../lib/adapters/redis/counts.ts';
import type { CachedCount, CountCache, Leases } from '../../lib/state/count-cache.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { memoryCounts } from '../support/participants.ts';
import { freePort, startRedis } from '../support/redis.ts';
import { T0 } from '../support/stores.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';

const FRESH_MS = 60_000;
/** The options of the service. */
const TIMEOUT_MS = 250;

let redis: Redis;
let gate: RedisGate;
let counts: CountCache & Leases;
/** Chats of this file only, because tests share the server. */
let id: number;
let random: number;

beforeAll(() => {
  redis = createRedis(inject('redisUrl'), { commandTimeoutMs: 2_000 });
  gate = createRedisGate(redis);
  counts = createRedisCounts(gate, { freshMs: FRESH_MS, random: () => random });
  id = 8_000_000_000_000 + Math.floor(Math.random() * 1e12);
});
afterAll(() => redis.disconnect());
beforeEach(() => {
  id += 1_000;
  random = 0.5;
});

const at = (ms: number) => new Date(T0 + ms).toISOString();
const countAt = (count: number, ms: number): CachedCount => ({ count, updatedAt: at(ms), source: 'api' });
const put = (value: CachedCount, chat = id) => counts.putMany(new Map([[chat, value]]));
const read = async (chat = id) => (await counts.getMany([chat]))?.get(chat);
const key = (chat = id) => `chat_participants:${chat}`;
const leaseKey = (chat = id) => `participants_lease:${chat}`;

describe('counts', () => {
  test('are stored as one readable value per chat', async () => {
    await put(countAt(12, 0));
    expect(await redis.get(key())).toBe(`{"count":12,"updated_at":"${at(0)}","source":"api"}`);
    expect(await read()).toEqual(countAt(12, 0));
  });

  test('of many chats are read together, without missing ones', async () => {
    const ids = Array.from({ length: 500 }, (_, i) => id + i);
    const values = new Map(ids.filter((chat) => chat % 3).map((chat) => [chat, countAt(chat % 1_000, 0)]));
    await counts.putMany(values);
    expect(await counts.getMany(ids)).toEqual(values);
    expect(await counts.getMany([])).toEqual(new Map());
    await counts.putMany(new Map());
  });

  test('live twice as long as they are fresh, plus or minus a tenth', async () => {
    const lifetimes: number[] = [];
    for (random of [0, 0.5, 1 - 2 ** -53]) {
      id += 1;
      await put(countAt(1, 0));
      lifetimes.push(await redis.pttl(key()));
    }
    for (const [i, expected] of [0.9, 1, 1.1].entries()) {
      expect(lifetimes[i]).toBeLessThanOrEqual(2 * FRESH_MS * expected);
      expect(lifetimes[i]).toBeGreaterThan(2 * FRESH_MS * expected - 2_000);
    }
  });

  test('get a new lifetime with a newer value, and keep it with an older one', async () => {
    await put(countAt(1, 1));
    await redis.pexpire(key(), 5_000);
    await put(countAt(1, 0));
    expect(await redis.pttl(key())).toBeLessThanOrEqual(5_000);
    await put(countAt(1, 2));
    expect(await redis.pttl(key())).toBeGreaterThan(2 * FRESH_MS * 0.9 - 2_000);
  });

  test('end with the newest, in any order and grouping, even if repeated', async () => {
    const value = fc.record({
      count: fc.nat({ max: 5 }),
      updatedAt: fc.option(fc.integer({ min: -3, max: 3 }).map(at), { freq: 5 }),
      source: fc.constantFrom<CachedCount['source']>('api', 'database'),
    });
    const writes = fc.array(fc.array(fc.tuple(fc.nat({ max: 3 }), value), { maxLength: 5 }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(writes, async (batches) => {
        id += 10;
        const model = memoryCounts(fakeClock(T0));
        const newest = new Map<number, string>();
        for (const batch of batches) {
          const given = new Map(batch.map(([chat, value]) => [id + chat, value]));
          await counts.putMany(given);
          await model.putMany(given);
          for (const [chat, { updatedAt }] of given) {
            newest.set(chat, [newest.get(chat) ?? '', updatedAt ?? ''].sort().at(-1) ?? '');
          }
        }
        const ids = [0, 1, 2, 3].map((chat) => id + chat);
        const found = await counts.getMany(ids);
        expect(found).toEqual(await model.getMany(ids));
        for (const [chat, time] of newest) expect(found?.get(chat)?.updatedAt ?? '').toBe(time);
      }),
      { numRuns: 150 },
    );
  });

  test('are recognised by their text, by readers and by the script alike', async () => {
    const value = fc.record(
      {
        count: fc.oneof(fc.nat({ max: 99 }), fc.constantFrom(999_999_999_999_999, Number.MAX_SAFE_INTEGER)),
        updatedAt: fc.option(fc.integer({ min: -3, max: 3 }).map(at)),
        source: fc.constantFrom<CachedCount['source']>('api', 'database'),
        maxChatId: fc.constantFrom('-1', '-68000000000700', '9223372036854775807'),
        eventsTrusted: fc.constant<true>(true),
      },
      { requiredKeys: ['count', 'updatedAt', 'source'] },
    );
    await fc.assert(
      fc.asyncProperty(value, fc.boolean(), async (given, otherwise) => {
        const { count, updatedAt: updated_at, source, maxChatId: max_chat_id, eventsTrusted: events_trusted } = given;
        const of = max_chat_id ? { max_chat_id } : {};
        const stored = { count, updated_at, source, ...of, ...(events_trusted ? { events_trusted } : {}) };
        await redis.set(key(), otherwise ? JSON.stringify(stored, null, 1) : JSON.stringify(stored));
        const known = !otherwise && count < 1e15;
        expect(await read()).toEqual(known ? given : undefined);
        // A count with the same time is dropped only if there is a valid value.
        const second = { count: 7, updatedAt: given.updatedAt, source: 'api' } as const;
        await put(second);
        expect(await read()).toEqual(known ? given : second);
      }),
    );
  });

  test('that are written concurrently end with the newest', async () => {
    const times = Array.from({ length: 100 }, (_, i) => (i * 37) % 100);
    await Promise.all(times.map((ms) => put(countAt(ms, ms))));
    expect(await read()).toEqual(countAt(99, 99));
  });

  test('of the database do not replace one of MAX that was read at the same time', async () => {
    await put(countAt(5, 0));
    await put({ ...countAt(6, 0), source: 'database' });
    await put({ count: 7, updatedAt: null, source: 'database' });
    expect(await read()).toEqual(countAt(5, 0));
  });

  test('are deleted together with the leases', async () => {
    await put(countAt(5, 0));
    await counts.takeFetching(id, 'me', 60_000);
    await counts.forget(id);
    expect(await read()).toBeUndefined();
    expect(await redis.exists(key(), leaseKey())).toBe(0);
  });
});

describe('garbage in the key', () => {
  const garbage = [
    ...['', 'x', '5', 'null', '[]', '{}', '"text"', '{"count":', '\u0000\u0001', '{"count":"5"}', '[1,2]', 'true'],
    '{"count":-1,"updatedAt":null,"source":"api"}',
    '{"count":1.5,"updatedAt":null,"source":"api"}',
    '{"count":5,"source":"api"}',
    '{"count":5,"updatedAt":5,"source":"api"}',
    '{"count":5,"updatedAt":null,"source":"somewhere"}',
    '{"count":5,"updatedAt":"soon","source":"api"}',
    '{"count":5,"updatedAt":"2999","source":"api"}',
    `{"count":"many","updatedAt":"2999-01-01T00:00:00.000Z","source":"api"}`,
    `{"updatedAt":"2999-01-01T00:00:00.000Z","source":"api"}`,
    `{"count":null,"updatedAt":"2999-01-01T00:00:00.000Z","source":"api"}`,
  ];

  test.each(garbage)('%j is invalid, and is replaced by a count', async (text) => {
    await redis.set(key(), text);
    expect(await counts.getMany([id])).toEqual(new Map());
    await put(countAt(5, 0));
    expect(await read()).toEqual(countAt(5, 0));
  });

  test('is replaced by a count whose time is not known', async () => {
    await redis.set(key(), 'x');
    await put({ count: 5, updatedAt: null, source: 'database' });
    expect((await read())?.count).toBe(5);
  });

  test('of another type causes an error in one call, not in the service', async () => {
    await redis.lpush(key(), 'x');
    await put(countAt(1, 0), id + 1);
    expect(await counts.getMany([id, id + 1])).toEqual(new Map([[id + 1, countAt(1, 0)]]));
    await expect(put(countAt(5, 0))).resolves.toBeUndefined();
    await redis.del(key());
    await put(countAt(5, 0));
    expect((await read())?.count).toBe(5);
  });
});

describe('leases', () => {
  test('for the queue are taken by one of many callers', async () => {
    const ids = Array.from({ length: 50 }, (_, i) => id + i);
    const taken = await Promise.all(Array.from({ length: 40 }, () => counts.takeQueued(ids, 60_000)));
    expect(taken.flatMap((set) => [...(set ?? [])]).sort((a, b) => a - b)).toEqual(ids);
    expect(await redis.pttl(leaseKey())).toBeGreaterThan(55_000);
    expect(await counts.takeQueued([], 60_000)).toEqual(new Set());
  });

  test('for the queue skip those that are taken, and take the others', async () => {
    await counts.takeQueued([id], 60_000);
    await counts.takeFetching(id + 1, 'somebody', 60_000);
    expect(await counts.takeQueued([id, id + 1, id + 2], 60_000)).toEqual(new Set([id + 2]));
  });

  test('for fetching are taken by one of many callers', async () => {
    const taken = await Promise.all(Array.from({ length: 200 }, (_, i) => counts.takeFetching(id, `p${i}`, 60_000)));
    expect(taken.filter(Boolean)).toHaveLength(1);
  });

  test('for fetching replace those for the queue, but not each other', async () => {
    await counts.takeQueued([id], 60_000);
    expect(await counts.takeFetching(id, 'a', 60_000)).toBe(true);
    expect(await counts.takeFetching(id, 'b', 60_000)).toBe(false);
    expect(await counts.takeFetching(id, 'a', 60_000)).toBe(false);
  });

  test('can be ended only by their owner', async () => {
    await counts.takeFetching(id, 'a', 60_000);
    await counts.release(id, 'b');
    expect(await counts.takeFetching(id, 'b', 60_000)).toBe(false);
    await counts.release(id, 'a');
    expect(await counts.takeFetching(id, 'b', 60_000)).toBe(true);
    await counts.release(id + 1, 'nobody');
  });

  test('expire', async () => {
    await counts.takeFetching(id, 'a', 30);
    await counts.takeQueued([id + 1], 30);
    await expect.poll(() => redis.exists(leaseKey(), leaseKey(id + 1))).toBe(0);
    expect(await counts.takeFetching(id, 'b', 60_000)).toBe(true);
  });
});

test('scripts that Redis has lost are sent again', async () => {
  await put(countAt(1, 0));
  await redis.script('FLUSH');
  await put(countAt(2, 1));
  expect((await read())?.count).toBe(2);
  await redis.script('FLUSH');
  expect(await counts.takeFetching(id, 'a', 60_000)).toBe(true);
  await redis.script('FLUSH');
  await counts.release(id, 'a');
  await redis.script('FLUSH');
  expect(await counts.takeQueued([id], 60_000)).toEqual(new Set([id]));
});

describe('a Redis in trouble', () => {
  /** Counts over a separate connection to this address. */
  function connected(port: number) {
    const clock = fakeClock(T0);
    const client = createRedis(`redis://127.0.0.1:${port}`, { commandTimeoutMs: TIMEOUT_MS });
    onTestFinished(() => client.disconnect());
    const own = createRedisCounts(createRedisGate(client, clock), { freshMs: FRESH_MS, random: () => 0.5 });
    return { clock, own };
  }
  /** Returns the duration of work, ms. */
  async function timed(act: () => Promise<unknown>): Promise<number> {
    const began = performance.now();
    await act();
    return performance.now() - began;
  }

  test('that hangs costs one timeout in ten seconds, and is used again when it responds', async () => {
    const proxy = await startTcpProxy(Number(new URL(inject('redisUrl')).port));
    onTestFinished(() => proxy.stop());
    const { clock, own } = connected(proxy.port);
    await put(countAt(5, 0));
    expect((await own.getMany([id]))?.get(id)?.count).toBe(5);

    proxy.hang();
    expect(await timed(async () => expect(await own.getMany([id])).toBeUndefined())).toBeGreaterThan(TIMEOUT_MS - 10);
    const rest = async () => {
      expect(await own.getMany([id])).toBeUndefined();
      expect(await own.takeQueued([id], 1)).toBeUndefined();
      expect(await own.takeFetching(id, 'a', 1)).toBeUndefined();
      await own.putMany(new Map([[id, countAt(6, 1)]]));
      await own.forget(id);
      await own.release(id, 'a');
    };
    expect(await timed(async () => Promise.all(Array.from({ length: 20 }, rest)))).toBeLessThan(TIMEOUT_MS);

    // One of many callers tests whether it still hangs; the others don't wait.
    await clock.advance(redisRestMs);
    const took = await Promise.all(Array.from({ length: 10 }, () => timed(() => own.getMany([id]))));
    expect(took.filter((ms) => ms > TIMEOUT_MS - 10)).toHaveLength(1);
    expect(await timed(() => own.getMany([id]))).toBeLessThan(TIMEOUT_MS / 2);

    proxy.resume();
    await clock.advance(redisRestMs);
    await expect.poll(async () => (await own.getMany([id]))?.get(id)?.count).toBe(5);
  });

  test('whose connection is cut silently is used again after the pause, over a new connection', async () => {
    const proxy = await startTcpProxy(Number(new URL(inject('redisUrl')).port));
    onTestFinished(() => proxy.stop());
    const { clock, own } = connected(proxy.port);
    await put(countAt(5, 0));
    expect((await own.getMany([id]))?.get(id)?.count).toBe(5);

    proxy.cutOff();
    expect(await own.getMany([id])).toBeUndefined();
    await clock.advance(redisRestMs);
    const took = await timed(async () => expect((await own.getMany([id]))?.get(id)?.count).toBe(5));
    expect(took).toBeLessThan(2_000);
    expect((await own.getMany([id]))?.get(id)?.count).toBe(5);
  });

  test('that was killed gives no values at once, and is used again when it is back', async () => {
    const port = await freePort();
    const server = await startRedis(port);
    const { own } = connected(port);
    await own.putMany(new Map([[id, countAt(5, 0)]]));
    expect((await own.getMany([id]))?.get(id)?.count).toBe(5);

    await server.kill();
    await own.getMany([id]);
    const away = async () => {
      for (let i = 0; i < 100; i += 1) expect(await own.getMany([id])).toBeUndefined();
    };
    expect(await timed(away)).toBeLessThan(TIMEOUT_MS);

    const again = await startRedis(port);
    onTestFinished(() => again.kill());
    await expect.poll(() => own.getMany([id]), { timeout: 5_000 }).toEqual(new Map());
    await own.putMany(new Map([[id, countAt(6, 1)]]));
    expect((await own.getMany([id]))?.get(id)?.count).toBe(6);
  });

  test('that never existed costs almost no time', async () => {
    const { own } = connected(await freePort());
    expect(await timed(async () => expect(await own.getMany([id])).toBeUndefined())).toBeLessThan(2 * TIMEOUT_MS);
    expect(await own.takeFetching(id, 'a', 1)).toBeUndefined();
    await expect(own.putMany(new Map([[id, countAt(1, 0)]]))).resolves.toBeUndefined();
  });
});
