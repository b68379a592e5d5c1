import { setTimeout as sleep } from 'node:timers/promises';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROUTES } from '../../functions/http-describe-api/routes.ts';
import { PAGE_PATHS } from '../../functions/http-serve-pages/paths.ts';
import { ROLES } from '../../lib/http/principal.ts';
import type { Route } from '../../lib/http/route.ts';
import { type Functions, SECRETS, startFunctions } from '../support/functions.ts';
import { hostileTokens } from '../support/hostile-tokens.ts';
import type { Answer } from '../support/http.ts';
import { HUNT_MS, hunt, keepOutput, type Output, requireSecrecy } from './hunt.ts';
import * as hostile from './values.ts';

/** Every route, with requests as API Gateway passes them on: no error of the service's own, and no secret anywhere. */

const PERSON = 'Canary-Person-77';
const CHATS = 20;

let functions: Functions;
let output: Output;
let cursors: string[];
let runId: string;
beforeAll(async () => {
  output = await keepOutput();
  functions = await startFunctions(60, { rps: 1_000, env: output.env });
  const groups = [...functions.simulator.world.truths(0, 60)];
  for (let i = 0; i < CHATS; i += 1) {
    const body = { name: `Чат ${i}`, university_id: (i % 3) + 1, source: 'crm', max_chat_id: groups[i]?.chat_id };
    expect(await functions.call('http-create-chat', { body: JSON.stringify(body) })).toMatchObject({ statusCode: 201 });
  }
  const listings = ['id', 'name', 'participants_count', 'created_at'].flatMap((sort_by) =>
    [{}, { search: 'чат' }, { source: 'crm' }].map((filters) => ({ limit: '2', sort_by, ...filters })),
  );
  const pages = await Promise.all(listings.map((query) => functions.call('http-list-chats', { query })));
  cursors = pages.map(({ body }) => JSON.parse(body).next_cursor);
  runId = JSON.parse((await functions.call('http-start-full-update')).body).run_id;
  expect(cursors.every((cursor) => typeof cursor === 'string')).toBe(true);
}, 120_000);
afterAll(async () => {
  output.stop();
  await functions?.close();
});

/** A request before API Gateway has put it into an event. */
interface Sent {
  readonly authorization: string | undefined;
  readonly headers: readonly (readonly [string, string])[];
  readonly query: readonly (readonly [string, string])[];
  readonly params: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | undefined;
  readonly cookies: readonly string[];
  readonly arrivedAgoMs: number;
}

/** The event of payload format 2.0: header names in lower case, values of equal names joined, absent parts absent. */
function eventOf({ method, path }: Pick<Route, 'path'> & { readonly method: string }, sent: Sent): object {
  const joined = (pairs: Sent['query']) => {
    const byName = new Map<string, string>();
    for (const [name, value] of pairs) byName.set(name, byName.has(name) ? `${byName.get(name)},${value}` : value);
    return Object.fromEntries(byName);
  };
  const { authorization, params, body, query, cookies } = sent;
  const rawPath = path.replaceAll(/\{(\w+)\}/g, (_, name) => encodeURIComponent((params[name] ?? '').toWellFormed()));
  const headers = [
    ...sent.headers.map(([name, value]) => [name.toLowerCase(), value] as const),
    ...(authorization === undefined ? [] : [['authorization', authorization] as const]),
  ];
  const binary = body !== undefined && typeof body !== 'string';
  const event = {
    ...{ version: '2.0', routeKey: `${method} ${path}`, rawPath },
    rawQueryString: query.map(([name, value]) => `${name}=${value}`).join('&'),
    ...(cookies.length > 0 && { cookies }),
    ...(headers.length > 0 && { headers: joined(headers) }),
    ...(query.length > 0 && { queryStringParameters: joined(query) }),
    ...(path.includes('{') && { pathParameters: params }),
    requestContext: {
      ...{ accountId: '0', apiId: 'a', domainName: 'a.example', domainPrefix: 'a', routeKey: `${method} ${path}` },
      ...{ stage: '$default', requestId: 'request-1', time: '', timeEpoch: Date.now() - sent.arrivedAgoMs },
      http: { method, path: rawPath, protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: '' },
    },
    ...(body !== undefined && { body: binary ? Buffer.from(body).toString('base64') : body }),
    isBase64Encoded: binary,
  };
  // The runtime parses the event from JSON, so `__proto__` is an ordinary name.
  return JSON.parse(JSON.stringify(event));
}

