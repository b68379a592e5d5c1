import type { Context, SQSEvent, SQSRecord } from 'aws-lambda';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { createViewCounts } from '../../lib/listing/view-counts.ts';
import { METRICS } from '../../lib/runtime/metric-names.ts';
import { fakeClock } from '../support/fake-clock.ts';
import {
  counted,
  failing,
  HOUR,
  memoryCounts,
  memoryQueue,
  memoryViewCounter,
  openPermits,
  refreshing,
  scriptedMax,
} from '../support/participants.ts';
import { created, listing, openMemory, T0 } from '../support/stores.ts';

// Powertools reads these variables when it is loaded. In its development mode, it writes to the console, which the test reads.
vi.stubEnv('POWERTOOLS_DEV', 'true');
vi.stubEnv('POWERTOOLS_METRICS_DISABLED', 'false');
vi.stubEnv('POWERTOOLS_METRICS_NAMESPACE', 'ChatParticipants');
vi.stubEnv('POWERTOOLS_SERVICE_NAME', 'chat-participants');
vi.stubEnv('POWERTOOLS_LOG_LEVEL', 'SILENT');
vi.stubEnv('POWERTOOLS_TRACE_ENABLED', 'false');

let observability: typeof import('../../lib/runtime/observability.ts');
let reports: typeof import('../../lib/runtime/reports.ts');
let queueStack: typeof import('../../lib/runtime/queue-stack.ts');
let lines: string[];

