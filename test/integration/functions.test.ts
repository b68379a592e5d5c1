import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Simulator } from '../../localstack/max/simulator.ts';
import { type Functions, SECRETS, startFunctions } from '../support/functions.ts';
import { type Asked, ask } from '../support/http.ts';

/**
 * Every function with the parts it is deployed with: real stores, queues and Redis, and the simulated MAX. What the HTTP stack
 * and the use cases do in detail has tests of its own.
 */

let functions: Functions;
let simulator: Simulator;
/** Groups in MAX that send all events to the bot. Each is used by one test. */
let groups: string[];

beforeAll(async () => {
  functions = await startFunctions(200);
  ({ simulator } = functions);
  groups = [...simulator.world.truths(0, simulator.world.size)]
    .filter(({ type, bot }) => type === 'chat' && bot === 'reader')
    .map(({ chat_id }) => chat_id);
});
afterAll(() => functions?.close());

const curator = (university: number) => ({
  authorization: functions.issuer.bearer({ role: 'curator', university_id: university }),
});

async function call(name: string, { body, ...asked }: Omit<Asked, 'body'> & { readonly body?: unknown } = {}) {
  const answer = await functions.call(name, { ...asked, ...(body !== undefined && { body: JSON.stringify(body) }) });
  return {
    status: answer.statusCode,
    headers: answer.headers,
    body: answer.body ? JSON.parse(answer.body) : undefined,
  };
}
const invoke: Functions['invoke'] = (...invocation) => functions.invoke(...invocation);
const take: Functions['take'] = (queue) => functions.take(queue);

/** Creates a chat. @returns its id. */
async function chat(fields: Readonly<Record<string, unknown>> = {}): Promise<number> {
  const created = await call('http-create-chat', { body: { name: `Chat ${randomUUID()}`, ...fields } });
  expect(created.status).toBe(201);
  return created.body.id;
}
const group = () => {
  const id = groups.pop();
  if (id === undefined) throw new Error('the simulated MAX has too few groups');
  return id;
};
const problem = (status: number, type: string) => ({
  status,
  body: { status, type: `urn:chat-participants:problem:${type}` },
});
const at = (id: number) => ({ path: { id: String(id) } });

