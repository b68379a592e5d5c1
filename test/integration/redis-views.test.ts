import { setImmediate } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import { createRedis, createRedisGate } from '../../lib/adapters/redis/client.ts';
import { createRedisCounts } from '../../lib/adapters/redis/counts.ts';
import { createRedisViewCounter } from '../../lib/adapters/redis/view-counter.ts';
import type { ViewCounter } from '../../lib/state/view-counter.ts';
import { freePort } from '../support/redis.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';

let redis: Redis;
let counter: ViewCounter;
/** Chats of this file only, because tests share the server. */
let id: number;

beforeAll(() => {
  redis = createRedis(inject('redisUrl'), { commandTimeoutMs: 2_000 });
  counter = createRedisViewCounter(createRedisGate(redis));
  id = 7_000_000_000_000 + Math.floor(Math.random() * 1e12);
});
afterAll(() => redis.disconnect());
beforeEach(() => {
  id += 10_000;
});

test('views are added for each chat separately', async () => {
  const chats = Array.from({ length: 1_200 }, (_, i) => id + i);
  await counter.count(chats, 4);
  await counter.count([id, id + 600], 4);
  const counts = await counter.peek([...chats, id + 5_000]);
  expect(counts.size).toBe(1_200);
  expect([counts.get(id), counts.get(id + 1), counts.get(id + 600)]).toEqual([8, 4, 8]);
  expect(await counter.peek([])).toEqual(new Map());
});

test('a Redis that hangs loses the views, and leaves no rejection that nobody handles', async () => {
  const proxy = await startTcpProxy(Number(new URL(inject('redisUrl')).port));
  const client = createRedis(`redis://127.0.0.1:${proxy.port}`, { commandTimeoutMs: 100 });
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => unhandled.push(reason);
  process.on('unhandledRejection', note);
  const hanging = createRedisViewCounter(createRedisGate(client));
  await hanging.count([id], 4);
  proxy.hang();
  await hanging.count([id], 4);
  // Node reports rejections after the microtasks.
  await setImmediate();
  process.off('unhandledRejection', note);
  expect(unhandled).toEqual([]);
  client.disconnect();
  proxy.stop();
  expect(await counter.peek([id])).toEqual(new Map([[id, 4]]));
});

test('subtracted views are gone, and views counted meanwhile remain', async () => {
  await counter.count([id, id + 1], 4);
  const peeked = await counter.peek([id, id + 1]);
  await counter.count([id], 4);
  await counter.takeAway(peeked);
  expect(await counter.peek([id, id + 1])).toEqual(new Map([[id, 4]]));
  await counter.takeAway(new Map([[id, 4]]));
  expect(await counter.peek([id])).toEqual(new Map());
  await counter.takeAway(new Map());
});

test('the total contains views since the last call, and counters expire by themselves', async () => {
  await counter.takeTotal();
  await counter.count([id, id + 1, id + 2], 4);
  expect(await counter.takeTotal()).toBe(12);
  expect(await counter.takeTotal()).toBe(0);
  const key = `participants_reads:${Math.floor(id / 512)}`;
  expect(await redis.ttl(key)).toBeGreaterThan(13 * 24 * 3_600);
});

test('without Redis nothing is known and nothing fails', async () => {
  const gone = createRedis(`redis://127.0.0.1:${await freePort()}`, { commandTimeoutMs: 250 });
  const without = createRedisViewCounter(createRedisGate(gone));
  await without.count([1], 4);
  expect(await without.peek([1])).toEqual(new Map());
  await without.takeAway(new Map([[1, 1]]));
  expect(await without.takeTotal()).toBeUndefined();
  gone.disconnect();
});

test('a cached count can lose its trust and keeps its lifetime', async () => {
  const counts = createRedisCounts(createRedisGate(redis), { freshMs: 60_000, random: () => 0.5 });
  const value = { count: 5, updatedAt: '2026-11-23T09:00:00.000Z', source: 'api' } as const;
  await counts.putMany(new Map([[id, { ...value, eventsTrusted: true as const }]]));
  expect((await counts.getMany([id]))?.get(id)).toEqual({ ...value, eventsTrusted: true });
  await counts.clearTrusted(id);
  expect((await counts.getMany([id]))?.get(id)).toEqual(value);
  expect(await redis.pttl(`chat_participants:${id}`)).toBeGreaterThan(100_000);
  await counts.clearTrusted(id + 1);
  expect(await redis.exists(`chat_participants:${id + 1}`)).toBe(0);
});
