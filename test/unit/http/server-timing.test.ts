import type { Context } from 'aws-lambda';
import { beforeAll, expect, test, vi } from 'vitest';
import { defineRoute } from '../../../lib/http/route.ts';

// Powertools reads these variables when it is loaded.
vi.stubEnv('POWERTOOLS_SERVICE_NAME', 'test');
vi.stubEnv('POWERTOOLS_METRICS_NAMESPACE', 'Test');
vi.stubEnv('POWERTOOLS_LOG_LEVEL', 'SILENT');
vi.stubEnv('POWERTOOLS_TRACE_ENABLED', 'false');

let openHttpFunction: typeof import('../../../lib/http/stack.ts').openHttpFunction;
beforeAll(async () => {
  ({ openHttpFunction } = await import('../../../lib/http/stack.ts'));
});

const route = defineRoute({
  method: 'GET',
  path: '/slow',
  operationId: 'wait',
  tag: 'service',
  summary: 'Waits',
  roles: 'anyone',
  answers: { 200: { description: 'waited' } },
});
const event = { requestContext: { requestId: 'request-1' }, headers: {} };
const context = { awsRequestId: 'invocation-1', functionName: 'test', getRemainingTimeInMillis: () => 10_000 };

/** Returns durations by name, ms. */
async function timingOf(handle: Parameters<typeof openHttpFunction<typeof route>>[1]): Promise<[string, number][]> {
  const answer = await openHttpFunction(route, handle)(event as never, context as Context);
  const header = answer.headers['server-timing'] ?? '';
  return header.split(', ').flatMap((metric) => {
    const [, name, ms] = /^(\w+);dur=(\d+\.\d)$/.exec(metric) ?? [];
    return name ? [[name, Number(ms)] as [string, number]] : [];
  });
}

test('a response reports the duration of each step and of the whole', async () => {
  const step = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  const timing = await timingOf(async ({ timed }) => {
    await timed('db', step(30));
    await timed('counts', step(10));
    return { status: 200 };
  });
  expect(timing.map(([name]) => name)).toEqual(['db', 'counts', 'total']);
  const [db = 0, counts = 0, total = 0] = timing.map(([, ms]) => ms);
  expect(db).toBeGreaterThan(25);
  expect(counts).toBeGreaterThan(5);
  expect(total).toBeGreaterThanOrEqual(db + counts - 0.2);
});

test('a step whose failure was handled is reported too', async () => {
  const timing = await timingOf(async ({ timed }) => {
    await timed('db', Promise.reject(new Error('down'))).catch(() => {});
    return { status: 200 };
  });
  expect(timing.map(([name]) => name)).toEqual(['db', 'total']);
});
