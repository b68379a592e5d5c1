import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { Redis } from 'ioredis';
import { startDynamoDb } from '../../localstack/servers/dynamodb.ts';
import { startRedis } from '../../localstack/servers/redis.ts';
import { startSqs } from '../../localstack/servers/sqs.ts';
import { startTestIssuer } from '../../test/support/issuer.ts';
import { settings } from '../page/event.ts';
import { fillDatabase, TABLES } from '../support/chats.ts';
import { startChild } from '../support/children.ts';
import { awsOperations, startCountingProxy } from '../support/counting-proxy.ts';
import type { Part } from '../support/part.ts';
import { peersInstalled, peerVersion } from '../support/peers.ts';
import { quantile } from '../support/stats.ts';
import type { Crowd, CrowdReport, ReaderOptions } from './reader-process.ts';
import { type Lifetimes, READERS, type ReaderName } from './readers.ts';

/** P4: 200 simultaneous readers of one chat, in four processes. */

const PROCESSES = 4;
const READERS_EACH = 50;
/** Response time of MAX, ms. It is long, so that the measurement shows which readers wait for MAX. */
const UPSTREAM_MS = 400;
const LIFETIMES: Lifetimes = { freshMs: 3_000, staleMs: 3_000 };
const WARM_UPS = 15;
/** Time after which a value is stale but not expired, ms. */
const AGEING_MS = 3_600;

interface Upstream {
  readonly url: string;
  /** Requests since it was last asked. */
  take(): number;
  stop(): void;
}

