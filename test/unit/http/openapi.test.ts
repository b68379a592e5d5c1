import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ROUTES } from '../../../functions/http-describe-api/routes.ts';
import { chatFields } from '../../../lib/chats/fields.ts';
import { PROBLEMS } from '../../../lib/http/problem.ts';
import { problemKind } from '../../../lib/http/problem-schemas.ts';
import type { Route } from '../../../lib/http/route.ts';
import { apiDocument, apiTypes } from '../../api/document.ts';
import { resolveResponse, type Schema, schemaChecker } from '../../support/json-schema.ts';

const ROOT = join(import.meta.dirname, '../../..');
const api = apiDocument();
const check = schemaChecker(api);

const operationOf = ({ method, path }: Route) => {
  const operation = api.paths[path]?.[method.toLowerCase()];
  if (!operation) throw new Error(`${method} ${path} is not in the document`);
  return operation;
};
const schemaNamed = (name: string): Schema => {
  const schema = api.components.schemas[name];
  if (!schema) throw new Error(`there is no component ${name}`);
  return schema;
};
/** Returns the examples of a schema, or of the component that it refers to. */
const examplesOf = (schema: Schema): readonly unknown[] =>
  (typeof schema.$ref === 'string' ? schemaNamed(schema.$ref.split('/').at(-1) ?? '') : schema).examples as unknown[];

describe.each(ROUTES.map((route) => [`${route.method} ${route.path}`, route] as const))('%s', (_, route) => {
  const operation = operationOf(route);

  test('has parameters with descriptions and valid examples', () => {
    for (const { name, in: place, description, schema } of operation.parameters) {
      expect([name, description]).toEqual([name, expect.stringMatching(/\w/)]);
      expect([name, schema.examples]).toEqual([name, [expect.anything()]]);
      const fields = place === 'path' ? route.params : route.query;
      for (const example of schema.examples as unknown[]) {
        expect([name, check(schema, example)]).toEqual([name, undefined]);
        expect(fields?.shape[name].safeParse(String(example))).toMatchObject({ success: true });
      }
    }
  });

  test('has a body with a valid example, or none', () => {
    const content = operation.requestBody?.content['application/json'];
    expect(content === undefined).toBe(route.body === undefined);
    if (!content) return;
    expect(content.example).toBeDefined();
    expect(check(content.schema, content.example)).toBeUndefined();
    expect(route.body?.safeParse(content.example)).toMatchObject({ success: true });
  });

  test('has responses with examples that match their schemas', () => {
    for (const [status, reference] of Object.entries(operation.responses)) {
      const { content = {} } = resolveResponse(api, reference);
      expect([status, Object.keys(content).length > 0]).toEqual([status, status !== '204']);
      for (const { schema } of Object.values(content)) {
        for (const kind of (schema.oneOf as Schema[] | undefined) ?? [schema]) {
          const examples = examplesOf(kind);
          expect([status, examples?.length]).toEqual([status, 1]);
          for (const example of examples) expect([status, check(schema, example)]).toEqual([status, undefined]);
        }
      }
    }
  });
});

test('every operation has the name of its folder', async () => {
  const folders = globSync('functions/http-*/route.ts', { cwd: ROOT }).map(dirname);
  const named = await Promise.all(
    folders.map(async (folder) => [folder, (await import(join(ROOT, folder, 'route.ts'))).route.operationId]),
  );
  const camelCase = (folder: string) =>
    folder.replace('functions/http-', '').replaceAll(/-(\w)/g, (_, c) => c.toUpperCase());
  expect(named).toEqual(folders.map((folder) => [folder, camelCase(folder)]));
});