beforeAll(async () => {
  observability = await import('../../lib/runtime/observability.ts');
  reports = await import('../../lib/runtime/reports.ts');
  queueStack = await import('../../lib/runtime/queue-stack.ts');
});
beforeEach(() => {
  lines = [];
  vi.spyOn(console, 'log').mockImplementation((line: unknown) => void lines.push(String(line)));
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** The embedded metric format by CloudWatch's specification, with its limits. */
const emf = z
  .object({
    _aws: z.strictObject({
      Timestamp: z.number().int().min(1_600_000_000_000),
      CloudWatchMetrics: z
        .array(
          z.strictObject({
            Namespace: z.literal('ChatParticipants'),
            Dimensions: z.array(z.array(z.string()).max(30)).min(1),
            Metrics: z
              .array(
                z.strictObject({
                  Name: z.enum(METRICS),
                  Unit: z.enum(['Count', 'Milliseconds', 'Seconds', 'Percent']),
                  StorageResolution: z.literal(60).optional(),
                }),
              )
              .min(1)
              .max(100),
          }),
        )
        .length(1),
    }),
  })
  .catchall(z.union([z.string(), z.number(), z.array(z.number()).min(1).max(100)]))
  .superRefine((line, ctx) => {
    const [{ Dimensions = [], Metrics = [] } = {}] = line._aws.CloudWatchMetrics;
    const complain = (message: string) => ctx.addIssue({ code: 'custom', message });
    for (const name of Dimensions.flat()) {
      if (typeof line[name] !== 'string' || line[name] === '') complain(`the dimension ${name} has no value`);
    }
    for (const { Name } of Metrics) {
      const values = [line[Name]].flat();
      if (!values.every((value) => typeof value === 'number' && Number.isFinite(value)))
        complain(`${Name} has no value`);
    }
    if (new Set(Metrics.map(({ Name }) => Name)).size < Metrics.length) complain('a metric is named twice');
  });

interface Measured {
  readonly name: string;
  readonly unit: string;
  readonly dimensions: Readonly<Record<string, unknown>>;
  readonly values: readonly number[];
}

/** Everything written so far, with each line validated. */
function measured(): Measured[] {
  return lines.flatMap((text) => {
    const line = emf.parse(JSON.parse(text));
    return line._aws.CloudWatchMetrics.flatMap(({ Dimensions, Metrics }) =>
      Metrics.map(({ Name, Unit }) => ({
        name: Name,
        unit: Unit,
        dimensions: Object.fromEntries(Dimensions.flat().map((name) => [name, line[name]])),
        values: z.array(z.number()).parse([line[Name]].flat()),
      })),
    );
  });
}
const ofService = { service: 'chat-participants' };
const valuesOf = (name: string, dimensions: object = ofService) =>
  measured()
    .filter((metric) => metric.name === name && JSON.stringify(metric.dimensions) === JSON.stringify(dimensions))
    .flatMap(({ values }) => values);
const sumOf = (name: string, dimensions?: object) => valuesOf(name, dimensions).reduce((sum, value) => sum + value, 0);

const context: Context = {
  callbackWaitsForEmptyEventLoop: false,
  functionName: 'test',
  functionVersion: '$LATEST',
  invokedFunctionArn: 'arn:aws:lambda:eu-central-1:000000000000:function:test',
  memoryLimitInMB: '512',
  awsRequestId: 'request-1',
  logGroupName: '/aws/lambda/test',
  logStreamName: 'stream',
  getRemainingTimeInMillis: () => 30_000,
  done() {},
  fail() {},
  succeed() {},
};

/** One invocation of a function with the shared middleware. */
const invoke = (work: () => Promise<void>) => observability.instrumented(work)({}, context);

describe('an invocation', () => {
  test('runs the registered flushes at its end, even after an error', async () => {
    const { flushAfterInvocations } = await import('../../lib/runtime/flushing.ts');
    let pending = 0;
    let flushed = 0;
    flushAfterInvocations(async () => {
      await new Promise((resolve) => setImmediate(resolve));
      flushed += pending;
      pending = 0;
    });
    const report = async () => {
      pending += 1;
    };
    await invoke(report);
    expect(flushed).toBe(1);
    await expect(
      invoke(async () => {
        await report();
        throw new Error('on purpose');
      }),
    ).rejects.toThrow('on purpose');
    expect(flushed).toBe(2);
  });

  test('of a listing reports lookups, hits and stale hits, and the hit rate', async () => {
    const clock = fakeClock(T0);
    const stores = await openMemory();
    const cache = memoryCounts(clock);
    for (let i = 1; i <= 10; i += 1) await created(stores.chats, { maxChatId: `-${i}` });
    const ages = [0, 0, 0, 0, 0, 2 * HOUR, 2 * HOUR, 2 * HOUR];
    for (const [i, age] of ages.entries()) {
      await cache.putMany(new Map([[i + 1, { count: 1, updatedAt: new Date(T0 - age).toISOString(), source: 'api' }]]));
    }
    const events = observability.telemetryMetrics;
    const viewCounts = createViewCounts({
      ...{
        chatStore: stores.chats,
        cache,
        leases: cache,
        queue: memoryQueue(),
        clock,
        telemetry: events,
        newId: () => 'r',
      },
      ...{ viewCounter: memoryViewCounter(), random: () => 0.5 },
      refreshChat: refreshing(stores, clock, { maxApi: scriptedMax(() => counted(1)), cache, telemetry: events }),
      settings: { freshMs: HOUR, batchSize: 50, lazyUpdate: true, integrationDisabled: false },
    });
    const { rows } = await stores.chats.list(listing());
    for (let i = 0; i < 3; i += 1) await invoke(async () => void (await viewCounts(rows)));

    expect(valuesOf(METRICS.cacheLookups)).toEqual([10, 10, 10]);
    expect(valuesOf(METRICS.cacheHits)).toEqual([8, 10, 10]);
    expect(valuesOf(METRICS.cacheStaleHits)).toEqual([3, 3, 3]);
    // The formula of the alarm: 100 * sum(hits) / sum(lookups).
    expect(sumOf(METRICS.cacheHits) / sumOf(METRICS.cacheLookups)).toBeCloseTo(28 / 30);
    expect(valuesOf(METRICS.cacheHitRate)).toEqual([80, 100, 100]);
    // The two chats that were never read were fetched, so metrics of MAX are emitted too.
    expect([
      sumOf(METRICS.maxRequests),
      sumOf(METRICS.permitsGranted),
      valuesOf(METRICS.updateDuration).length,
    ]).toEqual([2, 2, 2]);
  });

  test('of refreshes reports requests, latencies, waits, and errors by kind and in total', async () => {
    const clock = fakeClock(T0);
    const stores = await openMemory();
    const id = await created(stores.chats, { maxChatId: '-70' });
    const kinds = ['timeout', 'rate_limited', 'server', 'network'] as const;
    const maxApi = scriptedMax(async (_, n) => {
      await clock.sleep(40);
      const kind = kinds[n];
      return kind ? failing(kind) : n === 4 ? counted(7) : failing('auth');
    });
    const permits = openPermits(async (n) => {
      await clock.sleep(25);
      return n < 6 ? { granted: true } : { granted: false, reason: 'busy', retryAfterMs: 1 };
    });
    const refreshChat = refreshing(stores, clock, {
      ...{ maxApi, permits, telemetry: observability.telemetryMetrics },
      settings: { timeoutMs: 5_000, maxRetries: 4 },
    });
    const refresh = () => refreshChat({ id, maxChatId: '-70' }, { lane: 'background', deadline: T0 + 60_000 });
    await clock.until(
      invoke(async () => {
        expect(await refresh()).toMatchObject({ kind: 'updated' });
        expect(await refresh()).toMatchObject({ kind: 'failed', error: 'auth' });
        expect(await refresh()).toMatchObject({ kind: 'not_permitted' });
      }),
    );
    expect(sumOf(METRICS.maxRequests)).toBe(6);
    expect(valuesOf(METRICS.maxLatency)).toEqual(Array(6).fill(40));
    expect(sumOf(METRICS.permitsGranted)).toBe(6);
    expect(valuesOf(METRICS.permitWait)).toEqual(Array(7).fill(25));
    expect(valuesOf(METRICS.updateDuration)).toHaveLength(1);
    expect(sumOf(METRICS.maxErrors)).toBe(5);
    for (const kind of [...kinds, 'auth']) expect(sumOf(METRICS.maxErrors, { ...ofService, kind })).toBe(1);
  });

  test('of many refreshes loses no value: a line has at most a hundred', async () => {
    const { telemetryMetrics } = observability;
    await invoke(async () => {
      for (let i = 0; i < 250; i += 1) telemetryMetrics.requestedMax({ durationMs: i });
    });
    expect(sumOf(METRICS.maxRequests)).toBe(250);
    expect(valuesOf(METRICS.maxLatency).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 250 }, (_, i) => i));
  });

  test('of background work reports its results', async () => {
    const run = {
      ...{ id: 'r', startedAt: T0, progressedAt: T0, expected: 4, planned: 4, cursor: null },
      ...{ done: 2, changed: 1, failed: 1, unavailable: 0 },
    };
    const batch = { done: 50, changed: 20, failed: 3, unavailable: 1, superseded: 0, remaining: 0, outage: false };
    await invoke(async () => {
      reports.reportBatch(batch, 1_234, run);
      reports.reportBatch(batch, 1_234, { ...run, done: 4 });
      reports.reportBatch(batch, 1_234, undefined);
      reports.reportPlan({
        ...{ kind: 'planned', chats: 27_000, messages: 540, complete: true, putOff: 1, leftOver: 7, kappa: 0.1 },
        ...{ expectedFreshness: 0.9, measuredFreshness: 0.8, expectedAccuracy: 0.7, measuredAccuracy: 0.6 },
      });
      reports.reportStaleness({ total: 100, stale: 25, oldestSeconds: 7_200, fresherThanHour: 0.75 });
      reports.reportRepair({ chats: 100, chunks: 9, gaps: 3, orphans: 2, finished: true });
    });
    expect(sumOf(METRICS.chatsRefreshed)).toBe(141);
    expect(sumOf(METRICS.chatsFailed)).toBe(9);
    expect(valuesOf(METRICS.fullUpdateProgress)).toEqual([50, 100]);
    expect(valuesOf(METRICS.fullUpdateFinished)).toEqual([1]);
    expect(valuesOf(METRICS.fullUpdateFailedChats)).toEqual([1]);
    expect(valuesOf(METRICS.chatsPlanned)).toEqual([27_000]);
    expect(valuesOf(METRICS.chatsLeftOver)).toEqual([7]);
    expect(valuesOf(METRICS.expectedFreshness)).toEqual([90]);
    expect(valuesOf(METRICS.measuredFreshness)).toEqual([80]);
    expect(valuesOf(METRICS.staleDataCount)).toEqual([25]);
    expect(valuesOf(METRICS.oldestCountAge)).toEqual([7_200]);
    expect(valuesOf(METRICS.fresherThanHour)).toEqual([75]);
    expect(valuesOf(METRICS.postingGaps)).toEqual([3]);
    expect(valuesOf(METRICS.postingOrphans)).toEqual([2]);
    expect(valuesOf(METRICS.repairsFinished)).toEqual([1]);
    const units = Object.fromEntries(measured().map(({ name, unit }) => [name, unit]));
    expect(units).toMatchObject({
      [METRICS.fullUpdateProgress]: 'Percent',
      [METRICS.oldestCountAge]: 'Seconds',
      [METRICS.fresherThanHour]: 'Percent',
      [METRICS.staleDataCount]: 'Count',
    });
  });

  test('without measurements writes no line', async () => {
    await invoke(async () => {});
    expect(lines).toEqual([]);
  });

  test('that failed emits its measurements, and the next one starts with none', async () => {
    const { telemetryMetrics } = observability;
    const failing = invoke(async () => {
      telemetryMetrics.updated({ durationMs: 5, changed: true });
      throw new Error('as the test wants it');
    });
    await expect(failing).rejects.toThrow('as the test wants it');
    expect(valuesOf(METRICS.updateDuration)).toEqual([5]);
    await invoke(async () => {});
    expect(lines).toHaveLength(1);
  });
});

