import { globSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { ROUTES } from '../../../functions/http-describe-api/routes.ts';
import { systemClock } from '../../../lib/base/clock.ts';
import { ROLES } from '../../../lib/http/principal.ts';
import { defineRoute, type Route } from '../../../lib/http/route.ts';
import { ask, quietEnvironment } from '../../support/http.ts';
import { startTestIssuer, type TestIssuer } from '../../support/issuer.ts';

/** Every declared route with its function: no caller gets past it without a token. access.test.ts has all callers and roles. */

const FOLDER = join(import.meta.dirname, '../../../functions');

let issuer: TestIssuer;
let functions: { readonly route: Route; readonly handler: unknown }[];
/** How far the service's clock is ahead, ms. */
let ahead = 0;
let stack: typeof import('../../../lib/http/stack.ts');

beforeAll(async () => {
  vi.spyOn(systemClock, 'now').mockImplementation(() => Date.now() + ahead);
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
afterAll(() => {
  issuer.stop();
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});
beforeEach(() => {
  issuer.beforeKeys = async () => {};
});

const nameOf = ({ method, path }: Route) => `${method} ${path}`;
const functionOf = (route: Route) => functions.find((each) => nameOf(each.route) === nameOf(route))?.handler;
const guarded = ROUTES.filter(({ roles }) => roles !== 'anyone');

// The first test, because the keys are kept for a day.
test("before the issuer's keys can be fetched, a token gets 503 with the time after which to try again", async () => {
  const list = ROUTES.find(({ operationId }) => operationId === 'listChats') as Route;
  const headers = { authorization: issuer.bearer({ role: 'admin' }) };
  issuer.beforeKeys = () => Promise.reject(new Error('away'));
  const answer = await ask(functionOf(list), { headers });
  expect(answer).toMatchObject({ statusCode: 503, headers: { 'retry-after': '1' } });
  expect(JSON.parse(answer.body)).toMatchObject({
    type: 'urn:chat-participants:problem:unavailable',
    detail: expect.stringContaining('issuer'),
  });
  // A malformed token is refused without a key.
  expect(await ask(functionOf(list))).toMatchObject({ statusCode: 401 });

  issuer.beforeKeys = async () => {};
  ahead += 1_000;
  expect(await ask(functionOf(list), { headers })).toMatchObject({ statusCode: 401 });
});

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

test.each(
  guarded.flatMap((route) =>
    ROLES.filter((role) => !route.roles.includes(role)).map((role) => [nameOf(route), role, route] as const),
  ),
)('%s refuses the role %s, and names the roles that it needs', async (_, role, route) => {
  const headers = { authorization: issuer.bearer({ role, university_id: 7 }) };
  const answer = await ask(functionOf(route), { headers, query: { nonsense: '1' }, body: 'x'.repeat(300_000) });
  expect(answer.statusCode).toBe(403);
  const { type, detail } = JSON.parse(answer.body);
  expect(type).toBe('urn:chat-participants:problem:forbidden');
  for (const needed of route.roles) expect(detail).toContain(needed);
});

describe('a route', () => {
  const parts = {
    method: 'GET',
    path: '/x',
    operationId: 'x',
    tag: 'service',
    summary: 'x',
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

  test('gives its function the caller', async () => {
    const route = defineRoute({ ...parts, roles: ['superadmin', 'curator'] });
    const whoAmI = stack.httpFunction(route, async ({ principal }) => ({ status: 200, body: principal }));
    const authorization = issuer.bearer({ sub: 'boris', role: 'curator', university_id: '7' });
    expect(JSON.parse((await ask(whoAmI, { headers: { authorization } })).body)).toEqual({
      ...{ role: 'curator', subject: 'boris', university_id: 7 },
    });
  });

  test('prepares its work with its first request, and serves it even if that fails', async () => {
    let prepared = 0;
    const prepare = async () => {
      prepared += 1;
      throw new Error('the handler will see');
    };
    const route = defineRoute({ ...parts, roles: ['superadmin'] });
    const handler = stack.httpFunction(route, reply, [prepare, prepare]);
    const headers = { authorization: issuer.bearer() };
    for (let i = 0; i < 3; i += 1) expect(await ask(handler, { headers })).toMatchObject({ statusCode: 200 });
    expect(prepared).toBe(2);
  });
});
