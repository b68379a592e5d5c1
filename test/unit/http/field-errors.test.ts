import { expect, test, vi } from 'vitest';
import * as z from 'zod';
import { chatFilters } from '../../../lib/http/chat-filters.ts';
import { defineRoute, integerParam } from '../../../lib/http/route.ts';
import { ask, quietEnvironment } from '../../support/http.ts';

/** The names of invalid fields in problems: parameters by their names, fields of the body by their paths. */

for (const [name, value] of Object.entries(quietEnvironment)) vi.stubEnv(name, value);
const { openHttpFunction } = await import('../../../lib/http/stack.ts');

const handler = openHttpFunction(
  defineRoute({
    method: 'POST',
    path: '/chats/{id}/notes',
    operationId: 'addNote',
    tag: 'service',
    summary: 'Adds a note',
    roles: 'anyone',
    params: z.object({ id: integerParam(1, 9) }),
    query: z.object(chatFilters),
    body: z.strictObject({ tags: z.array(z.object({ name: z.string('must be text') })) }),
    answers: { 200: { description: 'added' } },
  }),
  async () => ({ status: 200 }),
);

const statuses = 'must be one or several of active, denied, gone, removed, left, closed, suspended, unlinked';

test.each([
  ['a value that the service splits', { query: { status: 'foo,active,bar' } }, [`status ${statuses}`]],
  ['a parameter of the path', { path: { id: '0' } }, ['id must be a whole number from 1 to 9']],
  [
    'an unknown parameter with a dot',
    { query: { 'status.0': 'gone' } },
    ['status.0 is unknown; known: search, university_id, department, source, status'],
  ],
  ['a part of the body', { body: { tags: [{ name: 'a' }, { name: 1 }] } }, ['tags.1.name must be text']],
  [
    'an unknown field of the body beside an unknown parameter',
    { query: { sort: 'id' }, body: { tags: [], more: 1 } },
    ['sort is unknown; known: search, university_id, department, source, status', 'more is unknown'],
  ],
])('a problem names %s', async (_, { path = { id: '1' }, query, body = { tags: [] } }: Sent, expected) => {
  const { statusCode, body: text } = await ask(handler, {
    headers: { 'content-type': 'application/json' },
    path,
    ...(query && { query }),
    body: JSON.stringify(body),
  });
  expect(statusCode).toBe(400);
  const { errors } = JSON.parse(text) as { errors: { field: string; message: string }[] };
  expect(errors.map(({ field, message }) => `${field} ${message}`)).toEqual(expected);
});

interface Sent {
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}
