import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { ROUTES } from '../../functions/http-describe-api/routes.ts';
import { ROLES, type Role } from '../../lib/http/principal.ts';
import type { Route } from '../../lib/http/route.ts';
import { type Functions, SECRETS, startFunctions } from '../support/functions.ts';
import { AUDIENCE, hostileTokens, ISSUER, keySet } from '../support/hostile-tokens.ts';
import type { Answer, Asked } from '../support/http.ts';

/** Access to every declared route, for every kind of caller and for chats of every university. */

const OWN = 1;
const OTHER = 2;

interface Caller {
  /** `undefined`: no token. */
  readonly claims: Readonly<Record<string, unknown>> | undefined;
  readonly name: string;
}

/** A known role with each university that its token can name, none included. */
const known = ROLES.flatMap((role) =>
  [OWN, OTHER, undefined].map((university_id) => ({
    name: `${role} of ${university_id ?? 'none'}`,
    role,
    university_id,
  })),
);
const callers: readonly (Caller & { readonly role?: Role; readonly university_id?: number | undefined })[] = [
  { name: 'nobody', claims: undefined },
  { name: 'a token without a role', claims: { role: undefined, university_id: OWN } },
  { name: 'an unknown role', claims: { role: 'admin', university_id: OWN } },
  ...known.map(({ role, university_id, name }) => ({ name, role, university_id, claims: { role, university_id } })),
];

/** Where the chat of a request belongs. */
const homes = [OWN, OTHER, null] as const;

let functions: Functions;
let groups: string[];
beforeAll(async () => {
  functions = await startFunctions(600);
  functions.issuer.alsoPublishes = keySet.keys;
  groups = [...functions.simulator.world.truths(0, 600)].map(({ chat_id }) => chat_id);
  for (const home of homes) await createChat(home);
});
afterAll(() => functions?.close());

