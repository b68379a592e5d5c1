import { expect, test, vi } from 'vitest';
import * as z from 'zod';
import { chatFilters } from '../../../lib/http/chat-filters.ts';
import { defineRoute, integerParam } from '../../../lib/http/route.ts';
import { type Asked, ask, quietEnvironment } from '../../support/http.ts';

/** The names of invalid fields in problems: parameters by their names, fields of the body by their paths. */

for (const [name, value] of Object.entries(quietEnvironment)) vi.stubEnv(name, value);
const { openHttpFunction } = await import('../../../lib/http/stack.ts');

const parts = {
  method: 'POST',
  operationId: 'addNote',
  tag: 'service',
  summary: 'Adds a note',
  roles: 'anyone',
  answers: { 200: { description: 'added' } },
} as const;

const handler = openHttpFunction(
  defineRoute({
    ...parts,
    path: '/chats/{id}/notes',
    params: z.object({ id: integerParam(1, 9) }),
    query: z.object(chatFilters),
    body: z.strictObject({ tags: z.array(z.object({ name: z.string('must be text') })) }),
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
  ['a body that is no object', { body: [] }, [expect.stringMatching(/^body .*object/)]],
  [
    'several parameters',
    { query: { university_id: '0', source: ' ', a: '1' } },
    [
      expect.stringMatching(/^university_id must be/),
      expect.stringMatching(/^source must/),
      expect.stringMatching(/^a is unknown/),
    ],
  ],
  [
    'an unknown field of the body beside an unknown parameter',
    { query: { sort: 'id' }, body: { tags: [], more: 1 } },
    ['sort is unknown; known: search, university_id, department, source, status', 'more is unknown'],
  ],
])('a problem names %s', async (_, { path = { id: '1' }, query, body = { tags: [] } }: Sent, expected) => {
  const headers = { 'content-type': 'application/json' };
  expect(await errorsOf(handler, { headers, path, ...(query && { query }), body: JSON.stringify(body) })).toEqual(
    expected,
  );
});

async function errorsOf(of: unknown, asked: Asked): Promise<string[]> {
  const { statusCode, body } = await ask(of, asked);
  expect(statusCode).toBe(400);
  const { detail, errors } = JSON.parse(body) as { detail: string; errors: { field: string; message: string }[] };
  expect(detail).toContain('errors');
  return errors.map(({ field, message }) => `${field} ${message}`);
}

test('a route whose query has no parameters does not list any', async () => {
  const route = defineRoute({ ...parts, path: '/notes', query: z.object({}) });
  const plain = openHttpFunction(route, async () => ({ status: 200 }));
  expect(await errorsOf(plain, { query: { a: '1', b: '2' } })).toEqual(['a is unknown', 'b is unknown']);
});

test('an error of several parameters together is one of the query', async () => {
  const either = z.object({ from: z.string().optional(), to: z.string().optional() });
  const route = defineRoute({
    ...parts,
    path: '/notes',
    query: either.refine(({ from, to }) => from || to, 'must have from or to'),
  });
  const plain = openHttpFunction(route, async () => ({ status: 200 }));
  expect(await errorsOf(plain, {})).toEqual(['query must have from or to']);
  expect(await ask(plain, { query: { to: 'b' } })).toMatchObject({ statusCode: 200 });
});

interface Sent {
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}
