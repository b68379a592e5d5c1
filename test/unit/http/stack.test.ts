import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import * as z from 'zod';
import { defineRoute, integerParam } from '../../../lib/http/route.ts';
import { LOG } from '../../../lib/runtime/log-messages.ts';
import { type Asked, ask, invoke, quietEnvironment } from '../../support/http.ts';

/** Handlers get the parts of a request; clients and the log get its outcome. */

for (const [name, value] of Object.entries(quietEnvironment)) vi.stubEnv(name, value);
const { logger } = await import('../../../lib/runtime/observability.ts');
const { Problem } = await import('../../../lib/http/problem.ts');
const { openHttpFunction } = await import('../../../lib/http/stack.ts');

const NOW = Date.UTC(2026, 10, 25, 12);
const route = defineRoute({
  method: 'POST',
  path: '/notes',
  operationId: 'addNote',
  tag: 'service',
  summary: 'Adds a note',
  roles: 'anyone',
  answers: { 200: { description: 'added' } },
});
type Handle = Parameters<typeof openHttpFunction<typeof route>>[1];
type Handled = Parameters<Handle>[0];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW });
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});
afterAll(() => {
  vi.unstubAllEnvs();
});

/** Returns the requests that the handler got. */
async function handled(send: (handler: unknown) => Promise<unknown>): Promise<Handled[]> {
  const requests: Handled[] = [];
  const handler = openHttpFunction(route, async (request) => {
    requests.push(request);
    return { status: 200 };
  });
  await send(handler);
  return requests;
}
const handledOf = (asked: Asked) => handled((handler) => ask(handler, asked));

const failing = (error: unknown) =>
  openHttpFunction(route, async () => {
    throw error;
  });
const outage = Object.assign(new Error('no answer'), { name: 'TimeoutError' });

describe('a handler gets', () => {
  test.each([
    ['is 3 s ago', -3_000, -3_000],
    ['is 5 s ago', -5_000, -5_000],
    ['is a minute ago, which counts as 5 s', -60_000, -5_000],
    ['is in a second, which counts as now', 1_000, 0],
  ])('the arrival of the request by the clock of API Gateway: it %s', async (_, received, arrived) => {
    const [request] = await handledOf({ receivedAt: NOW + received });
    expect(request?.arrivedAt).toBe(NOW + arrived);
  });

  test('the time at which Lambda stops it', async () => {
    const [request] = await handledOf({ remainingMs: 7_000 });
    expect(request?.cutOffAt).toBe(NOW + 7_000);
  });

  test('the headers, the text of the body and the id of the request', async () => {
    const body = Buffer.from('заметка').toString('base64');
    const [request] = await handledOf({ headers: { 'x-note': 'a' }, body, isBase64Encoded: true });
    expect(request?.header('x-note')).toBe('a');
    expect(request?.header('x-other')).toBeUndefined();
    expect(request?.text()).toBe('заметка');
    expect(request?.requestId).toBe('request-1');
  });

  test('the parsed parameters and body', async () => {
    const fields: unknown[] = [];
    const handler = openHttpFunction(
      defineRoute({
        ...route,
        params: z.object({ id: integerParam(1, 9) }),
        query: z.object({ limit: integerParam(1, 100).default(50) }),
        body: z.object({ text: z.string().trim() }),
      }),
      async ({ params, query, body }) => {
        fields.push({ params, query, body });
        return { status: 200 };
      },
    );
    await ask(handler, { headers: { 'content-type': 'application/json' }, path: { id: '5' }, body: '{"text":" a "}' });
    expect(fields).toEqual([{ params: { id: 5 }, query: { limit: 50 }, body: { text: 'a' } }]);
  });

  test('nothing but the present time of an invocation by hand', async () => {
    const [request] = await handled((handler) => invoke(handler, {}));
    expect(request).toMatchObject({ arrivedAt: NOW, requestId: 'unknown' });
    expect(request?.header('x-note')).toBeUndefined();
    expect(request?.text()).toBe('');
  });
});

describe('the client gets', () => {
  test("the handler's response, with its headers and durations", async () => {
    const handler = openHttpFunction(route, async () => ({
      ...{ status: 201, body: { id: 5 }, headers: { location: '/notes/5' } },
    }));
    expect(await ask(handler)).toMatchObject({
      statusCode: 201,
      headers: {
        'content-type': 'application/json',
        location: '/notes/5',
        'x-request-id': 'request-1',
        'server-timing': expect.stringMatching(/^total;dur=/),
      },
      body: '{"id":5}',
    });
  });

  test.each([
    ['its own problem', new Problem('not_found', { detail: 'There is no note 5.' }), 404, 'There is no note 5.'],
    ['advice after an outage', outage, 503, 'try again'],
    ['advice after a defect', new Error('a defect'), 500, 'Try again later'],
  ])('%s, with the id of the request', async (_, error, status, detail) => {
    const answer = await ask(failing(error));
    expect(answer).toMatchObject({ statusCode: status, headers: { 'x-request-id': 'request-1' } });
    expect(JSON.parse(answer.body)).toMatchObject({
      detail: expect.stringContaining(detail),
      request_id: 'request-1',
    });
  });

  test.each([{}, null])(
    'a problem without an id after a failed invocation by hand, with the event %j',
    async (event) => {
      const answer = await invoke(failing(new Error('a defect')), event);
      expect(answer.statusCode).toBe(500);
      expect(JSON.parse(answer.body)).toMatchObject({ request_id: 'unknown' });
    },
  );
});

describe('the log', () => {
  const name = 'POST /notes';
  /** Returns the lines of a request: their level, message and fields. */
  async function linesOf(work: () => Promise<unknown>): Promise<unknown[][]> {
    const lines: unknown[][] = [];
    vi.spyOn(logger, 'info').mockImplementation((...line) => {
      lines.push(['info', ...line]);
    });
    vi.spyOn(logger, 'error').mockImplementation((...line) => {
      lines.push(['error', ...line]);
    });
    await work();
    return lines;
  }

  test('names the route and the status of a response', async () => {
    const handler = openHttpFunction(route, async () => ({ status: 204 }));
    expect(await linesOf(() => ask(handler))).toEqual([['info', LOG.requestDone, { route: name, status: 204 }]]);
  });

  test('names the problem of a refused request, which is no error of the service', async () => {
    const problems = [new Problem('not_found'), new Problem('max_unreachable')];
    for (const problem of problems) {
      const lines = await linesOf(() => ask(failing(problem)));
      expect(lines).toEqual([['info', LOG.requestRefused, { route: name, problem: problem.type }]]);
    }
  });

  test.each([
    ['a defect', new Error('a defect')],
    ['an outage', outage],
    ['a problem of the type internal', new Problem('internal')],
  ])('has the error itself of %s', async (_, error) => {
    const lines = await linesOf(() => ask(failing(error)));
    expect(lines).toEqual([['error', LOG.requestFailed, { route: name, error }]]);
  });

  test('tells a request that took too long from other outages', async () => {
    const slow = openHttpFunction(route, () => new Promise(() => {}));
    const lines = await linesOf(() => ask(slow, { remainingMs: 1_010 }));
    const error = expect.objectContaining({ name: 'TimeoutError', message: expect.stringContaining('too long') });
    expect(lines).toEqual([['error', LOG.requestFailed, { route: name, error }]]);
  });

  test('has the id of the request in every line', async () => {
    const keys = vi.spyOn(logger, 'appendKeys');
    await ask(openHttpFunction(route, async () => ({ status: 200 })));
    expect(keys).toHaveBeenCalledWith({ request_id: 'request-1' });
  });
});