describe('chats', () => {
  test('can be created, read, listed, searched, changed and deleted', async () => {
    const name = `Aa${randomUUID().replaceAll('-', '')}`;
    const created = await call('http-create-chat', { body: { name, university_id: 7 } });
    expect(created).toMatchObject({ status: 201, body: { name, participants_count: null } });
    const { id } = created.body;
    expect(created.headers.location).toBe(`/chats/${id}`);
    expect(await call('http-get-chat', at(id))).toMatchObject({ status: 200, body: { id, name } });
    await chat({ university_id: 7 });

    const first = await call('http-list-chats', { query: { limit: '1' }, headers: curator(7) });
    expect(first).toMatchObject({ status: 200, body: { data: [{ id }], total: 2 } });
    const cursor = String(first.body.next_cursor);
    const second = await call('http-list-chats', { query: { limit: '1', cursor }, headers: curator(7) });
    expect(second.body.data[0].id).not.toBe(id);
    expect(await call('http-list-chats', { query: { cursor } })).toMatchObject({
      ...problem(400, 'invalid_request'),
      body: { errors: [{ field: 'cursor' }] },
    });
    expect((await call('http-list-chats', { query: { search: name.slice(0, 9) } })).body.data).toMatchObject([{ id }]);
    expect((await call('http-list-chats', { query: { search: ' ?! ' } })).body).toMatchObject({ data: [], total: 0 });
    const filtered = { university_id: '7', status: 'unlinked,gone', search: name };
    expect((await call('http-list-chats', { query: filtered })).body).toMatchObject({ data: [{ id }], total: 1 });
    expect((await call('http-list-chats', { query: { ...filtered, source: 'crm' } })).body).toMatchObject({ total: 0 });
    const foreign = { query: { university_id: '8' }, headers: curator(7) };
    for (const name of ['http-list-chats', 'http-count-facets']) {
      expect(await call(name, foreign)).toMatchObject(problem(403, 'forbidden'));
    }
    expect(await call('http-count-facets', { headers: curator(7) })).toMatchObject({
      status: 200,
      body: {
        total: 2,
        university_id: [{ value: 7, chats: 2 }],
        department: [],
        status: [{ value: 'unlinked', chats: 2 }],
      },
    });

    const changed = await call('http-update-chat', { ...at(id), body: { name: 'Other' } });
    expect(changed).toMatchObject({ status: 200, body: { id, name: 'Other' } });
    expect(await call('http-delete-chat', at(id))).toMatchObject({ status: 204 });
    for (const name of ['http-get-chat', 'http-delete-chat']) {
      expect(await call(name, at(id))).toMatchObject(problem(404, 'not_found'));
    }
    expect(await call('http-update-chat', { ...at(id), body: { name: 'x' } })).toMatchObject(problem(404, 'not_found'));
  });

  test('of a university can be neither read nor written by others', async () => {
    const created = await call('http-create-chat', { body: { name: 'Own' }, headers: curator(8) });
    expect(created.body.university_id).toBe(8);
    const foreign = { ...at(created.body.id), headers: curator(9) };
    const forbidden = problem(403, 'forbidden');
    expect(await call('http-get-chat', foreign)).toMatchObject(forbidden);
    expect(await call('http-refresh-participants', foreign)).toMatchObject(forbidden);
    expect(await call('http-delete-chat', foreign)).toMatchObject(forbidden);
    expect(await call('http-update-chat', { ...foreign, body: { name: 'x' } })).toMatchObject(forbidden);
    const given = { ...at(created.body.id), headers: curator(8), body: { university_id: 9 } };
    expect(await call('http-update-chat', given)).toMatchObject(forbidden);
    const taken = { body: { name: 'x', university_id: 9 }, headers: curator(8) };
    expect(await call('http-create-chat', taken)).toMatchObject(forbidden);
  });

  test('have unique MAX ids: a second chat is refused with the id of the first one', async () => {
    const max_chat_id = group();
    const id = await chat({ max_chat_id });
    const taken = { ...problem(409, 'max_chat_id_taken'), body: { chat_id: id } };
    expect(await call('http-create-chat', { body: { name: 'x', max_chat_id } })).toMatchObject(taken);
    const other = await chat();
    expect(await call('http-update-chat', { ...at(other), body: { max_chat_id } })).toMatchObject(taken);
    // Without its MAX id, the chat has no count.
    const unlinked = await call('http-update-chat', { ...at(id), body: { max_chat_id: null } });
    expect(unlinked.body).toMatchObject({ participants_count: null, max_chat_id: null });
  });
});

describe('refreshing one chat', () => {
  const refresh = (id: number) => call('http-refresh-participants', at(id));

  test('responds with the present count in MAX, and listings show it', async () => {
    const max_chat_id = group();
    const id = await chat({ max_chat_id });
    simulator.world.setCount(max_chat_id, 321);
    const refreshed = await refresh(id);
    expect(refreshed).toMatchObject({
      status: 200,
      body: { status: 'updated', participants_count: 321, source: 'api' },
    });
    const { body } = await call('http-get-chat', at(id));
    expect(body).toMatchObject({ participants_count: 321, participants_source: 'cache', participants_stale: false });
  });

  test('is a conflict without a MAX id, and if MAX has no such chat', async () => {
    expect(await refresh(await chat())).toMatchObject(problem(409, 'no_max_chat'));
    const gone = await refresh(await chat({ max_chat_id: '-1' }));
    expect(gone).toMatchObject({ ...problem(409, 'chat_unavailable'), body: { chat_status: 'gone' } });
  });

  test('gets 503 with the last known count while MAX fails', async () => {
    const id = await chat({ max_chat_id: group() });
    const before = (await refresh(id)).body.participants_count;
    simulator.turnSwitches({ reject_token: true });
    // Later than the clocks of API Gateway and of the function may differ, so that the first answer does not count.
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 1_000 });
    const answer = await refresh(id);
    vi.useRealTimers();
    simulator.turnSwitches({ reject_token: false });
    expect(answer).toMatchObject({
      ...problem(503, 'max_unreachable'),
      body: { reason: 'auth', last_known: { participants_count: before } },
    });
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
  });
});

