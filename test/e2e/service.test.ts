import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Chat, ListQuery } from './client.ts';
import { ON_EMULATOR, OWN, startTarget, type Target, type Who } from './target.ts';

const CHATS = 300;

let target: Target;

beforeAll(async () => {
  target = await startTarget(CHATS);
});
afterAll(() => target?.stop());

const api = (as: Who = 'superadmin') => target.api(as);
const chat = (id: number) => ({ params: { path: { id } } });
const page = (query: ListQuery) => ({ params: { query } });

/** Sends a request that the document does not describe, or whose response the generated client would hide. */
async function send(
  method: string,
  path: string,
  { as = 'superadmin', body, headers }: { as?: Who; body?: unknown; headers?: Record<string, string> } = {},
) {
  const response = await fetch(`${target.url}${path}`, {
    method,
    headers: {
      ...(as === 'nobody' ? {} : { authorization: `Bearer ${target.tokens[as]}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>,
  };
}

/** Returns the response and its duration, ms. */
async function timed<T>(request: Promise<T>): Promise<[T, number]> {
  const startedAt = performance.now();
  return [await request, performance.now() - startedAt];
}

async function listAll(listing: ListQuery, as: Who = 'superadmin'): Promise<Chat[]> {
  const chats: Chat[] = [];
  let cursor: string | null = null;
  do {
    const query: ListQuery = { ...listing, limit: 100, ...(cursor && { cursor }) };
    const found = (await api(as).GET('/chats/all', page(query))).data;
    if (!found) throw new Error('there is no page');
    chats.push(...found.data);
    cursor = found.next_cursor;
  } while (cursor);
  return chats;
}

const control = (path: string, body?: unknown, method = 'POST') =>
  fetch(new URL(path, target.maxControl), {
    ...(body === undefined ? {} : { method, body: JSON.stringify(body) }),
    headers: { 'content-type': 'application/json' },
  });

async function truth(): Promise<Map<string, { participants_count: number; gone: string | null }>> {
  const response = await control('/chats?limit=10000');
  const { chats } = (await response.json()) as {
    chats: { chat_id: string; participants_count: number; gone: string | null }[];
  };
  return new Map(chats.map((chat) => [chat.chat_id, chat]));
}

const stats = async () => (await (await control('/stats')).json()) as { max_in_any_1000ms: number; total: number };

async function until(what: string, done: () => Promise<boolean>, ms: number): Promise<void> {
  for (const end = Date.now() + ms; Date.now() < end; ) {
    if (await done()) return;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  throw new Error(`not in ${ms} ms: ${what}`);
}

describe('reading', () => {
  it.runIf(OWN)(
    'responds at once with known counts, and requests the others',
    async () => {
      expect((await listAll({})).some((chat) => chat.participants_count === null)).toBe(true);
      const read = async () => (await listAll({})).every((chat) => chat.participants_count !== null);
      await until('every count was read', read, 90_000);
    },
    120_000,
  );

  it('lists every chat once in every order, for all universities and for one', async () => {
    // If counts change while the pages are read, a listing by count may contain a chat twice or not at all.
    const sorts = [
      'id',
      'name',
      'created_at',
      'updated_at',
      ...(OWN ? (['participants_count'] as const) : []),
    ] as const;
    for (const sort_by of sorts) {
      for (const sort_order of ['asc', 'desc'] as const) {
        const chats = await listAll({ sort_by, sort_order });
        expect(new Set(chats.map((chat) => chat.id)).size).toBe(target.chats);
        expect(chats).toHaveLength(target.chats);
      }
    }
    const own = await listAll({}, 'curator');
    expect(own.length).toBeGreaterThan(0);
    expect(own.every((chat) => chat.university_id === target.universityId)).toBe(true);
    const { data } = await api('curator').GET('/chats/all', page({ limit: 1 }));
    expect(data?.total).toBe(own.length);
  });

  it.runIf(OWN)('finds chats by prefixes of their words', async () => {
    const found = await listAll({ search: 'ГРУП ивт' });
    expect(found.length).toBeGreaterThan(0);
    const all = await listAll({});
    const expected = all.filter((chat) => /(^|[^\p{L}])груп/iu.test(chat.name) && /(^|[^\p{L}])ивт/iu.test(chat.name));
    expect(found.map((chat) => chat.id)).toEqual(expected.map((chat) => chat.id));
  });

  it.runIf(OWN)('filters by any conditions together, with exact totals, and counts them', async () => {
    const all = await listAll({});
    const department = all.find((chat) => /^Группа/.test(chat.name))?.department ?? '';
    const query = {
      search: 'группа',
      department: department.toUpperCase(),
      status: ['active', 'gone'] as ('active' | 'gone')[],
    };
    const expected = all.filter(
      (chat) =>
        chat.department === department &&
        /(^|[^\p{L}])группа/iu.test(`${chat.name} ${chat.department}`) &&
        ['active', 'gone'].includes(chat.status),
    );
    const idsOf = (chats: readonly Chat[]) => chats.map((chat) => chat.id).sort((a, b) => a - b);
    expect(expected.length).toBeGreaterThan(0);
    for (const sort_by of ['id', 'name'] as const) {
      expect(idsOf(await listAll({ ...query, sort_by }))).toEqual(idsOf(expected));
      expect((await api().GET('/chats/all', page({ ...query, sort_by, limit: 1 }))).data?.total).toBe(expected.length);
    }
    const { data: facets } = await api().GET('/chats/facets', { params: { query } });
    expect(facets?.total).toBe(expected.length);
    expect(facets?.department).toEqual([{ value: department, chats: expected.length }]);
    expect(facets?.status.reduce((sum, { chats }) => sum + chats, 0)).toBe(expected.length);
    const foreign = { params: { query: { university_id: target.universityId + 1 } } };
    expect((await api('curator').GET('/chats/facets', foreign)).response.status).toBe(403);
    const [one] = expected;
    expect(idsOf(await listAll({ search: one?.max_chat_id ?? '' }))).toEqual([one?.id]);
  });
});

describe('authentication', () => {
  it('refuses callers without a token, and tokens that are cut, tampered with, or from another issuer', async () => {
    const [head, , signature] = target.tokens.operator.split('.');
    const claims = Buffer.from(JSON.stringify({ role: 'superadmin', sub: 'e2e', exp: 9_999_999_999 }));
    const refused = [
      '',
      'Bearer',
      'Bearer a.b.c',
      `Basic ${target.tokens.superadmin}`,
      `Bearer ${head}.${claims.toString('base64url')}.${signature}`,
      `Bearer ${target.tokens.superadmin.slice(0, -6)}AAAAAA`,
    ];
    for (const authorization of refused) {
      for (const [method, path] of [
        ['GET', '/chats/all'],
        ['POST', '/admin/participants/full-update'],
      ] as const) {
        const denied = await send(method, path, { as: 'nobody', headers: { authorization } });
        expect(denied).toMatchObject({ status: 401, body: { status: 401, request_id: expect.any(String) } });
        expect(denied.headers.get('www-authenticate')).toBe('Bearer');
      }
    }
  });
});

describe('bad input', () => {
  const ID20 = '12345678901234567890';
  it.each<[string, string, number, { as?: Who; body?: unknown; headers?: Record<string, string> }?]>([
    ...['0', '-1', '101', '1e9', 'abc', '', '1.5'].map(
      (limit) => ['GET', `/chats/all?limit=${limit}`, 400] as [string, string, number],
    ),
    ['GET', '/chats/all?sort_by=size', 400],
    ['GET', '/chats/all?sort_order=up', 400],
    ['GET', '/chats/all?cursor=torn', 400],
    ['GET', '/chats/all?offset=5', 400],
    ...['0', '-1', '1.5', ID20, 'abc', '%00'].map((id) => ['GET', `/chats/${id}`, 400] as [string, string, number]),
    ['GET', '/chats/999999', 404],
    ['POST', '/chats/999999/refresh-participants', 404],
    ['GET', '/nowhere', 404],
    ['PUT', '/chats/1', 405],
    ['DELETE', '/health', 405],
    ['PATCH', '/chats/all', 405],
    ['DELETE', '/chats/all', 405],
    ['GET', '/chats/all', 401, { as: 'nobody' }],
    ['GET', '/chats/all', 401, { as: 'nobody', headers: { authorization: 'Bearer a.b.c' } }],
    ['POST', '/chats', 403, { as: 'operator', body: { name: 'Чат' } }],
    ['POST', '/chats', 403, { as: 'curator', body: { name: 'Чат', university_id: 2 } }],
    ['POST', '/admin/participants/full-update', 403, { as: 'curator' }],
    ['POST', '/chats', 415, { body: '{"name":"x"}', headers: { 'content-type': 'text/plain' } }],
    ['POST', '/chats', 400, { body: 'not json' }],
    ['POST', '/chats', 400, { body: '[]' }],
    ['POST', '/chats', 400, { body: 'null' }],
    ['POST', '/chats', 400, { body: { name: '' } }],
    ['POST', '/chats', 400, { body: { name: 'x', colour: 'red' } }],
    ['POST', '/chats', 400, { body: { name: 'x', max_chat_id: 5 } }],
    ['POST', '/chats', 400, { body: { name: 'x', max_chat_id: '9223372036854775808' } }],
    ['POST', '/chats', 413, { body: { name: 'x'.repeat(300_000) } }],
    ['PATCH', '/chats/1', 400, { body: {} }],
    ['GET', '/admin/participants/validate?sample_size=501', 400],
    ['GET', '/admin/participants/full-update/x', 400],
    ['GET', '/admin/participants/full-update?limit=51', 400],
    ['GET', '/admin/participants/full-update', 403, { as: 'curator' }],
  ])('%s %s → %i', async (method, path, status, options) => {
    const answer = await send(method, path, options);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.body).toMatchObject({ status, request_id: expect.any(String), title: expect.any(String) });
    if (status === 400)
      expect(answer.body.errors).toContainEqual(expect.objectContaining({ field: expect.any(String) }));
    if (status === 405) expect(answer.headers.get('allow')).toMatch(/[A-Z]+/);
    expect(JSON.stringify(answer.body)).not.toMatch(/node_modules|\.ts|at .*\(/);
  });

  it('accepts a cursor only for the listing that it comes from', async () => {
    const { data } = await api().GET('/chats/all', page({ limit: 5, sort_by: 'name' }));
    const cursor = data?.next_cursor ?? '';
    const statusOf = async (query: ListQuery, as?: Who) =>
      (await api(as).GET('/chats/all', page({ ...query, cursor }))).response.status;
    for (const other of [
      { sort_by: 'id' },
      { sort_by: 'name', sort_order: 'desc' },
      { sort_by: 'name', search: 'a' },
    ] as const) {
      expect(await statusOf({ limit: 5, ...other })).toBe(400);
    }
    expect(await statusOf({ sort_by: 'name' }, 'curator')).toBe(400);
    expect(await statusOf({ sort_by: 'name' })).toBe(200);
  });
});

describe('writing', () => {
  it('creates, changes and deletes a chat; max_chat_id is unique', async () => {
    const created = await api('curator').POST('/chats', {
      body: { name: 'Ёлка', max_chat_id: '-9000000000000001', department: 'Деканат' },
    });
    expect(created.response.status).toBe(201);
    expect(created.data).toMatchObject({
      university_id: target.universityId,
      participants_count: null,
      participants_stale: true,
    });
    const id = created.data?.id ?? 0;
    const again = await api().POST('/chats', { body: { name: 'x', max_chat_id: '-9000000000000001' } });
    expect(again).toMatchObject({ error: { status: 409, chat_id: id } });
    expect((await listAll({ search: 'елк' })).map((found) => found.id)).toEqual([id]);
    const changed = await api('curator').PATCH('/chats/{id}', { ...chat(id), body: { name: 'Сосна' } });
    expect(changed).toMatchObject({ response: { status: 200 }, data: { name: 'Сосна' } });
    expect(await listAll({ search: 'елк' })).toEqual([]);
    const moved = { ...chat(id), body: { university_id: target.universityId + 1 } };
    expect((await api('curator').PATCH('/chats/{id}', moved)).response.status).toBe(403);
    expect((await api('curator').DELETE('/chats/{id}', chat(id))).response.status).toBe(204);
    expect((await api().GET('/chats/{id}', chat(id))).response.status).toBe(404);
  });

  it('restricts curators and operators to their university on every route of a single chat', async ({ skip }) => {
    const foreign = (await listAll({})).find((chat) => chat.university_id !== target.universityId);
    if (!foreign) return skip('there is one university only');
    const its = chat(foreign.id);
    for (const as of ['curator', 'operator'] as const) {
      expect((await api(as).GET('/chats/{id}', its)).response.status).toBe(403);
      expect((await api(as).POST('/chats/{id}/refresh-participants', its)).response.status).toBe(403);
      expect((await api(as).PATCH('/chats/{id}', { ...its, body: { name: 'x' } })).response.status).toBe(403);
      expect((await api(as).DELETE('/chats/{id}', its)).response.status).toBe(403);
    }
  });
});

describe('counts from MAX', () => {
  it('refreshes all counts in a full update, within the quota, while users refresh chats', async () => {
    const [one] = (await listAll({})).filter((chat) => chat.max_chat_id !== null);
    const started = await api().POST('/admin/participants/full-update');
    expect(started.response.status).toBe(202);
    const run_id = started.data?.run_id ?? '';
    expect(started.data?.status_url).toBe(`/admin/participants/full-update/${run_id}`);
    const progress = async () =>
      (await api().GET('/admin/participants/full-update/{run_id}', { params: { path: { run_id } } })).data;
    const second = await api().POST('/admin/participants/full-update');
    expect(second).toMatchObject({ error: { status: 409, run: { run_id } } });
    const waits: number[] = [];
    await until(
      'the full update finished',
      async () => {
        const [refreshed, ms] = await timed(api().POST('/chats/{id}/refresh-participants', chat(one?.id ?? 0)));
        expect(refreshed.data).toMatchObject({ status: 'updated', source: 'api', chat_id: one?.id });
        waits.push(ms);
        return (await progress())?.status === 'finished';
      },
      90_000,
    );
    expect(await progress()).toMatchObject({ total: target.chats, done: target.chats, failed: 0, eta_seconds: null });
    const listed = await api().GET('/admin/participants/full-update', { params: { query: { limit: 1 } } });
    expect(listed.data).toEqual({ data: [await progress()] });

    const chats = await listAll({});
    expect(chats.every((chat) => chat.participants_source === 'cache' && !chat.participants_stale)).toBe(true);
    if (!OWN) return;
    const real = await truth();
    for (const chat of chats)
      expect(chat.participants_count).toBe(real.get(chat.max_chat_id ?? '')?.participants_count);
    expect((await stats()).max_in_any_1000ms).toBeLessThanOrEqual(30);
    // The median, because other processes use the test machine too.
    expect(waits.sort((a, b) => a - b)[Math.floor(waits.length / 2)]).toBeLessThan(ON_EMULATOR ? 3_000 : 500);
  }, 180_000);

  it.runIf(OWN)(
    'validates without changing anything',
    async () => {
      const [drifted] = (await listAll({})) as [Chat, ...Chat[]];
      const setTo = (drifted.participants_count ?? 0) + 7;
      await control(`/chats/${drifted.max_chat_id}`, { count: setTo });
      const sample = { params: { query: { sample_size: target.chats } } };
      const report = await api().GET('/admin/participants/validate', sample);
      expect(report.data).toMatchObject({ checked: target.chats, mismatched: 1, max_drift: 7 });
      expect((await api().GET('/chats/{id}', chat(drifted.id))).data?.participants_count).toBe(
        drifted.participants_count,
      );
      const refreshed = await api().POST('/chats/{id}/refresh-participants', chat(drifted.id));
      expect(refreshed.data).toMatchObject({ status: 'updated', participants_count: setTo });
    },
    60_000,
  );

  it.runIf(OWN)('reports that a chat is gone, or why MAX could not be reached, with the last known count', async () => {
    const [gone, broken] = (await listAll({})).slice(10) as [Chat, Chat];
    await control(`/chats/${gone.max_chat_id}`, { gone: 'not_found' });
    const answer = await api().POST('/chats/{id}/refresh-participants', chat(gone.id));
    expect(answer.error).toMatchObject({
      ...{ status: 409, chat_status: 'gone' },
      last_known: { participants_count: gone.participants_count },
    });
    await control('/switches', { errors: { negative_count: 1 } }, 'PATCH');
    const refused = await api().POST('/chats/{id}/refresh-participants', chat(broken.id));
    expect(refused.error).toMatchObject({ status: 503, reason: 'server' });
    expect(Number(refused.response.headers.get('retry-after'))).toBeGreaterThan(0);
    await control('/switches', { errors: { negative_count: 0 } }, 'PATCH');
    const { data } = await api().GET('/chats/{id}', chat(broken.id));
    expect(data?.participants_count).toBe(broken.participants_count);
    const read = await api().POST('/chats/{id}/refresh-participants', chat(broken.id));
    expect(read.response.status).toBe(200);
  });
});

describe('a queue', () => {
  it('delivers only the failed messages of a batch again', async ({ skip }) => {
    if (!target.queue) return skip('its queues can not be reached from here');
    const queue = await target.queue('express-refreshes');
    const [first, second] = (await listAll({})).slice(20) as [Chat, Chat];
    const message = ({ id }: Chat) => JSON.stringify({ ids: [id], requested_at: Date.now() });
    const { counts } = await changed([first, second]);
    await queue.send([message(first), 'not a message', message(second)]);
    await until(
      'both good messages were worked off, and the bad one is waited for',
      async () => {
        const chats = await Promise.all([first, second].map(({ id }) => api().GET('/chats/{id}', chat(id))));
        const read = chats.every(({ data }, i) => data?.participants_count === counts[i]);
        const { waiting, inFlight } = await queue.depth();
        return read && waiting === 0 && inFlight === 1;
      },
      30_000,
    );
  }, 60_000);

  /** Increases the count of a chat in the simulated MAX by one. */
  async function changed(chats: readonly Chat[]): Promise<{ counts: number[] }> {
    const counts = chats.map((chat) => (chat.participants_count ?? 0) + 1);
    for (const [i, chat] of chats.entries()) await control(`/chats/${chat.max_chat_id}`, { count: counts[i] });
    return { counts };
  }
});

describe('without Redis', () => {
  it('serves lists from DynamoDB promptly, keeps the quota, and uses Redis again when it is back', async ({ skip }) => {
    const { redis } = target;
    if (!redis) return skip('Redis can not be taken away here');
    await redis.kill();
    for (let i = 0; i < 5; i += 1) {
      const [{ data, response }, ms] = await timed(api().GET('/chats/all', page({ limit: 100 })));
      expect(response.status).toBe(200);
      expect(data?.data.every((chat) => chat.participants_source === 'database')).toBe(true);
      expect(data?.data.some((chat) => chat.participants_count !== null)).toBe(true);
      expect(ms).toBeLessThan(2_000);
    }
    expect((await api('nobody').GET('/health')).data).toMatchObject({
      status: 'degraded',
      dependencies: { redis: { state: 'down' } },
    });
    // Without the shared limiter, only the workers have a share of the quota.
    const refused = await api().POST('/chats/{id}/refresh-participants', chat(2));
    expect(refused.error).toMatchObject({ status: 503, reason: 'no_limiter', last_known: expect.any(Object) });
    expect(Number(refused.response.headers.get('retry-after'))).toBeGreaterThan(0);
    await redis.start();
    await until(
      'a page came from the cache again',
      async () => {
        const { data } = await api().GET('/chats/all', page({ limit: 5 }));
        return data?.data.every((chat) => chat.participants_source === 'cache') ?? false;
      },
      15_000,
    );
    expect((await stats()).max_in_any_1000ms).toBeLessThanOrEqual(30);
  }, 60_000);
});