describe('a queue function', () => {
  const record = (messageId: string, body: string): SQSRecord => ({
    messageId,
    receiptHandle: 'handle',
    body,
    attributes: {
      ...{ ApproximateReceiveCount: '1', SentTimestamp: '0', SenderId: 'x', ApproximateFirstReceiveTimestamp: '0' },
    },
    messageAttributes: {},
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:aws:sqs:eu-central-1:000000000000:planned',
    awsRegion: 'eu-central-1',
  });

  test('returns only the failed records, and measures the others', async () => {
    const { telemetryMetrics } = observability;
    const handler = queueStack.queueFunction(z.object({ n: z.number() }), async ([{ n }], _, deadline) => {
      expect(deadline).toBeGreaterThan(Date.now());
      if (n === 2) throw new Error('as the test wants it');
      telemetryMetrics.updated({ durationMs: n, changed: false });
    });
    const bodies = ['{"n":1}', '{"n":2}', 'torn', '{"n":"3"}', '{"n":4}'];
    const event: SQSEvent = { Records: bodies.map((body, i) => record(`m${i}`, body)) };
    const { batchItemFailures } = await handler(event, context);
    expect(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier).sort()).toEqual(['m1', 'm2', 'm3']);
    expect(valuesOf(METRICS.updateDuration)).toEqual([1, 4]);
  });
});