describe('the history of a chat', () => {
  test('contains the day on which its count changed', async () => {
    const max_chat_id = group();
    simulator.world.setCount(max_chat_id, 40);
    const id = await chat({ max_chat_id, university_id: 31 });
    for (const count of [40, 44, 44, 41]) {
      simulator.world.setCount(max_chat_id, count);
      await vi.waitFor(async () => expect((await call('http-refresh-participants', at(id))).status).toBe(200));
    }
    const { status, body } = await call('http-get-history', { ...at(id), headers: curator(31) });
    const date = new Date().toISOString().slice(0, 10);
    expect(status).toBe(200);
    expect(body).toMatchObject({ chat_id: id, to: date, points: [{ date, first: 40, min: 40, max: 44, last: 41 }] });
  });

  test('is empty for a chat that was never read, and visible only to its own university', async () => {
    const id = await chat({ university_id: 31 });
    const range = { from: '2026-01-01', to: '2026-01-31' };
    expect(await call('http-get-history', { ...at(id), query: range })).toMatchObject({
      status: 200,
      body: { chat_id: id, ...range, points: [] },
    });
    expect(await call('http-get-history', { ...at(id), headers: curator(32) })).toMatchObject(
      problem(403, 'forbidden'),
    );
    expect(await call('http-get-history', at(999_999_999))).toMatchObject(problem(404, 'not_found'));
    const turned = { from: '2026-02-01', to: '2026-01-31' };
    expect(await call('http-get-history', { ...at(id), query: turned })).toMatchObject({
      ...problem(400, 'invalid_request'),
      body: { errors: [{ field: 'from', message: 'must not be after to, which is 2026-01-31' }] },
    });
  });
});

describe('the statistics', () => {
  test('come from the roll-up, for the chats that the caller may see', async () => {
    const university = 61;
    const id = await chat({ max_chat_id: group(), university_id: university });
    await vi.waitFor(async () => expect((await call('http-refresh-participants', at(id))).status).toBe(200));
    const { participants_count } = (await call('http-get-chat', at(id))).body;
    await invoke('schedule-roll-up');
    const date = new Date().toISOString().slice(0, 10);
    const own = await call('http-get-stats', { headers: curator(university) });
    expect(own).toMatchObject({
      status: 200,
      body: {
        days: [{ date, chats: 1, participants: participants_count, fresher_than_hour: 1, by_status: { active: 1 } }],
        ...{ universities: null, course_days: null },
        week: { since: null, grew: [], shrank: [] },
      },
    });
    const all = await call('http-get-stats');
    const row = { university_id: university, chats: 1, participants: participants_count, since: date };
    const course = [participants_count];
    expect(all.body.universities).toContainEqual(expect.objectContaining({ ...row, fresher_than_hour: 1, course }));
    expect(all.body.course_days).toEqual([date]);
    expect(all.body.days[0].chats).toBeGreaterThan(1);
    expect(all.body.rolled_up_at).toMatch(/Z$/);
    const one = await call('http-get-stats', { query: { university_id: String(university) } });
    expect(one.body.days).toEqual(own.body.days);
    const foreign = { query: { university_id: '62' }, headers: curator(university) };
    expect(await call('http-get-stats', foreign)).toMatchObject(problem(403, 'forbidden'));
  });
});

