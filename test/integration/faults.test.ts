import { randomUUID } from 'node:crypto';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import { startSimulator } from '../../localstack/max/server.ts';
import type { Simulator } from '../../localstack/max/simulator.ts';
import { connectDynamo, createDatabase } from '../support/dynamodb.ts';
import { type Answer, ask, quietEnvironment } from '../support/http.ts';
import { startTestIssuer, type TestIssuer } from '../support/issuer.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { FAULTS, type Fault, startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';

/**
 * The handlers as they are deployed, with a network between them and everything they use, which fails in every way it can.
 * `npm test` runs the two faults that cost most; FAULTS=all runs every one (`npm run test:faults`).
 */

const SECRET = 'a-secret-of-tests';
const DEPENDENCIES = ['Redis', 'DynamoDB', 'SQS', 'MAX'] as const;
type Dependency = (typeof DEPENDENCIES)[number];
const TRIED: readonly Fault[] = process.env.FAULTS === 'all' ? FAULTS : ['hang', 'reset'];

/** Time limits of the functions, ms. That of the API is `timeout` in serverless.yml. */
const HTTP_MS = 10_000;
const WORK_MS = 25_000;

let issuer: TestIssuer;
let redis: TestRedis;
let simulator: Simulator;
let proxies: Record<Dependency, TcpProxy>;
const chats: number[] = [];

const portOf = (url: string) => Number(new URL(url).port);

beforeAll(async () => {
  [issuer, redis, simulator] = await Promise.all([
    startTestIssuer(),
    startRedis(),
    startSimulator({ chats: 100, drift: 0, goneRate: 0, switches: { latency_ms: 0, jitter_ms: 0 } }),
  ]);
  const targets = {
    Redis: redis.url,
    DynamoDB: inject('dynamodbEndpoint'),
    SQS: inject('sqsEndpoint'),
    MAX: simulator.url,
  };
  const entries = DEPENDENCIES.map(async (name) => [name, await startTcpProxy(portOf(targets[name]))] as const);
  proxies = Object.fromEntries(await Promise.all(entries)) as typeof proxies;
  const behind = (name: Dependency) => `http://127.0.0.1:${proxies[name].port}`;

  const { tables, history } = await createDatabase(connectDynamo(inject('dynamodbEndpoint')));
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const sqs = new SQSClient({ endpoint: inject('sqsEndpoint'), region: 'eu-central-1', credentials });
  for (const queue of ['EXPRESS_REFRESHES', 'BULK_REFRESHES', 'FULL_UPDATE', 'UPDATES']) {
    const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: `${queue}-${randomUUID()}` }));
    vi.stubEnv(`${queue}_QUEUE_URL`, behind('SQS') + new URL(QueueUrl).pathname);
  }
  sqs.destroy();
  const variables = {
    ...quietEnvironment,
    ...issuer.env,
    ...{
      CHATS_TABLE: tables.chats,
      CHAT_POSTINGS_TABLE: tables.postings,
      STATE_TABLE: tables.state,
      HISTORY_TABLE: history,
    },
    ...{ AWS_REGION: 'eu-central-1', AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' },
    ...{ AWS_ENDPOINT_URL_DYNAMODB: behind('DynamoDB'), AWS_ENDPOINT_URL_SQS: behind('SQS') },
    ...{ REDIS_URL: `redis://127.0.0.1:${proxies.Redis.port}`, MAX_API_URL: behind('MAX') },
    ...{ MAX_API_TOKEN: simulator.token, MAX_API_FALLBACK_SHARE: '1' },
    ...{ CURSOR_SECRET: `${SECRET}-${SECRET}`, WEBHOOK_SECRET: SECRET },
  };
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);

  const groups = [...simulator.world.truths(0, simulator.world.size)].slice(0, 30);
  for (const { chat_id } of groups) {
    const body = JSON.stringify({ name: `Chat ${chat_id}`, max_chat_id: chat_id });
    const made = await call('http-create-chat', { body });
    expect(made.statusCode).toBe(201);
    chats.push(JSON.parse(made.body).id);
  }
});
afterAll(async () => {
  issuer?.stop();
  for (const proxy of Object.values(proxies ?? {})) proxy.stop();
  await Promise.all([redis?.kill(), simulator?.close()]);
});
afterEach(async () => {
  for (const proxy of Object.values(proxies)) await proxy.fail(undefined);
});

const load = async (name: string): Promise<unknown> => (await import(`../../functions/${name}/handler.ts`)).handler;
async function call(name: string, asked: Parameters<typeof ask>[1] = {}): Promise<Answer> {
  const headers = { authorization: issuer.bearer(), 'content-type': 'application/json', ...asked.headers };
  return ask(await load(name), { ...asked, headers });
}
async function invoke(name: string, event: unknown): Promise<unknown> {
  const handler = (await load(name)) as (event: unknown, context: unknown) => Promise<unknown>;
  const until = Date.now() + WORK_MS;
  const getRemainingTimeInMillis = () => Math.max(0, until - Date.now());
  return handler(event, { awsRequestId: 'i', functionName: name, getRemainingTimeInMillis });
}

const chat = (i: number) => ({ path: { id: String(chats[i % chats.length]) } });
const update = (maxChatId: string) => ({
  headers: { 'x-max-bot-api-secret': SECRET },
  body: `{"update_type":"user_added","timestamp":${Date.now()},"chat_id":${maxChatId},"user":{"user_id":1,"first_name":"A","is_bot":false},"is_channel":false}`,
});
const message = (ids: readonly number[]) => ({
  Records: [
    {
      messageId: 'm',
      attributes: { ApproximateReceiveCount: '1' },
      body: JSON.stringify({ ids, requested_at: Date.now() }),
      eventSourceARN: `arn:aws:sqs:eu-central-1:0:${new URL(process.env.BULK_REFRESHES_QUEUE_URL ?? '').pathname.split('/').at(-1)}`,
    },
  ],
});

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
