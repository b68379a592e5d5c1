import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { compressAnswer } from '../../lib/http/compress.ts';
import { startDynamoDb } from '../../localstack/servers/dynamodb.ts';
import { startRedis } from '../../localstack/servers/redis.ts';
import { startTestIssuer } from '../../test/support/issuer.ts';
import { bundle } from '../support/bundles.ts';
import { fillDatabase, TABLES } from '../support/chats.ts';
import { startChild } from '../support/children.ts';
import { awsOperations, httpRequests, redisCommands, startCountingProxy } from '../support/counting-proxy.ts';
import type { Part } from '../support/part.ts';
import { plot } from '../support/plot.ts';
import { median, quantile, round } from '../support/stats.ts';
import { pageEvent, settings } from './event.ts';
import type { CpuRound, Question, Timed } from './handler-process.ts';
import { measureRedisStep, type RedisStep } from './redis-step.ts';

/** P2, P3 and P3b: the round trips, the time, the processor time and the bytes of a page of 100 chats. */

const HANDLER = 'functions/http-list-chats/handler.ts';
/** A proxy without a server behind it. It counts requests that must not happen. */
const NOBODY = 1;

interface Size {
  readonly chats: number;
  readonly warm: MaxResponse;
  readonly cold: MaxResponse;
  readonly deep: MaxResponse;
}

interface MaxResponse {
  /** Milliseconds. */
  readonly p50: number;
  readonly p95: number;
  /** Processor time of a page, ms. */
  readonly cpu: number;
  /** Requests for one page. */
  readonly trips: Readonly<Record<string, number>>;
}

/** Measurements at one number of chats. */
interface Measured {
  readonly size: Size;
  readonly step: RedisStep;
  readonly cpu: readonly CpuRound[];
  readonly compressed: readonly Compressed[];
}

interface Compressed {
  readonly encoding: string;
  readonly bytes: number;
  /** Processor time, ms. */
  readonly cpuMs: number;
}

