import { expect, test, vi } from 'vitest';
import { isOutage } from '../../../lib/base/limits.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { ask, quietEnvironment } from '../../support/http.ts';

for (const [name, value] of Object.entries(quietEnvironment)) vi.stubEnv(name, value);
const { openHttpFunction } = await import('../../../lib/http/stack.ts');

const route = defineRoute({
  method: 'GET',
  path: '/fails',
  operationId: 'fail',
  tag: 'service',
  summary: 'Fails',
  roles: 'anyone',
  answers: { 200: { description: 'never' } },
});
const answerTo = (error: unknown) =>
  ask(
    openHttpFunction(route, async () => {
      throw error;
    }),
  );

test.each([
  Object.assign(new Error('no answer'), { name: 'TimeoutError' }),
  Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }),
  Object.assign(new Error('internal'), { $fault: 'server' }),
  Object.assign(new Error('slow down'), { $fault: 'client', $retryable: { throttling: true } }),
])('$message: the service answers 503 with the time to wait', async (error) => {
  const answer = await answerTo(error);
  expect(answer).toMatchObject({ statusCode: 503, headers: { 'retry-after': '5' } });
  expect(answer.body).not.toContain(error.message);
});

test('a handler that takes too long: 503 with the time to wait, a second before Lambda ends the function', async () => {
  const slow = openHttpFunction(route, () => new Promise(() => {}));
  const askedAt = performance.now();
  const answer = await ask(slow, { remainingMs: 1_200 });
  expect(answer).toMatchObject({ statusCode: 503, headers: { 'retry-after': '5' } });
  expect(JSON.parse(answer.body)).toMatchObject({ type: 'urn:chat-participants:problem:unavailable' });
  expect(performance.now() - askedAt).toBeLessThan(1_000);
});

test.each([
  new Error('a secret of the service'),
  Object.assign(new Error('wrong key'), { $fault: 'client' }),
  'thrown',
  null,
])('any other error is a 500 that discloses nothing: %s', async (error) => {
  const answer = await answerTo(error);
  expect(answer.statusCode).toBe(500);
  expect(JSON.parse(answer.body)).toMatchObject({ type: 'urn:chat-participants:problem:internal' });
  expect(answer.body).not.toContain('secret of');
  expect(isOutage(error)).toBe(false);
});