/** A slow MAX that counts requests. */
async function startUpstream(): Promise<Upstream> {
  let requests = 0;
  const server = createServer(async (request, response) => {
    requests += 1;
    await sleep(UPSTREAM_MS);
    const chat_id = Number(/-?\d+$/.exec(request.url ?? '')?.[0]);
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ chat_id, participants_count: 7 }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    take() {
      const taken = requests;
      requests = 0;
      return taken;
    },
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

interface Outcome {
  readonly reader: ReaderName;
  readonly what: 'missing' | 'fresh' | 'stale' | 'refresh';
  readonly calls: number;
  /** Requests to SQS: enqueued refreshes. */
  readonly queued: number;
  readonly ms: readonly number[];
  readonly refused: number;
}

export const run: Part = async ({ quick }) => {
  const folder = await mkdtemp(join(tmpdir(), 'bench-stampede-'));
  const names = peersInstalled() ? (Object.keys(READERS) as ReaderName[]) : (['service'] as const);
  const rounds = quick ? 2 : 10;
  try {
    await fillDatabase(folder, { chats: 3 * rounds });
    const outcomes: Outcome[] = [];
    for (const reader of names) outcomes.push(...(await measure(reader, folder, rounds)));
    return report(names, outcomes, rounds);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

async function measure(reader: ReaderName, dataDir: string, rounds: number): Promise<Outcome[]> {
  const [issuer, dynamodb, redis, sqs, upstream] = await Promise.all([
    startTestIssuer(),
    startDynamoDb(dataDir),
    startRedis(),
    startSqs('eu-central-1'),
    startUpstream(),
  ]);
  const queues = await startCountingProxy(Number(new URL(sqs.endpoint).port), awsOperations);
  const queueUrl = `http://127.0.0.1:${queues.port}/000000000000`;
  const sender = new SQSClient({
    endpoint: sqs.endpoint,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  for (const QueueName of ['express', 'bulk']) await sender.send(new CreateQueueCommand({ QueueName }));
  sender.destroy();
  const admin = new Redis(redis.url);
  const options: ReaderOptions = { reader, redisUrl: redis.url, upstreamUrl: upstream.url, lifetimes: LIFETIMES };
  const children = await Promise.all(
    Array.from({ length: PROCESSES }, () =>
      startChild(join(import.meta.dirname, 'reader-process.ts'), [JSON.stringify(options)], {
        env: {
          ...settings,
          ...issuer.env,
          BENCH_AUTHORIZATION: issuer.bearer(),
          POWERTOOLS_LOG_LEVEL: 'SILENT',
          CHATS_TABLE: TABLES.chats,
          CHAT_POSTINGS_TABLE: TABLES.postings,
          STATE_TABLE: TABLES.state,
          HISTORY_TABLE: TABLES.history,
          AWS_ENDPOINT_URL_DYNAMODB: dynamodb.endpoint,
          AWS_ENDPOINT_URL_SQS: `http://127.0.0.1:${queues.port}`,
          EXPRESS_REFRESHES_QUEUE_URL: `${queueUrl}/requested`,
          BULK_REFRESHES_QUEUE_URL: `${queueUrl}/planned`,
          MAX_API_URL: upstream.url,
          MAX_API_RPS: '1000',
          REDIS_URL: redis.url,
          PARTICIPANTS_CACHE_TTL: `${LIFETIMES.freshMs}ms`,
        },
      }),
    ),
  );

  async function crowd(
    what: Outcome['what'],
    act: Crowd['what'],
    id: number,
    readers = READERS_EACH,
  ): Promise<Outcome> {
    upstream.take();
    queues.take();
    const at = Date.now() + 100;
    const reports = await Promise.all(
      children.map((child) => child.ask<CrowdReport>({ what: act, id, readers, at } satisfies Crowd)),
    );
    // Waits for work in the background.
    await sleep(readers === READERS_EACH ? 2 * UPSTREAM_MS : UPSTREAM_MS / 2);
    const statuses = reports.flatMap((crowded) => crowded.statuses);
    return {
      reader,
      what,
      calls: upstream.take(),
      queued: queues.take().SendMessageBatch ?? 0,
      ms: reports.flatMap(({ ms }) => ms),
      refused: statuses.filter((status) => status !== 200).length,
    };
  }

  /** Of the service a chat of its own, whose count the database has never had; of a cache, any key. */
  const outcomes: Outcome[] = [];
  try {
    // A first time of everything, one reader after another: connections, scripts, compiled code, and the limiter's warm-up,
    // which is no part of this.
    for (let i = 0; i < WARM_UPS; i += 1) await crowd('missing', 'read', 3 * rounds, 1);
    if (reader === 'service') {
      await waitForLimiter(() => crowd('refresh', 'refresh', 3 * rounds, 1));
      for (let i = 0; i < WARM_UPS; i += 1) await crowd('refresh', 'refresh', 3 * rounds, 5);
    }
    for (let i = 1; i < rounds; i += 1) {
      outcomes.push(await crowd('missing', 'read', i));
      outcomes.push(await crowd('fresh', 'read', i));
      await sleep(AGEING_MS - 4 * UPSTREAM_MS);
      outcomes.push(await crowd('stale', 'read', i));
      if (reader === 'service') outcomes.push(await crowd('refresh', 'refresh', rounds + i));
    }
    return outcomes;
  } finally {
    admin.disconnect();
    await Promise.all(children.map((child) => child.stop()));
    queues.stop();
    upstream.stop();
    issuer.stop();
    await Promise.all([dynamodb.stop(), redis.stop(), sqs.stop()]);
  }
}

/** Waits for the warm-up of a new limiter, about 12 s. */
async function waitForLimiter(attempt: () => Promise<Outcome>): Promise<void> {
  for (let tries = 0; tries < 30; tries += 1) {
    const { refused } = await attempt();
    if (refused === 0) return;
    await sleep(1_000);
  }
  throw new Error('the limiter does not grant anything');
}

function report(names: readonly ReaderName[], outcomes: readonly Outcome[], rounds: number) {
  const of = (reader: ReaderName, what: Outcome['what']) =>
    outcomes.filter((outcome) => outcome.reader === reader && outcome.what === what);
  const range = (values: readonly number[]) =>
    Math.min(...values) === Math.max(...values) ? `${values[0]}` : `${Math.min(...values)}–${Math.max(...values)}`;
  const calls = (reader: ReaderName, what: Outcome['what']) => range(of(reader, what).map((outcome) => outcome.calls));
  const waits = (reader: ReaderName, what: Outcome['what']) => of(reader, what).flatMap(({ ms }) => ms);
  const longest = (reader: ReaderName, what: Outcome['what']) => Math.round(quantile(waits(reader, what), 1));
  const beside = (show: (reader: ReaderName) => string) =>
    names.flatMap((name) => (name === 'service' ? [] : [`${name} ${show(name)}`])).join('; ') || '–';
  const all = of('service', 'missing');
  const readers = PROCESSES * READERS_EACH;
  return {
    figures: [
      {
        goal: 'P4',
        what: `MAX calls for ${readers} simultaneous misses of one chat in ${PROCESSES} processes`,
        bound: '1',
        measured: calls('service', 'missing'),
        peer: beside((name) => calls(name, 'missing')),
        reached: all.every((outcome) => outcome.calls === 1),
      },
      {
        goal: 'P4',
        what: `longest wait of ${readers} readers of a stale count, while MAX takes ${UPSTREAM_MS} ms`,
        bound: `< ${UPSTREAM_MS} ms: as of a fresh one`,
        measured: `${longest('service', 'stale')} ms (fresh: ${longest('service', 'fresh')} ms)`,
        peer: beside((name) => `${longest(name, 'stale')} ms (${longest(name, 'fresh')} ms)`),
        reached: longest('service', 'stale') < UPSTREAM_MS,
      },
      {
        goal: 'P4',
        what: 'MAX calls, or messages that ask for one, for a stale count',
        bound: '1',
        measured: `${range(of('service', 'stale').map((outcome) => outcome.calls))} calls, ${range(of('service', 'stale').map(({ queued }) => queued))} messages`,
        peer: beside((name) => `${calls(name, 'stale')} calls`),
        reached: of('service', 'stale').every((outcome) => outcome.calls + outcome.queued === 1),
      },
      {
        goal: '',
        what: `MAX calls for ${readers} people who ask for a new count of one chat; refused`,
        bound: '–',
        measured: `${calls('service', 'refresh')}; ${range(of('service', 'refresh').map(({ refused }) => refused))}`,
        peer: '–',
        reached: undefined,
      },
    ],
    tables: [
      {
        title: 'How long readers waited, ms',
        head: ['', 'situation', 'median', 'p99', 'longest'],
        rows: names.flatMap((name) =>
          (['missing', 'fresh', 'stale', 'refresh'] as const).flatMap((what) => {
            const ms = waits(name, what);
            return ms.length === 0
              ? []
              : [[name, what, ...[0.5, 0.99, 1].map((q) => Math.round(quantile(ms, q)))] as (string | number)[]];
          }),
        ),
      },
    ],
    notes: [
      `${rounds - 1} rounds each. All readers of a process share its event loop, so a wait is mostly that of ${READERS_EACH} requests for each other; on Lambda each has an environment of its own. ` +
        'Who finds a missing count being fetched by somebody else is answered at once, without one. Who asks for a new count gets one that MAX was asked for ' +
        'after the request came in: those who come while it is being asked need a second call.',
      ...(names.length > 1
        ? [
            `Peers: bentocache ${peerVersion('bentocache')} (memory over Redis, grace period, no waiting for what is stale), cache-manager ${peerVersion('cache-manager')} (Redis, refreshing in the background). Their locks are of one process.`,
          ]
        : []),
    ],
    data: outcomes.map(({ ms, ...outcome }) => ({ ...outcome, p50: quantile(ms, 0.5), longest: quantile(ms, 1) })),
  };
}