const HEADERS = [
  'content-type',
  'accept',
  'accept-encoding',
  'if-none-match',
  'host',
  'x-request-id',
  'content-length',
];
const HEADER_VALUES = [
  ...['application/json', 'text/plain', 'application/json; charset=utf-16', 'multipart/form-data; boundary=x'],
  ...['gzip', 'br;q=1, gzip;q=0', '*;q=', 'gzip;q=NaN', 'br;q=-1', ';;;', '*', 'W/"x"', '"', '0', '-1'],
];
const header = fc.tuple(
  fc.oneof(fc.constantFrom(...HEADERS), hostile.text),
  fc.oneof(fc.constantFrom(...HEADER_VALUES), hostile.text),
);
const mostly = <T>(usual: T, unusual: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: unusual });

/** API Gateway takes headers of 10 KB in all. */
const tokens = hostileTokens().filter(([, value = '']) => value.length < 10_000);

function authorizations(): fc.Arbitrary<string | undefined> {
  const genuine = ROLES.map((role) => functions.issuer.bearer({ role, university_id: 1 }));
  return fc.oneof(
    { weight: 12, arbitrary: fc.constant(genuine[0]) },
    { weight: 4, arbitrary: fc.constantFrom(...genuine) },
    { weight: 1, arbitrary: fc.constantFrom(...tokens.map(([, value]) => value)) },
    { weight: 1, arbitrary: hostile.cut(fc.constantFrom(...genuine)) },
    { weight: 1, arbitrary: hostile.text },
  );
}

/** Requests of MAX, or of an attacker in its place. */
const DELIVERY = {
  ...{ update_type: 'user_added', timestamp: 1_795_000_000_000, chat_id: -70_000_000_000_001, is_channel: false },
  ...{ user: { user_id: 1, first_name: PERSON, is_bot: false }, title: 'x', is_admin: true, permissions: ['write'] },
};

function requestsFor(route: Route): fc.Arbitrary<Sent> {
  const known = Object.entries(route.query?.shape ?? {}).map(([name, schema]) => {
    const example = String(((schema as { meta(): { examples?: unknown[] } }).meta()?.examples ?? ['1'])[0]);
    const given =
      name === 'cursor'
        ? fc.oneof(fc.constantFrom(...cursors), hostile.cut(fc.constantFrom(...cursors)))
        : hostile.text;
    return fc.tuple(fc.constant(name), fc.oneof(fc.constant(example), given));
  });
  const strange = fc.tuple(hostile.text, hostile.text);
  const query = fc
    .tuple(
      known.length > 0 ? fc.array(fc.oneof(...known), { maxLength: 4 }) : fc.constant([]),
      mostly([], fc.array(strange, { maxLength: 3 })),
    )
    .map((parts) => parts.flat());
  const id = fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min: 1, max: CHATS }).map(String) },
    { weight: 1, arbitrary: hostile.text },
  );
  const params = Object.keys(route.params?.shape ?? {}).map((name) =>
    fc.tuple(fc.constant(name), name === 'run_id' ? mostly(runId, hostile.text) : id),
  );
  const isWebhook = 'needsWebhookSecret' in route;
  const example = 'bodyExample' in route ? (route.bodyExample as object) : undefined;
  const renaming = { ...DELIVERY, update_type: 'chat_title_changed' };
  const documents = isWebhook ? [DELIVERY, renaming] : example ? [example] : [];
  const written: fc.Arbitrary<string | undefined> =
    documents.length > 0 ? fc.oneof(...documents.map((each) => hostile.body(each))) : mostly(undefined, hostile.text);
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    written.map((given) => Buffer.from(given ?? '')),
  );
  const secret = fc.constantFrom(...Array(6).fill(SECRETS.WEBHOOK_SECRET), 'wrong', SECRETS.CURSOR_SECRET);
  return fc.record({
    authorization: authorizations(),
    headers: fc
      .tuple(
        mostly<[string, string][]>([['content-type', 'application/json']], fc.array(header, { maxLength: 5 })),
        secret,
      )
      .map(([given, value]) => [...given, ...(isWebhook ? [['x-max-bot-api-secret', value] as const] : [])]),
    query,
    params: fc.tuple(...params).map((pairs) => Object.fromEntries(pairs)),
    body: fc.oneof(
      { weight: 5, arbitrary: written as fc.Arbitrary<string | Uint8Array | undefined> },
      { weight: 1, arbitrary: bytes },
    ),
    cookies: mostly([], fc.array(hostile.text, { maxLength: 2 })),
    arrivedAgoMs: mostly(5, fc.constantFrom(-3_600_000, -1, 0, 60_000, 1e12)),
  });
}