describe('the document', () => {
  test('shows parameters with the types and limits of their values', () => {
    const schemasOf = (id: string) => {
      const operation = ROUTES.map(operationOf).find(({ operationId }) => operationId === id);
      return Object.fromEntries(operation?.parameters.map(({ name, schema }) => [name, schema]) ?? []);
    };
    expect(schemasOf('listChats')).toMatchObject({
      limit: { type: 'integer', minimum: 1, maximum: 100, default: 50 },
      cursor: { type: 'string', pattern: '^[A-Za-z0-9_-]{24,4096}$' },
      search: { type: 'string', maxLength: 200 },
      sort_order: { type: 'string', enum: ['asc', 'desc'], default: 'asc' },
    });
    expect(schemasOf('getChat')).toMatchObject({ id: { type: 'integer', minimum: 1, maximum: 2 ** 53 - 1 } });
    expect(schemasOf('explainPlan')).toMatchObject({ rps: { type: 'integer', minimum: 1, maximum: 1_000 } });
    expect(schemasOf('validateParticipants')).toMatchObject({
      sample_size: { type: 'integer', minimum: 1, maximum: 500, default: 100 },
    });
  });

  test('uses named components for shared schemas and responses', () => {
    expect(Object.keys(api.components.schemas)).toEqual(
      expect.arrayContaining(['Chat', 'ChatPage', 'FullUpdate', 'LastKnown', 'Problem', 'GatewayError']),
    );
    expect(
      operationOf(ROUTES.find(({ operationId }) => operationId === 'getChat') as Route).responses[200],
    ).toMatchObject({ content: { 'application/json': { schema: { $ref: '#/components/schemas/Chat' } } } });
  });

  test.each([
    ['MaxChatIdTakenProblem', ['chat_id'], []],
    ['ChatUnavailableProblem', ['chat_status', 'last_known'], ['chat_status', 'last_known']],
    ['RunUnderWayProblem', ['run', 'status_url'], ['run', 'status_url']],
    ['MaxUnreachableProblem', ['reason', 'last_known'], ['reason']],
    ['InvalidRequestProblem', ['errors'], ['errors']],
  ])('%s has its extension members', (name, members, required) => {
    const [base, own] = schemaNamed(name).allOf as [Schema, Record<'properties' | 'required', Schema & string[]>];
    expect(base).toEqual({ $ref: '#/components/schemas/Problem' });
    expect(Object.keys(own.properties)).toEqual(['type', 'title', 'status', ...members]);
    expect(own.required).toEqual(['type', 'title', 'status', ...required]);
  });

  test.each(Object.keys(PROBLEMS) as (keyof typeof PROBLEMS)[])('distinguishes %s from all other problems', (type) => {
    const { members, example } = problemKind(type);
    expect(members.loose().safeParse(example)).toMatchObject({ success: true });
    const other = problemKind(type === 'internal' ? 'forbidden' : 'internal').example;
    expect(members.loose().safeParse(other)).toMatchObject({ success: false });
  });

  test("is the source of the client's types", async () => {
    const made = readFileSync(join(ROOT, 'test/e2e/api.d.ts'), 'utf8');
    expect(made === (await apiTypes()), 'test/e2e/api.d.ts is out of date: npm run api:types').toBe(true);
  });
});

describe('the schema of a written field accepts the same values as the service:', () => {
  const BLANK = fc.constantFrom(' ', '\t', '\n', '\u00a0', '\u2003', '\u3000', '\ufeff');
  const character = fc.oneof(
    { weight: 4, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }) },
    fc.constantFrom('а', 'Ё', '🏫', '\u0000', '\u0085', '\u2028', '\u200b'),
    BLANK,
  );
  /** Short texts, and texts of about the largest length. */
  const text = (max: number) =>
    fc.oneof(
      fc.array(character, { maxLength: 6 }).map((all) => all.join('')),
      fc
        .tuple(
          fc.constantFrom('a', 'ж', '🏫'),
          fc.integer({ min: max - 2, max: max + 2 }),
          fc.array(BLANK, { maxLength: 3 }),
        )
        .map(([one, times, blanks]) => one.repeat(times) + blanks.join('')),
    );
  const number = fc.oneof(
    fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }).map(String),
    fc.bigInt({ min: 2n ** 63n - 3n, max: 2n ** 63n + 3n }).chain((n) => fc.constantFrom(String(n), String(-n))),
    fc.constantFrom('0', '-0', '01', '+1', '', '1e3', '٣', '1\n', ' 1'),
  );
  const address = fc
    .tuple(
      fc.constantFrom('https', 'http', 'HTTPS', 'max', 'ftp', 'javascript', ''),
      fc.constantFrom('://', ':', '://'),
      fc.oneof(
        fc.constantFrom(
          'max.ru',
          'вуз.рф',
          'localhost',
          '10.0.0.255',
          '10.0.0.256',
          '1.2',
          '0x7f.1',
          'a..b',
          '[::1]',
          'u@a',
        ),
        fc.stringMatching(/^[a-zа-яё0-9_.-]{0,8}$/),
        fc.domain(),
      ),
      fc.constantFrom('', ':443', ':65535', ':65536', ':x', ':'),
      fc.oneof(
        fc.constantFrom('', '/'),
        fc.tuple(fc.constantFrom('/', '?', '#', ' '), text(10)).map((parts) => parts.join('')),
      ),
    )
    .map((parts) => parts.join(''))
    // No pattern can check punycode.
    .filter((url) => !/xn--/i.test(url));

  const body = schemaNamed('NewChat').properties as Record<string, Schema>;
  test.each([
    ['name', text(200)],
    ['department', text(200)],
    ['source', text(64)],
    ['external_chat_id', text(128)],
    ['max_chat_id', number],
    [
      'url',
      fc.oneof(
        address,
        text(2_048).map((path) => `https://max.ru/${path}`),
      ),
    ],
  ] as const)('%s', (name, values) => {
    fc.assert(
      fc.property(values, (value) => {
        fc.pre(value.isWellFormed());
        const accepted = chatFields[name].safeParse(value).success;
        expect([value, check(body[name] ?? {}, value)]).toEqual([value, accepted ? undefined : expect.any(String)]);
      }),
      { numRuns: 1_000 },
    );
  });

  test('a valid URL is one that browsers accept', () => {
    fc.assert(
      fc.property(address, (url) => {
        if (chatFields.url.safeParse(url).success) expect(URL.canParse(url.trim())).toBe(true);
        if (check(body.url ?? {}, url) === undefined) expect(URL.canParse(url.trim())).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  test('characters are Unicode code points', () => {
    expect(chatFields.name.safeParse('🏫'.repeat(200))).toMatchObject({ success: true });
    expect(chatFields.name.safeParse('🏫'.repeat(201))).toMatchObject({ success: false });
  });
});
