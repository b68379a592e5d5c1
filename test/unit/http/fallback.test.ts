import { expect, test, vi } from 'vitest';
import { quietEnvironment } from '../../support/http.ts';

for (const [name, value] of Object.entries(quietEnvironment)) vi.stubEnv(name, value);
const { handler } = await import('../../../functions/http-fallback/handler.ts');

const send = (method: string, rawPath: string) => {
  const event = { rawPath, requestContext: { requestId: 'request-1', http: { method } } };
  const context = { awsRequestId: 'invocation-1', functionName: 'test', getRemainingTimeInMillis: () => 1_000 };
  return (handler as unknown as (event: unknown, context: unknown) => Promise<object>)(event, context);
};

test.each([
  ['/chats/all', 'GET'],
  ['/chats/123', 'GET, PATCH, DELETE'],
  ['/chats', 'POST'],
  ['/console', 'GET'],
  ['/docs/main.js', 'GET'],
  ['/admin/participants/full-update', 'POST, GET'],
])('405 of %s lists the methods of that path, each once: %s', async (path, allow) => {
  expect(await send('PUT', path)).toMatchObject({ statusCode: 405, headers: { allow } });
});

test.each(['/', '/chats/', '/chats/1/2', '/nowhere'])('%s is not found', async (path) => {
  expect(await send('GET', path)).toMatchObject({ statusCode: 404 });
});