describe('a full update', () => {
  test('is started once, planned, executed and reported', async () => {
    const id = await chat({ max_chat_id: group() });
    const started = await call('http-start-full-update');
    expect(started).toMatchObject({ status: 202, body: { status: 'planning' } });
    const { run_id, status_url } = started.body;
    expect(started.headers.location).toBe(status_url);
    expect(await call('http-start-full-update')).toMatchObject(problem(409, 'run_under_way'));
    await invoke('schedule-plan-full');

    await invoke('queue-plan-full-update', await take('FULL_UPDATE'));
    const read = async () => (await call('http-get-full-update', { path: { run_id } })).body;
    expect(await read()).toMatchObject({ status: 'running', total: started.body.total });
    const messages = await take('BULK_REFRESHES');
    const broken = { ...messages.Records[0], messageId: 'broken', body: '{}' };
    expect(await invoke('queue-refresh-participants', { Records: [...messages.Records, broken] })).toEqual({
      batchItemFailures: [{ itemIdentifier: 'broken' }],
    });
    const report = await read();
    expect(report).toMatchObject({ status: 'finished', failed: 0 });
    expect(report.done).toBe(report.total);
    expect((await call('http-get-chat', at(id))).body.participants_count).toBeGreaterThan(0);
    expect(await call('http-get-full-update', { path: { run_id: randomUUID() } })).toMatchObject(
      problem(404, 'not_found'),
    );
    const list = (query: Record<string, string>) => call('http-list-full-updates', { query });
    expect((await list({})).body.data).toContainEqual(report);
    expect((await list({ limit: '1' })).body.data).toHaveLength(1);
    for (const limit of ['0', '51']) expect(await list({ limit })).toMatchObject(problem(400, 'invalid_request'));
    expect(await call('http-list-full-updates', { headers: curator(77) })).toMatchObject(problem(403, 'forbidden'));
  });
});

test('validation compares counts with MAX', async () => {
  await call('http-refresh-participants', at(await chat({ max_chat_id: group(), university_id: 77 })));
  const { status, body } = await call('http-validate-participants', { headers: curator(77) });
  expect({ status, body }).toMatchObject({ status: 200, body: { checked: 1, matched: 1, accuracy: 1 } });
});

test('the posting lists are compared with all chats', async () => {
  await chat({ name: 'Compared' });
  await invoke('schedule-repair-postings');
  const found = await call('http-list-chats', { query: { search: 'compared' } });
  expect(found.body).toMatchObject({ total: 1, data: [{ name: 'Compared' }] });
});

test('the background sync enqueues due chats, and the plan is explained', async () => {
  await chat({ max_chat_id: group() });
  await invoke('schedule-plan-stale');
  const { Records } = await take('EXPRESS_REFRESHES');
  expect([...Records, ...(await take('BULK_REFRESHES')).Records].length).toBeGreaterThan(0);
  const plan = await call('http-explain-plan', { query: { rps: '10' } });
  expect(plan).toMatchObject({
    status: 200,
    body: { budget_per_hour: expect.any(Number), what_if: expect.anything() },
  });
});

describe('events', () => {
  const deliver = (secret: string, update: object) =>
    call('http-receive-updates', { headers: { 'x-max-bot-api-secret': secret }, body: update });

  test("are refused without the secret, and otherwise correct their chat's count", async () => {
    const max_chat_id = group();
    const id = await chat({ max_chat_id });
    const update = {
      ...{ update_type: 'user_added', timestamp: Date.now(), chat_id: Number(max_chat_id), is_channel: false },
      user: { user_id: 1, first_name: 'A', is_bot: false },
    };
    expect(await deliver('wrong', update)).toMatchObject(problem(401, 'unauthorized'));
    expect(await deliver(SECRETS.WEBHOOK_SECRET, update)).toMatchObject({ status: 200 });
    const updates = await take('UPDATES');
    expect(updates.Records).toHaveLength(1);
    expect(await invoke('queue-apply-updates', updates)).toEqual({ batchItemFailures: [] });
    await vi.waitFor(async () => expect((await call('http-get-chat', at(id))).status).toBe(200));
  });

  test('arrive through a subscription made by the check', async () => {
    await invoke('schedule-check-subscription');
    const answer = await fetch(`${simulator.url}/subscriptions`, { headers: { authorization: simulator.token } });
    expect(await answer.json()).toMatchObject({ subscriptions: [{ url: 'http://127.0.0.1:1/webhooks/max' }] });
  });
});