/** @throws unless the answer is one that API Gateway can send, that the input deserves, and that tells no secret. */
function check(answer: Answer, secrets: readonly string[]): void {
  const { statusCode, headers, body, isBase64Encoded } = answer;
  const problem = `${statusCode} ${body}`;
  if (!Number.isInteger(statusCode) || statusCode < 200 || statusCode >= 500) throw new Error(problem);
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value !== 'string' || !/^[\t\x20-\x7e]*$/.test(value)) throw new Error(`the header ${name}: ${value}`);
  }
  const encoding = headers['content-encoding'];
  const bytes = Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8');
  const text = (
    encoding === 'br' ? brotliDecompressSync(bytes) : encoding === 'gzip' ? gunzipSync(bytes) : bytes
  ).toString();
  if (headers['content-type']?.includes('json') && text !== '') JSON.parse(text);
  if (statusCode >= 400 && JSON.parse(text).status !== statusCode) throw new Error(`no problem: ${problem}`);
  requireSecrecy(`${JSON.stringify(headers)}${text}`, secrets);
}

/** The secrets of the environment, and the part of the caller's token that nobody can compute. */
function secretsBeside(authorization: string | undefined): string[] {
  const signature = authorization?.split('.')[2] ?? '';
  const known = [...Object.values(SECRETS), functions.simulator.token, PERSON];
  return signature.length > 20 ? [...known, signature] : known;
}

/** The cost of a route: a validation requests many counts from MAX. */
const WEIGHTS: Readonly<Record<string, number>> = {
  listChats: 4,
  receiveUpdates: 3,
  createChat: 2,
  updateChat: 2,
  refreshParticipants: 0.5,
  validateParticipants: 0.05,
  health: 0.1,
  describeApi: 0.1,
};
const weightOf = ({ operationId }: Route) => WEIGHTS[operationId] ?? 1;
const allWeights = ROUTES.reduce((sum, route) => sum + weightOf(route), 0);
/** The share of this file in all inputs. */
const SHARE = 0.4;

describe('requests', () => {
  test.each(ROUTES.map((route) => [`${route.method} ${route.path}`, route] as const))(
    '%s',
    async (name, route) => {
      const statuses = new Set<number>();
      await hunt(name, (SHARE * weightOf(route)) / allWeights, requestsFor(route), async (sent) => {
        const folder = `http-${route.operationId.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
        let answer = (await functions.invoke(folder, eventOf(route, sent), 10_000)) as Answer;
        // On a busy machine Redis misses its time, and rests for 10 s. What an input causes stays.
        for (let pause = 0; answer.statusCode === 503 && pause < 3; pause += 1) {
          await sleep(5_000);
          answer = (await functions.invoke(folder, eventOf(route, sent), 10_000)) as Answer;
        }
        statuses.add(answer.statusCode);
        const secrets = secretsBeside(sent.authorization);
        check(answer, secrets);
        requireSecrecy(output.take(), secrets);
      });
      // The inputs reach what they are meant for.
      if (weightOf(route) >= 1)
        expect([...statuses].some((status) => status < 300 || status === 404 || status === 409)).toBe(true);
    },
    HUNT_MS,
  );
});

describe('requests without a route', () => {
  const path = fc.oneof(
    fc.constantFrom(...ROUTES.map((route) => route.path), ...PAGE_PATHS),
    hostile.text,
    fc.array(hostile.text, { maxLength: 6 }).map((parts) => `/${parts.join('/')}`),
  );

  test(
    'are answered with 404 or 405',
    async () => {
      const inputs = fc.tuple(fc.constantFrom('GET', 'PUT', 'OPTIONS', 'HEAD', 'TRACE', 'X'), path);
      await hunt('other paths', 0.02, inputs, async ([method, rawPath]) => {
        const sent = {
          authorization: undefined,
          headers: [],
          query: [],
          params: {},
          body: undefined,
          cookies: [],
          arrivedAgoMs: 0,
        };
        const event = { ...eventOf({ method, path: '/' }, sent), routeKey: '$default', rawPath };
        const answer = (await functions.invoke('http-fallback', event)) as Answer;
        expect([404, 405]).toContain(answer.statusCode);
        check(answer, secretsBeside(undefined));
      });
    },
    HUNT_MS,
  );

  test(
    'pages are served to any browser',
    async () => {
      const inputs = fc.tuple(fc.constantFrom(...PAGE_PATHS), hostile.text, fc.array(header, { maxLength: 4 }));
      await hunt('pages', 0.02, inputs, async ([pagePath, file, headers]) => {
        const sent = {
          authorization: undefined,
          headers,
          query: [],
          params: { file },
          body: undefined,
          cookies: [],
          arrivedAgoMs: 0,
        };
        const answer = (await functions.invoke(
          'http-serve-pages',
          eventOf({ method: 'GET', path: pagePath }, sent),
        )) as Answer;
        expect([200, 304, 404]).toContain(answer.statusCode);
        check(answer, secretsBeside(undefined));
      });
    },
    HUNT_MS,
  );
});

test('what was traced was searched too', () => {
  expect(output.traced()).toBeGreaterThan(100);
});