export const run: Part = async ({ quick }) => {
  const folder = await mkdtemp(join(tmpdir(), 'bench-page-'));
  try {
    const { file } = await bundle(HANDLER, join(folder, 'bundle'));
    const sizes: Size[] = [];
    let last: Measured | undefined;
    for (const chats of quick ? [1_000, 10_000] : [1_000, 10_000, 50_000, 150_000]) {
      last = await measureSize(file, join(folder, String(chats)), chats, quick);
      sizes.push(last.size);
    }
    if (!last) throw new Error('nothing was measured');
    return report(sizes, last);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

async function measureSize(file: string, dataDir: string, chats: number, quick: boolean): Promise<Measured> {
  const now = Date.now();
  await fillDatabase(dataDir, {
    chats,
    // Fresh for the whole measurement.
    reading: (id) => ({ count: 1 + (id % 500), readAt: now - 60_000, dueAt: now + 3_000_000 }),
  });
  const [dynamodb, redis, issuer] = await Promise.all([startDynamoDb(dataDir), startRedis(), startTestIssuer()]);
  const portOf = (url: string) => Number(new URL(url).port);
  const proxies = {
    dynamodb: await startCountingProxy(portOf(dynamodb.endpoint), awsOperations),
    redis: await startCountingProxy(portOf(redis.url), redisCommands),
    max: await startCountingProxy(NOBODY, httpRequests),
    sqs: await startCountingProxy(NOBODY, awsOperations),
  };
  const local = (name: keyof typeof proxies) => `http://127.0.0.1:${proxies[name].port}`;
  const child = await startChild(join(import.meta.dirname, 'handler-process.ts'), [file], {
    env: {
      ...settings,
      ...issuer.env,
      CHATS_TABLE: TABLES.chats,
      CHAT_POSTINGS_TABLE: TABLES.postings,
      STATE_TABLE: TABLES.state,
      HISTORY_TABLE: TABLES.history,
      AWS_ENDPOINT_URL_DYNAMODB: local('dynamodb'),
      AWS_ENDPOINT_URL_SQS: local('sqs'),
      EXPRESS_REFRESHES_QUEUE_URL: `${local('sqs')}/000000000000/requested`,
      BULK_REFRESHES_QUEUE_URL: `${local('sqs')}/000000000000/planned`,
      MAX_API_URL: local('max'),
      REDIS_URL: `redis://127.0.0.1:${proxies.redis.port}`,
    },
  });
  const admin = new Redis(redis.url);
  const authorization = issuer.bearer();
  const takeTrips = () => {
    const names = Object.keys(proxies) as (keyof typeof proxies)[];
    return Object.fromEntries(
      names.flatMap((name) => Object.entries(proxies[name].take()).map(([what, n]) => [`${name} ${what}`, n])),
    );
  };
  const ask = async (times: number, query: Readonly<Record<string, string>> = {}) => {
    const timed = await child.ask<Timed>({ event: pageEvent(authorization, query), times } satisfies Question);
    if (timed.statusCode !== 200) throw new Error(`the page was answered ${timed.statusCode}: ${timed.body}`);
    return timed;
  };
  try {
    // Warms up: connections, compiled code, scripts in Redis.
    await ask(100);
    const after = cursorAt(await ask(20), 100);
    const pages = quick ? 100 : 400;
    const warm = asked(await timesEach(ask, pages, takeTrips, {}));
    const deep = asked(await timesEach(ask, pages, takeTrips, { cursor: after }));
    const cold = asked(await timesEach(ask, pages, takeTrips, {}, () => admin.flushall().then(() => {})));
    await ask(1);
    const ids = Array.from({ length: 100 }, (_, i) => i + 1);
    const step = await measureRedisStep(redis.url, ids, quick ? 1_000 : 6_000);
    const { body } = await ask(100);
    const cpu = await child.ask<CpuRound[]>({
      event: pageEvent(authorization, {}, { 'accept-encoding': 'gzip, deflate, br' }),
      times: quick ? 40 : 100,
      rounds: quick ? 7 : 25,
      redisPort: proxies.redis.port,
    } satisfies Question);
    const compressed = ['br', 'gzip'].map((encoding) => compress(encoding, body, quick ? 200 : 2_000));
    return { size: { chats, warm, deep, cold }, step, cpu, compressed };
  } finally {
    admin.disconnect();
    await child.stop();
    for (const proxy of Object.values(proxies)) proxy.stop();
    issuer.stop();
    await Promise.all([dynamodb.stop(), redis.stop()]);
  }
}

const cursorAt = ({ body }: Timed, rows: number): string => {
  const { data, next_cursor } = JSON.parse(body) as { data: unknown[]; next_cursor: string };
  if (data.length !== rows) throw new Error(`a page of ${rows} had ${data.length} chats`);
  return next_cursor;
};

interface Sample {
  readonly ms: readonly number[];
  readonly cpuMs: number;
  readonly trips: Readonly<Record<string, number>>;
}

/** Measures pages one after the other, with `before` before each. The round trips are those of all pages together. */
async function timesEach(
  ask: (times: number, query: Readonly<Record<string, string>>) => Promise<Timed>,
  pages: number,
  takeTrips: () => Record<string, number>,
  query: Readonly<Record<string, string>>,
  before?: () => Promise<void>,
): Promise<Sample> {
  takeTrips();
  if (!before) {
    const { ms, cpuMs } = await ask(pages, query);
    return { ms, cpuMs, trips: takeTrips() };
  }
  const ms: number[] = [];
  let cpuMs = 0;
  for (let i = 0; i < pages; i += 1) {
    await before();
    const timed = await ask(1, query);
    ms.push(...timed.ms);
    cpuMs += timed.cpuMs;
  }
  return { ms, cpuMs, trips: takeTrips() };
}

const asked = ({ ms, cpuMs, trips }: Sample): MaxResponse => ({
  p50: median(ms),
  p95: quantile(ms, 0.95),
  cpu: cpuMs / ms.length,
  trips: Object.fromEntries(Object.entries(trips).map(([what, n]) => [what, n / ms.length])),
});

/** Compresses the page as the functions do. The average of many times, after some that let V8 compile the code. */
function compress(encoding: string, body: string, times: number): Compressed {
  const answer = { statusCode: 200, headers: {}, body };
  const once = () => compressAnswer(answer, encoding);
  for (let i = 0; i < 100; i += 1) once();
  const before = process.cpuUsage();
  for (let i = 0; i < times; i += 1) once();
  const { user, system } = process.cpuUsage(before);
  return { encoding, bytes: Buffer.byteLength(once().body, 'base64'), cpuMs: (user + system) / 1_000 / times };
}

const tripsText = (trips: MaxResponse['trips']): string =>
  Object.entries(trips)
    .map(([what, n]) => `${round(n)} ${what}`)
    .join(', ');

function report(sizes: readonly Size[], { size: largest, step, cpu, compressed }: Measured) {
  const { warm, cold } = largest;
  const count = (asked: MaxResponse, pattern: RegExp) =>
    Object.entries(asked.trips).reduce((sum, [what, n]) => sum + (pattern.test(what) ? n : 0), 0);
  const reads = count(warm, /^dynamodb (Query|GetItem|BatchGetItem)$/);
  const mgets = count(warm, /^redis MGET$/);
  // A quarter of the listings also count views, in the background.
  const others = count(warm, /^(?!dynamodb (Query|GetItem|BatchGetItem)$|redis MGET$|redis EVAL participants_reads$)/);
  const stepRatio = round(step.ours / step.socket);
  const driverRatio = round(step.driver / step.socket);
  const pageMs = median(cpu.map(({ page }) => page));
  const rawMs = median(cpu.map(({ raw }) => raw));
  const cpuRatio = round(median(cpu.map(({ page, raw }) => page / raw)));
  return {
    figures: [
      {
        goal: 'P2',
        what: `DynamoDB reads of a warm page at ${largest.chats} chats`,
        bound: '1',
        measured: tripsText(Object.fromEntries(Object.entries(warm.trips).filter(([what]) => what.startsWith('dyn')))),
        peer: '–',
        reached: round(reads) <= 1,
      },
      {
        goal: 'P2',
        what: 'MGETs of a warm page',
        bound: '1',
        measured: String(round(mgets)),
        peer: '–',
        reached: round(mgets) === 1,
      },
      {
        goal: 'P2',
        what: 'writes waited for and MAX calls before the answer, warm',
        bound: '0',
        measured: String(round(others)),
        peer: '–',
        reached: others === 0,
      },
      {
        goal: 'P2',
        what: 'MGET of 100 by the driver ÷ by a raw socket, medians',
        bound: '≤ 1.7',
        measured: `${driverRatio} (${Math.round(step.driver)} µs)`,
        peer: `socket ${Math.round(step.socket)} µs`,
        reached: driverRatio <= 1.7,
      },
      {
        goal: 'P2',
        what: 'the whole Redis step (with every value parsed and checked) ÷ raw-socket MGET',
        bound: '≤ 1.7',
        measured: `${stepRatio} (${Math.round(step.ours)} µs)`,
        peer: `socket ${Math.round(step.socket)} µs`,
        reached: stepRatio <= 1.7,
      },
      {
        goal: 'P3',
        what: 'processor time of a warm page in the function ÷ of the same answers read on raw connections',
        bound: '≤ 4',
        measured: `${cpuRatio} (${round(pageMs)} ms)`,
        peer: `raw HTTP and Redis, one JSON.stringify: ${round(rawMs)} ms`,
        reached: cpuRatio <= 4,
      },
      ...compressed.map(({ encoding, bytes, cpuMs }) => ({
        goal: 'P3b',
        what: `bytes of a page with ${encoding}, and processor time of compressing it`,
        bound: '≤ 8 KB, ≤ 1.5 ms',
        measured: `${round(bytes / 1_024)} KB, ${round(cpuMs)} ms`,
        peer: '–',
        reached: bytes <= 8 * 1_024 && cpuMs <= 1.5,
      })),
    ],
    tables: [
      {
        title: 'A page of 100, one after another, as deployed but for the network',
        head: ['chats', 'page', 'p50 ms', 'p95 ms', 'CPU ms', 'round trips'],
        rows: sizes.flatMap(({ chats, ...pages }) =>
          Object.entries(pages).map(([page, { p50, p95, cpu: ms, trips }]) => [
            chats,
            page,
            round(p50),
            round(p95),
            round(ms),
            tripsText(trips),
          ]),
        ),
      },
    ],
    notes: [
      'warm: the first page, every count cached; deep: the second page by its cursor; cold: Redis emptied before each page.',
      "Two DynamoDB reads, at once, so one round trip of time: the page, and the `total`, which is promised to be exact. The socket's reply is split into values and no " +
        `more; reading a hundred values, and whether each is a count, takes the other ${Math.round(step.ours - step.driver)} µs.`,
      "P3's page is compressed, as browsers ask for it. Its peer reads the Query of DynamoDB and the MGET; the function also reads the `total`.",
      `At ${largest.chats} chats a cold page takes ${round(cold.p50 / warm.p50)} × a warm one. The function runs in a process of its own; ` +
        'DynamoDB is an embedded server whose own time is in these figures, so look at how they grow, not at how high they are.',
    ],
    plots: [
      {
        name: 'page-latency',
        title: 'Latency of a page of 100 by number of chats',
        svg: plot({
          title: 'A page of 100 chats, median',
          x: { label: 'chats', ticks: sizes.map(({ chats }) => chats), log: true },
          y: { label: 'ms' },
          lines: (['warm', 'deep', 'cold'] as const).map((name) => ({
            name,
            points: sizes.map((size) => [size.chats, size[name].p50] as const),
          })),
        }),
      },
    ],
    data: { sizes, step, cpu, compressed },
  };
}
