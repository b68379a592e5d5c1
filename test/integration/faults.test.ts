import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Dependency, type Functions, SECRETS, startFunctions } from '../support/functions.ts';
import { hasRedisServer, startReplica, type TestRedis } from '../support/redis.ts';
import { FAULTS, type Fault, startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';

/**
 * The handlers as they are deployed, with a network between them and everything they use, which fails in every way it can.
 * `npm test` runs the two faults that cost most; FAULTS=all runs every one (`npm run test:faults`).
 */

const DEPENDENCIES: readonly Dependency[] = ['Redis', 'DynamoDB', 'SQS', 'MAX'];
const TRIED: readonly Fault[] = process.env.FAULTS === 'all' ? FAULTS : ['hang', 'reset'];

/** Time limits of the functions, ms. That of the API is `timeout` in serverless.yml. */
const HTTP_MS = 10_000;
const WORK_MS = 25_000;

let functions: Functions;
const proxies = {} as Record<Dependency, TcpProxy>;
const chats: number[] = [];

beforeAll(async () => {
  const reach = async (dependency: Dependency, url: string) => {
    const proxy = await startTcpProxy(Number(new URL(url).port));
    proxies[dependency] = proxy;
    return `${new URL(url).protocol}//127.0.0.1:${proxy.port}`;
  };
  functions = await startFunctions(100, { reach });
  const { world } = functions.simulator;
  for (const { chat_id } of [...world.truths(0, world.size)].slice(0, 30)) {
    const body = JSON.stringify({ name: `Chat ${chat_id}`, max_chat_id: chat_id });
    const made = await call('http-create-chat', { body });
    expect(made.statusCode).toBe(201);
    chats.push(JSON.parse(made.body).id);
  }
});
afterAll(async () => {
  for (const proxy of Object.values(proxies)) proxy.stop();
  await functions?.close();
});
afterEach(async () => {
  for (const proxy of Object.values(proxies)) await proxy.fail(undefined);
});

const call: Functions['call'] = (name, asked) => functions.call(name, asked);
const invoke = (name: string, event: unknown) => functions.invoke(name, event, WORK_MS);

const chat = (i: number) => ({ path: { id: String(chats[i % chats.length]) } });
const update = (maxChatId: string) => ({
  headers: { 'x-max-bot-api-secret': SECRETS.WEBHOOK_SECRET },
  body: `{"update_type":"user_added","timestamp":${Date.now()},"chat_id":${maxChatId},"user":{"user_id":1,"first_name":"A","is_bot":false},"is_channel":false}`,
});
const message = (ids: readonly number[]) => ({
  Records: [functions.record('BULK_REFRESHES', JSON.stringify({ ids, requested_at: Date.now() }), 'm')],
});

async function flush({ url }: TestRedis): Promise<void> {
  const client = new Redis(url);
  await client.flushall();
  client.disconnect();
}

/** Statuses the API may answer with while a dependency is out, besides the good ones. A 500 is never one of them. */
const ALLOWED: Readonly<Record<'list' | 'refresh' | 'webhook', Readonly<Record<Dependency, readonly number[]>>>> = {
  list: { Redis: [200], DynamoDB: [200, 503], SQS: [200], MAX: [200] },
  refresh: { Redis: [200, 503], DynamoDB: [200, 503], SQS: [200], MAX: [200, 503] },
  webhook: { Redis: [200], DynamoDB: [200], SQS: [200, 503], MAX: [200] },
};

async function within<T>(ms: number, work: () => Promise<T>): Promise<T> {
  const startedAt = performance.now();
  const done = await work();
  // Room for a busy machine; without limits it would take for ever.
  expect(performance.now() - startedAt).toBeLessThan(ms + 3_000);
  return done;
}

describe.each(DEPENDENCIES)('%s', (dependency) => {
  test.each(TRIED)(
    'with the fault “%s”: everything ends in time, as documented, and works again afterwards',
    async (fault) => {
      await proxies[dependency].fail(fault);
      const [list, refresh, webhook, plan, worker] = await Promise.all([
        within(HTTP_MS, () => call('http-list-chats', { query: { limit: '20' } })),
        within(HTTP_MS, () => call('http-refresh-participants', chat(1))),
        within(HTTP_MS, () => call('http-receive-updates', update('-70000000000001'))),
        within(WORK_MS, () => invoke('schedule-plan-stale', {}).catch((error: Error) => error)),
        within(WORK_MS, () => invoke('queue-refresh-participants', message(chats.slice(10, 20)))),
      ]);
      expect(ALLOWED.list[dependency]).toContain(list.statusCode);
      expect(ALLOWED.refresh[dependency]).toContain(refresh.statusCode);
      expect(ALLOWED.webhook[dependency]).toContain(webhook.statusCode);
      for (const answer of [list, refresh, webhook]) {
        if (answer.statusCode === 503) expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
      }
      // A schedule that fails is repeated by its next run; a message that fails comes again.
      if (dependency === 'Redis' || dependency === 'MAX') expect(plan).toBeUndefined();
      expect([[], [{ itemIdentifier: 'm' }]]).toContainEqual(
        (worker as { batchItemFailures: unknown }).batchItemFailures,
      );
      if (dependency === 'Redis') expect(worker).toEqual({ batchItemFailures: [] });

      await proxies[dependency].fail(undefined);
      await vi.waitFor(
        async () => {
          expect((await call('http-list-chats', { query: { limit: '20' } })).statusCode).toBe(200);
          expect((await call('http-refresh-participants', chat(2))).statusCode).toBe(200);
          expect((await call('http-receive-updates', update('-70000000000001'))).statusCode).toBe(200);
        },
        { timeout: 20_000, interval: 500 },
      );
    },
    90_000,
  );
});

test('a hung Redis costs the listing one command timeout in ten seconds', async () => {
  await vi.waitFor(async () => expect((await call('http-list-chats')).headers['server-timing']).toBeDefined());
  await proxies.Redis.fail('hang');
  const took: number[] = [];
  for (let i = 0; i < 10; i += 1) {
    const startedAt = performance.now();
    expect((await call('http-list-chats', { query: { limit: '5' } })).statusCode).toBe(200);
    took.push(performance.now() - startedAt);
  }
  expect(took.filter((ms) => ms > 240).length).toBeLessThanOrEqual(2);
}, 60_000);

describe.skipIf(!hasRedisServer)('Redis, one trouble after another (needs redis-server)', () => {
  test('no listing fails while it hangs, loses its keys, dies, and fails over to a replica', async () => {
    const moveTo = (redis: TestRedis) => proxies.Redis.moveTo(Number(new URL(redis.url).port));
    const replica = await startReplica(functions.redis);
    const troubles: readonly (() => Promise<unknown> | unknown)[] = [
      () => functions.redis.hang(),
      () => functions.redis.resume(),
      () => flush(functions.redis),
      () => {
        proxies.Redis.cutOff();
        moveTo(replica);
        return replica.promote();
      },
      () => flush(replica),
      () => replica.kill(),
    ];
    const statuses: number[] = [];
    let over = false;
    const listing = async () => {
      while (!over) statuses.push((await call('http-list-chats', { query: { limit: '20' } })).statusCode);
    };
    const readers = [listing(), listing()];
    for (const happen of troubles) {
      await happen();
      await sleep(1_500);
    }
    over = true;
    await Promise.all(readers);
    moveTo(functions.redis);
    expect(statuses.length).toBeGreaterThan(50);
    expect(new Set(statuses)).toEqual(new Set([200]));
    // Redis is used again once its pause is over.
    await vi.waitFor(async () => expect((await call('http-refresh-participants', chat(3))).statusCode).toBe(200), {
      timeout: 20_000,
      interval: 500,
    });
  }, 90_000);
});
