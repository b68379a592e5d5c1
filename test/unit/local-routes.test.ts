import { expect, test } from 'vitest';
import type { DeclaredFunction, Route } from '../../localstack/runner/declared.ts';
import { Routes } from '../../localstack/runner/http/routes.ts';

const declared = (key: string, ...routes: readonly (readonly [string, string])[]): DeclaredFunction => ({
  ...{ key, name: key, handler: 'x.handler', timeoutS: 1, memoryMb: 128, reservedConcurrency: undefined },
  ...{ environment: {}, queueTriggers: [], schedules: [] },
  routes: routes.map(([method, path]): Route => ({ method, path })),
});

const routes = new Routes([
  declared('fallback', ['*', '*']),
  declared('rest', ['GET', '/files/{path+}']),
  declared('one', ['GET', '/chats/{id}']),
  declared('any', ['*', '/chats/{id}']),
  declared('all', ['GET', '/chats/all']),
  declared('refresh', ['POST', '/chats/{id}/refresh']),
]);

test.each([
  ['GET', '/chats/all', 'all', 'GET /chats/all', {}],
  ['GET', '/chats/7', 'one', 'GET /chats/{id}', { id: '7' }],
  ['GET', '/chats/a%2Fb', 'one', 'GET /chats/{id}', { id: 'a/b' }],
  ['PUT', '/chats/all', 'any', 'ANY /chats/{id}', { id: 'all' }],
  ['POST', '/chats/7/refresh', 'refresh', 'POST /chats/{id}/refresh', { id: '7' }],
  ['GET', '/chats/7/refresh', 'fallback', '$default', {}],
  ['GET', '/chats/', 'fallback', '$default', {}],
  ['GET', '/chats/7/', 'fallback', '$default', {}],
  ['GET', '/', 'fallback', '$default', {}],
  ['GET', '/files/a/b', 'rest', 'GET /files/{path+}', { path: 'a/b' }],
  ['GET', '/files', 'fallback', '$default', {}],
])('%s %s goes to %s', (method, path, functionKey, routeKey, pathParameters) => {
  expect(routes.match(method, path)).toMatchObject({ target: { functionKey, routeKey }, pathParameters });
});

test('without a default route there may be no match, and a malformed encoding is an error', () => {
  expect(new Routes([declared('one', ['GET', '/a'])]).match('GET', '/b')).toBeUndefined();
  expect(() => routes.match('GET', '/chats/%zz')).toThrow(URIError);
});