const nameOf = ({ method, path }: Route) => `${method} ${path}`;
const folderOf = ({ operationId }: Route) =>
  `http-${operationId.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
/** The word that names of chats have, by which an answer shows that it is about a chat of this university. */
const markOf = (university: number | null) => `Secret-of-${university ?? 'none'}.`;

/** Only refreshes need a chat that MAX has: reading its count takes a permit. */
async function createChat(university_id: number | null, inMax = false): Promise<Record<string, unknown>> {
  const max_chat_id = inMax ? groups.pop() : null;
  const body = JSON.stringify({ name: markOf(university_id), university_id, max_chat_id });
  const { statusCode, body: made } = await functions.call('http-create-chat', { body });
  expect(statusCode).toBe(201);
  return JSON.parse(made);
}

/** A valid request of the route, about this chat. */
function requestOf(route: Route, id: unknown): Asked {
  return {
    ...(route.params && { path: { id: String(id), run_id: 'run-1' } }),
    ...('bodyExample' in route && {
      body: JSON.stringify({ ...(route.bodyExample as object), max_chat_id: null, university_id: undefined }),
    }),
  };
}

async function ask(route: Route, { claims }: Caller, request: Asked): Promise<Answer> {
  const authorization = claims && functions.issuer.bearer(claims);
  return functions.call(folderOf(route), { ...request, headers: { authorization: authorization ?? '' } });
}

/** Whether a caller sees chats of this university; a superadmin's own university does not matter. */
const sees = ({ role, university_id }: (typeof callers)[number], home: number | null) =>
  role === 'superadmin' || (role !== undefined && university_id === home);

/** The right answer: the one place that says who may do what. `allowed`: whatever else the request deserves. */
function rightAnswer(route: Route, caller: (typeof callers)[number], home: number | null): 401 | 403 | 'allowed' {
  if (route.roles === 'anyone') return route.needsWebhookSecret ? 401 : 'allowed';
  const { role, university_id } = caller;
  if (!role || (role !== 'superadmin' && university_id === undefined)) return 401;
  if (!route.roles.includes(role)) return 403;
  return !route.path.includes('{id}') || sees(caller, home) ? 'allowed' : 403;
}

const table = ROUTES.flatMap((route) =>
  callers.flatMap((caller) =>
    (route.path.includes('{id}') ? homes : ([OWN] as const)).map((home) => ({
      ...{ route, caller, home, right: rightAnswer(route, caller, home) },
      title: `${nameOf(route)} by ${caller.name}${route.path.includes('{id}') ? `, on a chat of ${home ?? 'none'}` : ''}`,
    })),
  ),
);

test('the table has every route, and every answer', () => {
  expect(new Set(table.map(({ route }) => route)).size).toBe(ROUTES.length);
  expect(new Set(table.map(({ right }) => right))).toEqual(new Set([401, 403, 'allowed']));
  expect(table.length).toBeGreaterThan(ROUTES.length * callers.length);
});

test.each(table.map((row) => [row.title, row.right, row] as const))(
  '%s: %s',
  async (_, right, { route, caller, home }) => {
    const chat = await createChat(home, route.path.includes('refresh'));
    const maxCalls = functions.simulator.stats().total;
    const answer = await ask(route, caller, requestOf(route, chat.id));
    if (right === 'allowed') {
      expect(answer.statusCode).not.toBe(401);
      expect(answer.statusCode).not.toBe(403);
      expect(answer.statusCode).toBeLessThan(500);
    } else {
      expect(answer.statusCode).toBe(right);
      expect(JSON.parse(answer.body)).toMatchObject({ status: right });
      // A refused request has no effect: MAX was not asked for a count, and the chat is as it was created.
      expect(functions.simulator.stats().total).toBe(maxCalls);
      const still = await functions.call('http-get-chat', { path: { id: String(chat.id) } });
      const { name, updated_at } = chat;
      // Showing a chat that was never read may itself fetch its count.
      expect(JSON.parse(still.body)).toMatchObject({ name, updated_at });
    }
    for (const hidden of homes.filter((each) => !sees(caller, each))) expect(answer.body).not.toContain(markOf(hidden));
  },
);

test.each(ROUTES.map((route) => [nameOf(route), route] as const))(
  '%s tells nothing to those who invoke its function without API Gateway, and without anything',
  async (_, route) => {
    const { statusCode } = (await functions.invoke(folderOf(route), {})) as Answer;
    if (route.roles === 'anyone' && !route.needsWebhookSecret) expect(statusCode).toBe(200);
    else expect(statusCode).toBe(401);
  },
);

const fieldsOf = (schema: z.ZodType) => Object.keys(z.toJSONSchema(schema, { io: 'input' }).properties ?? {});
/** Routes that can name a university. */
const naming = ROUTES.flatMap((route) =>
  (['query', 'body'] as const)
    .filter((where) => route[where] && fieldsOf(route[where]).includes('university_id'))
    .map((where) => ({ route, where })),
);
const inTheirRole = naming.flatMap(({ route, where }) =>
  ROLES.filter((role) => (route.roles as readonly string[]).includes(role)).map((role) => ({ route, where, role })),
);

test.each(inTheirRole)(
  '$route.method $route.path by $role, naming a university in the $where',
  async ({ route, where, role }) => {
    const asked = async (university_id: number) => {
      const claims = { role, university_id: OWN };
      const request = requestOf(route, (await createChat(OWN)).id);
      const { statusCode } = await ask(
        route,
        { name: role, claims },
        {
          ...request,
          ...(where === 'query' && { query: { university_id: String(university_id) } }),
          ...(where === 'body' && { body: JSON.stringify({ ...JSON.parse(request.body ?? ''), university_id }) }),
        },
      );
      return statusCode;
    };
    expect(await asked(OWN)).toBeLessThan(300);
    const other = await asked(OTHER);
    if (role === 'superadmin') expect(other).toBeLessThan(300);
    else expect(other).toBe(403);
  },
);

describe('MAX', () => {
  test.each([
    undefined,
    '',
    'wrong',
    SECRETS.WEBHOOK_SECRET.slice(1),
    `${SECRETS.WEBHOOK_SECRET} `,
    SECRETS.CURSOR_SECRET,
  ])('is not who sends the secret %j', async (secret) => {
    const headers = secret === undefined ? {} : { 'x-max-bot-api-secret': secret };
    expect((await functions.call('http-receive-updates', { headers, body: '{}' })).statusCode).toBe(401);
  });
  test('is who sends the right one', async () => {
    const headers = { 'x-max-bot-api-secret': SECRETS.WEBHOOK_SECRET };
    expect((await functions.call('http-receive-updates', { headers, body: '{}' })).statusCode).toBe(200);
  });
});

describe('hostile tokens', () => {
  const hostile = hostileTokens();

  test.each(ROUTES.filter(({ roles }) => roles !== 'anyone').map((route) => [nameOf(route), route] as const))(
    '%s refuses each of them with 401',
    async (_, route) => {
      expect(functions.issuer.env).toMatchObject({ AUTH_ISSUER: ISSUER, AUTH_AUDIENCE: AUDIENCE });
      const request = requestOf(route, 1);
      const wrong: unknown[] = [];
      for (const [name, authorization = ''] of hostile) {
        const { statusCode, body } = await functions.call(folderOf(route), { ...request, headers: { authorization } });
        const [, claims = ''] = authorization.split('.');
        if (statusCode !== 401 || (claims.length > 3 && body.includes(claims))) wrong.push([name, statusCode, body]);
      }
      expect(wrong).toEqual([]);
    },
  );
});
