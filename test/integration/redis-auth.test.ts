import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { authenticated } from '../../lib/adapters/redis/authenticated.ts';
import { createRedis, createRedisGate, redisRestMs } from '../../lib/adapters/redis/client.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';

/** A Redis with an auth token from another service. */

let redis: TestRedis;
let admin: Redis | undefined;
const clients: Redis[] = [];

beforeAll(async () => {
  redis = await startRedis();
  if (redis.kind !== 'redis-server') return;
  admin = new Redis(redis.url);
  await admin.config('SET', 'requirepass', 'first');
});

beforeEach((context) => {
  if (!admin) context.skip('js-redis-server has no passwords: install redis-server');
});

afterAll(async () => {
  for (const client of clients) client.disconnect();
  admin?.disconnect();
  await redis.stop();
});

function connect(token: () => Promise<string>, now = Date.now) {
  const client = createRedis(redis.url, { commandTimeoutMs: 1_000 });
  clients.push(client);
  return authenticated(createRedisGate(client), token, { now, sleep: async () => {} });
}

test('the token is used from the first command on, by all simultaneous callers', async () => {
  const gate = connect(async () => 'first');
  const answers = await Promise.all(Array.from({ length: 5 }, () => gate.run((client) => client.ping())));
  expect(answers).toEqual(Array.from({ length: 5 }, () => ({ ok: true, value: 'PONG' })));
});

test('a rotated token is used at the next connection', async () => {
  let token = 'first';
  const gate = connect(async () => token);
  expect(await gate.run((client) => client.ping())).toEqual({ ok: true, value: 'PONG' });
  await admin?.config('SET', 'requirepass', 'second');
  token = 'second';
  expect(await gate.run((client) => client.ping())).toEqual({ ok: true, value: 'PONG' });
  gate.client.disconnect(true);
  await expect.poll(() => gate.run((client) => client.ping())).toEqual({ ok: true, value: 'PONG' });
});

test('without a token Redis counts as down, and the token is fetched again only after a pause', async () => {
  let now = 0;
  let asked = 0;
  const missing = async () => {
    asked += 1;
    throw new Error('no such parameter');
  };
  const gate = connect(missing, () => now);
  for (let i = 0; i < 3; i += 1) {
    expect(await gate.run((client) => client.ping())).toMatchObject({ ok: false, reason: 'down' });
  }
  expect(asked).toBe(1);
  now = redisRestMs;
  await gate.run((client) => client.ping());
  expect(asked).toBe(2);
});
