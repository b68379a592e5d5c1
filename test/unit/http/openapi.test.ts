import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { ROUTES } from '../../../functions/http-describe-api/routes.ts';
import { chatFields } from '../../../lib/chats/fields.ts';
import { openApiDocument } from '../../../lib/http/openapi.ts';
import { ROLES } from '../../../lib/http/principal.ts';
import { PROBLEMS } from '../../../lib/http/problem.ts';
import { problemKind } from '../../../lib/http/problem-schemas.ts';
import { defineRoute, integerParam, named, type Route } from '../../../lib/http/route.ts';
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

  test('shows the limits of numbers and lists', () => {
    const { schemas } = apiDocument().components;
    expect(schemas.Problem).toMatchObject({ properties: { status: { type: 'integer', minimum: 400, maximum: 599 } } });
    expect(schemas.InvalidRequestProblem?.allOf).toMatchObject([{}, { properties: { errors: { minItems: 1 } } }]);
    const count = { type: 'integer', minimum: 0 };
    expect(schemas.Chat).toMatchObject({
      properties: { id: { type: 'integer', minimum: 1 }, participants_count: { anyOf: [count, { type: 'null' }] } },
    });
    expect(schemas.FullUpdate).toMatchObject({ properties: { total: count, done: count } });
  });

  test('says what the service is, where it is, and what each group of routes is for', () => {
    const document = openApiDocument(ROUTES);
    expect(document).toMatchObject({
      openapi: '3.1.0',
      info: {
        title: 'chat-participants',
        version: '1',
        summary: expect.stringContaining('participants'),
        license: { name: expect.stringMatching(/\w/), identifier: expect.stringMatching(/^LicenseRef-\w/) },
      },
      servers: [{ url: '/', description: expect.stringMatching(/\w/) }],
    });
    const { description } = document.info as { description: string };
    for (const word of [...ROLES, 'university_id', 'UTC', 'application/problem+json']) {
      expect(description).toContain(word);
    }
    const tags = document.tags as { name: string; description: string }[];
    expect(tags.map(({ name }) => name).sort()).toEqual([...new Set(ROUTES.map(({ tag }) => tag))].sort());
    for (const { name, description } of tags) expect([name, description]).toEqual([name, expect.stringMatching(/\w/)]);
  });

  test('demands a token by default, and declares every way to prove a right', () => {
    expect(openApiDocument([])).toMatchObject({
      security: [{ token: [] }],
      components: {
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
          webhookSecret: {
            ...{ type: 'apiKey', in: 'header', name: 'X-Max-Bot-Api-Secret' },
            description: expect.stringMatching(/subscription/),
          },
        },
      },
    });
  });

  test("is the source of the client's types", async () => {
    const made = readFileSync(join(ROOT, 'test/e2e/api.d.ts'), 'utf8');
    expect(made === (await apiTypes()), 'test/e2e/api.d.ts is out of date: npm run api:types').toBe(true);
  });
});

