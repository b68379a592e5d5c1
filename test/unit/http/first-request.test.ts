import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import * as z from 'zod';
import { defineRoute } from '../../../lib/http/route.ts';
import { ask, quietEnvironment } from '../../support/http.ts';
import { startTestIssuer, type TestIssuer } from '../../support/issuer.ts';

let issuer: TestIssuer;
beforeAll(async () => {
  issuer = await startTestIssuer();
  for (const [name, value] of Object.entries({ ...quietEnvironment, ...issuer.env })) vi.stubEnv(name, value);
});
afterAll(() => {
  issuer.stop();
  vi.unstubAllEnvs();
});

const route = defineRoute({
  method: 'POST',
  path: '/x',
  operationId: 'x',
  tag: 'service',
  summary: 'x',
  answers: { 200: { description: 'x' } },
  roles: ['superadmin'],
  body: z.object({ n: z.number() }),
});

test("the first request of an environment fetches the issuer's keys while secrets and connections are prepared", async () => {
  const { httpFunction } = await import('../../../lib/http/stack.ts');
  const started = Promise.withResolvers<void>();
  issuer.beforeKeys = () => started.promise;
  const prepare = async () => started.resolve();
  const handler = httpFunction(route, async ({ body }) => ({ status: 200, body }), [prepare]);
  const headers = { authorization: issuer.bearer(), 'content-type': 'application/json' };
  expect(await ask(handler, { headers, body: '{"n":1}' })).toMatchObject({ statusCode: 200, body: '{"n":1}' });
  expect(await ask(handler, { headers, body: '{"n":2}' })).toMatchObject({ statusCode: 200, body: '{"n":2}' });
  expect(issuer.fetches).toBe(1);
});
