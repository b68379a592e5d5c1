import { globSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import * as z from 'zod';
import { ROUTES } from '../../../functions/http-describe-api/routes.ts';
import { ROLES } from '../../../lib/http/principal.ts';
import { defineRoute, type Route } from '../../../lib/http/route.ts';
import { ask, quietEnvironment } from '../../support/http.ts';
import { startTestIssuer, type TestIssuer } from '../../support/issuer.ts';

/** Every declared route with its function: no caller gets past it without a token. access.test.ts has all callers and roles. */

const FOLDER = join(import.meta.dirname, '../../../functions');

let issuer: TestIssuer;
let functions: { readonly route: Route; readonly handler: unknown }[];
let stack: typeof import('../../../lib/http/stack.ts');

beforeAll(async () => {
  issuer = await startTestIssuer();
  const addresses = { REDIS_URL: 'redis://127.0.0.1:1', WEBHOOK_SECRET: 'a-secret-of-tests' };
  for (const [name, value] of Object.entries({ ...quietEnvironment, ...issuer.env, ...addresses })) {
    vi.stubEnv(name, value);
  }
  functions = await Promise.all(
    globSync('http-*/route.ts', { cwd: FOLDER }).map(async (file) => ({
      route: (await import(join(FOLDER, file))).route,
      handler: (await import(join(FOLDER, file, '../handler.ts'))).handler,
    })),
  );
  stack = await import('../../../lib/http/stack.ts');
});
afterAll(() => issuer.stop());
beforeEach(() => {
  issuer.beforeKeys = async () => {};
});

const nameOf = ({ method, path }: Route) => `${method} ${path}`;
const functionOf = (route: Route) => functions.find((each) => nameOf(each.route) === nameOf(route))?.handler;
const guarded = ROUTES.filter(({ roles }) => roles !== 'anyone');

test('every declared route has a function', () => {
  expect(functions.map(({ route }) => nameOf(route)).sort()).toEqual(ROUTES.map(nameOf).sort());
  expect(ROUTES.filter(({ roles }) => roles === 'anyone').map(nameOf)).toEqual([
    'POST /webhooks/max',
    'GET /health',
    'GET /openapi.json',
  ]);
});

describe.each(guarded.map((route) => [nameOf(route), route] as const))('%s', (_, route) => {
  const unauthorized = { statusCode: 401, headers: { 'www-authenticate': 'Bearer' } };

  test('refuses callers with no token or a malformed one before it reads anything else', async () => {
    const torn = issuer.bearer().replace(/.{8}$/, 'AAAAAAAA');
    for (const headers of [{}, { authorization: 'Bearer a.b.c' }, { authorization: torn }]) {
      const answer = await ask(functionOf(route), { headers, query: { nonsense: '1' }, body: 'x'.repeat(300_000) });
      expect(answer).toMatchObject(unauthorized);
      expect(JSON.parse(answer.body)).toMatchObject({ status: 401, request_id: 'request-1' });
      expect(answer.headers['content-type']).toBe('application/problem+json');
    }
  });
});

describe('a route', () => {
  const parts = {
    ...{ method: 'GET', path: '/x', operationId: 'x', tag: 'service', summary: 'x' },
    answers: { 200: { description: 'x' } },
  } as const;
  const reply = async () => ({ status: 200 });

  test('must declare roles or `anyone`', () => {
    // @ts-expect-error roles are required
    defineRoute({ ...parts });
    // @ts-expect-error the roles may not be empty
    defineRoute({ ...parts, roles: [] });
    // @ts-expect-error the role must exist
    defineRoute({ ...parts, roles: ['admin'] });
    // @ts-expect-error a route with roles needs a function that checks a token
    stack.openHttpFunction(defineRoute({ ...parts, roles: ROLES }), reply);
    // @ts-expect-error a handler of a route for anyone gets no principal
    stack.httpFunction(defineRoute({ ...parts, roles: 'anyone' }), async ({ principal }) => reply(principal.role));
  });
});

describe('the first request of an environment', () => {
  const route = defineRoute({
    ...{ method: 'POST', path: '/x', operationId: 'x', tag: 'service', summary: 'x' },
    answers: { 200: { description: 'x' } },
    roles: ['superadmin'],
    body: z.object({ n: z.number() }),
  });
  const request = () => ({
    headers: { authorization: issuer.bearer(), 'content-type': 'application/json' },
    body: '{"n":1}',
  });
  /** Loads the function like a new environment. */
  async function freshStack(): Promise<typeof stack> {
    vi.resetModules();
    return import('../../../lib/http/stack.ts');
  }

  test("fetches the issuer's keys while secrets and connections are prepared; later requests fetch nothing", async () => {
    const { httpFunction } = await freshStack();
    const started = Promise.withResolvers<void>();
    let prepared = 0;
    const prepare = async () => {
      prepared += 1;
      started.resolve();
      throw new Error('the handler will see');
    };
    issuer.beforeKeys = () => started.promise;
    const handler = httpFunction(route, async ({ body }) => ({ status: 200, body }), [prepare, prepare]);
    const before = issuer.fetches;
    expect(await ask(handler, request())).toMatchObject({ statusCode: 200, body: '{"n":1}' });
    expect(await ask(handler, request())).toMatchObject({ statusCode: 200 });
    expect(issuer.fetches).toBe(before + 1);
    expect(prepared).toBe(2);
  });

  test("gets 503 with Retry-After while the issuer can't be reached, and then recovers", async () => {
    const url = issuer.env.AUTH_JWKS_URL;
    vi.stubEnv('AUTH_JWKS_URL', 'http://127.0.0.1:1/jwks.json');
    const { httpFunction } = await freshStack();
    const handler = httpFunction(route, async () => ({ status: 200 }));
    const answer = await ask(handler, request());
    expect(answer).toMatchObject({ statusCode: 503, headers: { 'retry-after': '1' } });
    expect(JSON.parse(answer.body)).toMatchObject({
      type: 'urn:chat-participants:problem:unavailable',
      detail: expect.stringContaining('issuer'),
    });
    // A malformed token is refused without a key.
    expect(await ask(handler, { headers: {} })).toMatchObject({ statusCode: 401 });
    vi.stubEnv('AUTH_JWKS_URL', url);
  });
});