describe('for anyone', () => {
  test('health lists every dependency', async () => {
    const { body } = await call('http-health');
    const ok = { state: 'ok', latency_ms: expect.any(Number) };
    expect(body).toEqual({ status: 'ok', dependencies: { dynamodb: ok, redis: ok, sqs: ok, max: ok } });
  });

  test('the OpenAPI document lists every route', async () => {
    const { body } = await call('http-describe-api');
    expect(body.openapi).toMatch(/^3\./);
    expect(Object.keys(body.paths)).toContain('/chats/{id}/refresh-participants');
  });

  test('other paths get 404, other methods 405 with the allowed ones', async () => {
    const fallback = (await functions.load('http-fallback')) as (event: unknown, context: unknown) => Promise<object>;
    const event = (method: string, rawPath: string) => ({
      rawPath,
      requestContext: { requestId: 'r', http: { method } },
    });
    const context = { awsRequestId: 'i', getRemainingTimeInMillis: () => 10_000 };
    expect(await fallback(event('GET', '/nowhere'), context)).toMatchObject({ statusCode: 404 });
    expect(await fallback(event('PUT', '/chats/5'), context)).toMatchObject({
      ...{ statusCode: 405, headers: { allow: 'GET, PATCH, DELETE' } },
    });
  });
});

describe('the pages for people', () => {
  const get = async (routeKey: string, file?: string) => {
    const path = file === undefined ? {} : { path: { file } };
    return ask(await functions.load('http-serve-pages'), { routeKey, ...path, headers: { 'accept-encoding': 'br' } });
  };

  test.each(['console', 'docs'])('/%s refers only to its own files', async (page) => {
    const { statusCode, body } = await get(`GET /${page}`);
    expect(statusCode).toBe(200);
    expect(body).not.toContain('{{');
    const files = [...body.matchAll(/(?:src|href)="([^"]+)"/g)]
      .flatMap(([, link]) => link ?? [])
      .filter((link) => link.includes('-'));
    expect(files).toHaveLength(3);
    for (const file of files) {
      expect(file).toMatch(new RegExp(`^${page}/\\w+-[A-Z0-9]{8}\\.(js|css|svg)$`));
      const answer = await get(`GET /${page}/{file}`, file.split('/')[1]);
      expect(answer).toMatchObject({ statusCode: 200, headers: { 'content-encoding': 'br' }, isBase64Encoded: true });
    }
    expect((await get(`GET /${page}/{file}`, 'main.js')).statusCode).toBe(404);
  });

  test('are served without the console if CONSOLE_ENABLED is false', async () => {
    vi.resetModules();
    vi.stubEnv('CONSOLE_ENABLED', 'false');
    expect((await get('GET /console')).statusCode).toBe(404);
    expect((await get('GET /docs')).statusCode).toBe(200);
    vi.stubEnv('CONSOLE_ENABLED', 'true');
    vi.resetModules();
  });
});

describe('with PARTICIPANTS_INTEGRATION_DISABLED', () => {
  beforeAll(() => {
    vi.resetModules();
    vi.stubEnv('PARTICIPANTS_INTEGRATION_DISABLED', 'true');
  });

  test('lists come from DynamoDB; refreshes and admin routes get 503; nothing is enqueued', async () => {
    const before = simulator.stats().total;
    const id = await chat({ university_id: 55 });
    expect((await call('http-list-chats', { headers: curator(55) })).body.data).toMatchObject([{ id }]);
    const refusing = ['http-refresh-participants', 'http-start-full-update', 'http-validate-participants'];
    for (const name of refusing) {
      expect(await call(name, name === refusing[0] ? at(id) : {})).toMatchObject(problem(503, 'integration_disabled'));
    }
    await take('UPDATES');
    for (const name of ['schedule-plan-stale', 'schedule-plan-full', 'schedule-check-subscription']) await invoke(name);
    expect((await take('BULK_REFRESHES')).Records).toEqual([]);
    expect((await call('http-health')).body.dependencies).toMatchObject({
      ...{ redis: { state: 'disabled' }, max: { state: 'disabled' }, dynamodb: { state: 'ok' } },
    });
    expect(await call('http-delete-chat', at(id))).toMatchObject({ status: 204 });
    expect(simulator.stats().total).toBe(before);
  });
});