describe('a route in the document', () => {
  const parts = {
    path: '/notes/{id}',
    operationId: 'changeNote',
    tag: 'service',
    summary: 'Changes a note',
    answers: { 204: { description: 'changed' } },
  } as const;
  const read = { ...parts, method: 'GET' } as const;
  const write = { ...parts, method: 'PATCH' } as const;
  /** Returns the operation of a route that is alone in its document, as JSON. */
  const shown = (route: Route) => {
    const { paths } = JSON.parse(JSON.stringify(openApiDocument([route])));
    return paths[route.path][route.method.toLowerCase()];
  };
  const open = defineRoute({ ...read, roles: 'anyone' });

  test('has its name, group and summary, and a description if there is one', () => {
    const { operationId, tags, summary, description } = shown(open);
    expect({ operationId, tags, summary }).toEqual({
      ...{ operationId: 'changeNote', tags: ['service'], summary: 'Changes a note' },
    });
    expect(description).toBeUndefined();
    expect(shown({ ...open, description: 'Once.' }).description).toBe('Once.');
  });

  test.each<[string, Route, object]>([
    ['of some roles names them', { ...read, roles: ['superadmin'] }, { 'x-roles': ['superadmin'] }],
    ['of anyone needs no token', open, { security: [] }],
    [
      'of MAX needs the secret of the webhook',
      { ...read, roles: 'anyone', needsWebhookSecret: true },
      { security: [{ webhookSecret: [] }] },
    ],
  ])('%s', (_, route, access) => {
    const { 'x-roles': roles, security } = shown(route);
    expect({ 'x-roles': roles, security }).toEqual(access);
  });

  test('needs its parameters in the path, but not those in the query', () => {
    const route = defineRoute({
      ...open,
      params: z.object({ id: integerParam(1, 9).meta({ description: 'The id' }) }),
      query: z.object({ limit: integerParam(1, 100).default(50).meta({ description: 'The number' }) }),
    });
    const integer = { type: 'integer', minimum: 1 };
    expect(shown(route).parameters).toEqual([
      { name: 'id', in: 'path', required: true, description: 'The id', schema: { ...integer, maximum: 9 } },
      {
        ...{ name: 'limit', in: 'query', required: false, description: 'The number' },
        schema: { ...integer, maximum: 100, default: 50 },
      },
    ]);
    expect(shown(open).parameters).toEqual([]);
  });

  const body = z.object({
    text: z.string().trim(),
    pages: z.number().default(1),
    at: z.string().transform(Date.parse),
  });

  test('has the body that clients send, before defaults and conversions', () => {
    const route = defineRoute({ ...write, roles: 'anyone', body, bodyExample: { text: 'a', at: '2026-11-25' } });
    expect(shown(route).requestBody).toEqual({
      required: true,
      content: {
        'application/json': {
          schema: {
            type: 'object',
            properties: {
              ...{ text: { type: 'string' }, pages: { type: 'number', default: 1 }, at: { type: 'string' } },
            },
            required: ['text', 'at'],
          },
          example: { text: 'a', at: '2026-11-25' },
        },
      },
    });
    expect(shown(open)).not.toHaveProperty('requestBody');
  });

  test('that reads its body itself requires none, and refuses none', () => {
    const route = defineRoute({ ...write, roles: 'anyone', body, readsBodyItself: true });
    expect(shown(route).requestBody.required).toBe(false);
    expect(Object.keys(shown(route).responses)).toEqual(['204', '429', '500', '503']);
  });

  test.each<[string, Partial<Route>, string[]]>([
    ['nothing', {}, ['204', '429', '500', '503']],
    ['parameters', { params: z.object({}) }, ['204', '400', '429', '500', '503']],
    ['a query', { query: z.object({}) }, ['204', '400', '429', '500', '503']],
    ['a body', { body }, ['204', '400', '413', '415', '429', '500', '503']],
    ['a token', { roles: ROLES }, ['204', '401', '403', '429', '500', '503']],
    ['a chat that may be absent', { problems: ['not_found'] }, ['204', '404', '429', '500', '503']],
  ])('that needs %s has its problems', (_, needs, statuses) => {
    expect(Object.keys(shown({ ...open, ...needs } as Route).responses)).toEqual(statuses);
  });

  test('has responses with the headers that clients use', () => {
    const headersOf = (route: Route) => {
      const document = JSON.parse(JSON.stringify(openApiDocument([route])));
      const responses = Object.entries<{ $ref?: string }>(shown(route).responses);
      return Object.fromEntries(
        responses.map(([status, { $ref, ...given }]) => {
          const response = $ref ? document.components.responses[$ref.split('/').at(-1) ?? ''] : given;
          for (const { $ref } of Object.values<{ $ref: string }>(response.headers)) {
            expect(document.components.headers).toHaveProperty($ref.replace('#/components/headers/', ''));
          }
          return [status, Object.keys(response.headers).sort()];
        }),
      );
    };
    const created = { ...write, answers: { 201: { description: 'created', location: true } } } as const;
    expect(headersOf({ ...created, roles: ROLES })).toEqual({
      201: ['Location', 'Server-Timing', 'X-Request-Id'],
      401: ['WWW-Authenticate', 'X-Request-Id'],
      403: ['X-Request-Id'],
      429: [],
      500: ['X-Request-Id'],
      503: ['Retry-After', 'X-Request-Id'],
    });
    expect(headersOf(open)[204]).toEqual(['Server-Timing', 'X-Request-Id']);
    expect(headersOf(open)[503]).toEqual(['Retry-After']);
  });

  test('refers to one problem of a status, or lists several', () => {
    const schemaOf = (route: Route, status: number) => {
      const { components } = JSON.parse(JSON.stringify(openApiDocument([route])));
      const { $ref, content } = shown(route).responses[status];
      return ($ref ? components.responses[$ref.split('/').at(-1)].content : content)['application/problem+json'].schema;
    };
    const problem = (name: string) => ({ $ref: `#/components/schemas/${name}Problem` });
    const chat = defineRoute({ ...open, problems: ['max_chat_id_taken', 'no_max_chat', 'not_found'] });
    expect(schemaOf(chat, 404)).toEqual(problem('NotFound'));
    expect(schemaOf(chat, 409)).toEqual({ oneOf: [problem('MaxChatIdTaken'), problem('NoMaxChat')] });
    expect(schemaOf(defineRoute({ ...read, roles: ROLES, problems: ['not_found'] }), 404)).toEqual(problem('NotFound'));
  });

  test('may share its path with another', () => {
    const { paths } = openApiDocument([open, { ...write, roles: 'anyone' }]) as { paths: Record<string, object> };
    expect(Object.keys(paths['/notes/{id}'] ?? {})).toEqual(['get', 'patch']);
  });

  test('may share a named schema, but not its name', () => {
    const answering = (schema: () => z.ZodType, path = '/a') =>
      defineRoute({ ...open, path, answers: { 200: { description: 'found', schema } } });
    const note = named('Note', () => z.object({ text: z.string() }));
    const { paths, components } = JSON.parse(JSON.stringify(openApiDocument([answering(note), answering(note, '/b')])));
    expect(components.schemas.Note).toMatchObject({ type: 'object', properties: { text: { type: 'string' } } });
    expect(components.schemas.Note).not.toHaveProperty('id');
    for (const path of ['/a', '/b']) {
      const { schema } = paths[path].get.responses[200].content['application/json'];
      expect(schema).toEqual({ $ref: '#/components/schemas/Note' });
    }
    const other = named('Note', () => z.object({ text: z.number() }));
    expect(() => openApiDocument([answering(note), answering(other, '/b')])).toThrow(/name.*Note/);
  });

  test('may have a field that is named like a reference, and texts that look like one', () => {
    const field = z.string().meta({ description: 'Like #/$defs/Note' });
    const route = defineRoute({ ...write, roles: 'anyone', body: z.object({ $ref: field }) });
    expect(shown(route).requestBody.content['application/json'].schema.properties).toEqual({
      $ref: { type: 'string', description: 'Like #/$defs/Note' },
    });
  });

  test('refuses unknown members of its problems', () => {
    const { schemas } = apiDocument().components;
    const { example } = problemKind('max_chat_id_taken');
    const validate = schemaChecker(apiDocument());
    const schema = schemas.MaxChatIdTakenProblem ?? {};
    expect(validate(schema, example)).toBeUndefined();
    expect(validate(schema, { ...example, more: 1 })).toContain('unevaluated');
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
