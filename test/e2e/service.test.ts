import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ON_EMULATOR, OWN, startTarget, type Target } from './target.ts';

const CHATS = 300;

let target: Target;

beforeAll(async () => {
  target = await startTarget(CHATS);
});
afterAll(() => target?.stop());

interface Chat {
  readonly id: number;
  readonly name: string;
  readonly university_id: number | null;
  readonly max_chat_id: string | null;
  readonly participants_count: number | null;
  readonly participants_stale: boolean;
  readonly participants_source: string;
}

interface Answer<B = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: B;
  readonly ms: number;
}

type Who = keyof Target['tokens'] | 'nobody';

async function call<B = Record<string, unknown>>(
  method: string,
  path: string,
  { as = 'superadmin', body, headers }: { as?: Who; body?: unknown; headers?: Record<string, string> } = {},
): Promise<Answer<B>> {
  const startedAt = performance.now();
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
    body: (text === '' ? {} : JSON.parse(text)) as B,
    ms: performance.now() - startedAt,
  };
}

interface Page {
  readonly data: Chat[];
  readonly total: number | null;
  readonly next_cursor: string | null;
}

async function listAll(query: string, as: Who = 'superadmin'): Promise<Chat[]> {
  const chats: Chat[] = [];
  let cursor: string | null = null;
  do {
    const page: Answer<Page> = await call('GET', `/chats/all?${query}${cursor ? `&cursor=${cursor}` : ''}`, { as });
    expect(page.status).toBe(200);
    chats.push(...page.body.data);
    cursor = page.body.next_cursor;
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
    'answers at once with what is known, and has the rest read',
    async () => {
      expect((await listAll('limit=100')).some((chat) => chat.participants_count === null)).toBe(true);
      const read = async () => (await listAll('limit=100')).every((chat) => chat.participants_count !== null);
      await until('every count was read', read, 90_000);
    },
    120_000,
  );

  it('lists every chat once in every sort and order, for all and for one university', async () => {
    // Where counts move while the pages are read, a listing by count may have a chat twice or not at all.
    for (const sort of ['id', 'name', 'created_at', 'updated_at', ...(OWN ? ['participants_count'] : [])]) {
      for (const order of ['asc', 'desc']) {
        const chats = await listAll(`limit=100&sort_by=${sort}&sort_order=${order}`);
        expect(new Set(chats.map((chat) => chat.id)).size).toBe(target.chats);
        expect(chats).toHaveLength(target.chats);
      }
    }
    const own = await listAll('limit=100', 'curator');
    expect(own.length).toBeGreaterThan(0);
    expect(own.every((chat) => chat.university_id === target.universityId)).toBe(true);
    const { total } = (await call<Page>('GET', '/chats/all?limit=1', { as: 'curator' })).body;
    expect(total).toBe(own.length);
  });

  it.runIf(OWN)('finds chats by the beginnings of their words', async () => {
    const found = await listAll(`limit=100&search=${encodeURIComponent('ГРУП ивт')}`);
    expect(found.length).toBeGreaterThan(0);
    const all = await listAll('limit=100');
    const expected = all.filter((chat) => /(^|[^\p{L}])груп/iu.test(chat.name) && /(^|[^\p{L}])ивт/iu.test(chat.name));
    expect(found.map((chat) => chat.id)).toEqual(expected.map((chat) => chat.id));
  });
});

describe('who is asking', () => {
  it('denies who brings no token, and tokens that are torn, tampered with, or of another issuer', async () => {
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
        const denied = await call(method, path, { as: 'nobody', headers: { authorization } });
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
  ])('%s %s → %i', async (method, path, status, options) => {
    const answer = await call(method, path, options);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.body).toMatchObject({ status, request_id: expect.any(String), title: expect.any(String) });
    if (status === 400)
      expect(answer.body.errors).toContainEqual(expect.objectContaining({ field: expect.any(String) }));
    if (status === 405) expect(answer.headers.get('allow')).toMatch(/[A-Z]+/);
    expect(JSON.stringify(answer.body)).not.toMatch(/node_modules|\.ts|at .*\(/);
  });

  it('takes a cursor only for the listing it comes from', async () => {
    const { next_cursor } = (await call<Page>('GET', '/chats/all?limit=5&sort_by=name')).body;
    for (const other of ['sort_by=id', 'sort_by=name&sort_order=desc', 'sort_by=name&search=a']) {
      expect((await call('GET', `/chats/all?limit=5&${other}&cursor=${next_cursor}`)).status).toBe(400);
    }
    expect((await call('GET', `/chats/all?sort_by=name&cursor=${next_cursor}`, { as: 'curator' })).status).toBe(400);
    expect((await call('GET', `/chats/all?sort_by=name&cursor=${next_cursor}`)).status).toBe(200);
  });
});

describe('writing', () => {
  it('creates, changes and removes a chat, with max_chat_id unique', async () => {
    const created = await call<Chat>('POST', '/chats', {
      as: 'curator',
      body: { name: 'Ёлка', max_chat_id: '-9000000000000001', department: 'Деканат' },
    });
    expect(created.status).toBe(201);
    expect(created.body).toMatchObject({
      university_id: target.universityId,
      participants_count: null,
      participants_stale: true,
    });
    const { id } = created.body;
    const again = await call('POST', '/chats', { body: { name: 'x', max_chat_id: '-9000000000000001' } });
    expect(again).toMatchObject({ status: 409, body: { chat_id: id } });
    expect((await listAll(`search=${encodeURIComponent('елк')}`)).map((chat) => chat.id)).toEqual([id]);
    const changed = await call<Chat>('PATCH', `/chats/${id}`, { as: 'curator', body: { name: 'Сосна' } });
    expect(changed).toMatchObject({ status: 200, body: { name: 'Сосна' } });
    expect(await listAll(`search=${encodeURIComponent('елк')}`)).toEqual([]);
    expect(
      (await call('PATCH', `/chats/${id}`, { as: 'curator', body: { university_id: target.universityId + 1 } })).status,
    ).toBe(403);
    expect((await call('DELETE', `/chats/${id}`, { as: 'curator' })).status).toBe(204);
    expect((await call('GET', `/chats/${id}`)).status).toBe(404);
  });

  it('keeps curators and operators to their university on every single-chat route', async ({ skip }) => {
    const foreign = (await listAll('limit=100')).find((chat) => chat.university_id !== target.universityId);
    if (!foreign) return skip('there is one university only');
    const path = `/chats/${foreign.id}`;
    for (const as of ['curator', 'operator'] as const) {
      expect((await call('GET', path, { as })).status).toBe(403);
      expect((await call('POST', `${path}/refresh-participants`, { as })).status).toBe(403);
      expect((await call('PATCH', path, { as, body: { name: 'x' } })).status).toBe(403);
      expect((await call('DELETE', path, { as })).status).toBe(403);
    }
  });
});

describe('counts from MAX', () => {
  it('brings every count up to date in a full update, within the quota, while people refresh', async () => {
    const [one] = (await listAll('limit=100')).filter((chat) => chat.max_chat_id !== null);
    const started = await call<{ run_id: string; status_url: string }>('POST', '/admin/participants/full-update');
    expect(started.status).toBe(202);
    const second = await call('POST', '/admin/participants/full-update');
    expect(second).toMatchObject({ status: 409, body: { run: { run_id: started.body.run_id } } });
    const waits: number[] = [];
    await until(
      'the full update finished',
      async () => {
        const refreshed = await call('POST', `/chats/${one?.id}/refresh-participants`);
        expect(refreshed.body).toMatchObject({ status: 'updated', source: 'api', chat_id: one?.id });
        waits.push(refreshed.ms);
        return (await call('GET', started.body.status_url)).body.status === 'finished';
      },
      90_000,
    );
    const run = (await call('GET', started.body.status_url)).body;
    expect(run).toMatchObject({ total: target.chats, done: target.chats, failed: 0, eta_seconds: null });

    const chats = await listAll('limit=100');
    expect(chats.every((chat) => chat.participants_source === 'cache' && !chat.participants_stale)).toBe(true);
    if (!OWN) return;
    const real = await truth();
    for (const chat of chats)
      expect(chat.participants_count).toBe(real.get(chat.max_chat_id ?? '')?.participants_count);
    expect((await stats()).max_in_any_1000ms).toBeLessThanOrEqual(30);
    // The median, as the machine of a test is shared.
    expect(waits.sort((a, b) => a - b)[Math.floor(waits.length / 2)]).toBeLessThan(ON_EMULATOR ? 3_000 : 500);
  }, 180_000);

  it.runIf(OWN)(
    'validates without changing anything',
    async () => {
      const [drifted] = (await call<Page>('GET', '/chats/all?limit=1')).body.data as [Chat];
      const setTo = (drifted.participants_count ?? 0) + 7;
      await control(`/chats/${drifted.max_chat_id}`, { count: setTo });
      const report = await call('GET', `/admin/participants/validate?sample_size=${target.chats}`);
      expect(report.body).toMatchObject({ checked: target.chats, mismatched: 1, max_drift: 7 });
      expect((await call<Chat>('GET', `/chats/${drifted.id}`)).body.participants_count).toBe(
        drifted.participants_count,
      );
      const refreshed = await call('POST', `/chats/${drifted.id}/refresh-participants`);
      expect(refreshed.body).toMatchObject({ status: 'updated', participants_count: setTo });
    },
    60_000,
  );

  it.runIf(OWN)('says that a chat is gone, and why MAX could not be asked, with the last known count', async () => {
    const [gone, broken] = (await listAll('limit=100')).slice(10) as [Chat, Chat];
    await control(`/chats/${gone.max_chat_id}`, { gone: 'not_found' });
    const answer = await call('POST', `/chats/${gone.id}/refresh-participants`);
    expect(answer).toMatchObject({
      status: 409,
      body: { chat_status: 'gone', last_known: { participants_count: gone.participants_count } },
    });
    await control('/switches', { errors: { negative_count: 1 } }, 'PATCH');
    const refused = await call('POST', `/chats/${broken.id}/refresh-participants`);
    expect(refused).toMatchObject({ status: 503, body: { reason: 'server' } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    await control('/switches', { errors: { negative_count: 0 } }, 'PATCH');
    expect((await call<Chat>('GET', `/chats/${broken.id}`)).body.participants_count).toBe(broken.participants_count);
    expect((await call('POST', `/chats/${broken.id}/refresh-participants`)).status).toBe(200);
  });
});

describe('a queue', () => {
  it('delivers again just the messages of a batch that failed', async ({ skip }) => {
    if (!target.queue) return skip('its queues can not be reached from here');
    const queue = await target.queue('express-refreshes');
    const [first, second] = (await listAll('limit=100')).slice(20) as [Chat, Chat];
    const message = ({ id }: Chat) => JSON.stringify({ ids: [id], requested_at: Date.now() });
    const { counts } = await changed([first, second]);
    await queue.send([message(first), 'not a message', message(second)]);
    await until(
      'both good messages were worked off, and the bad one is waited for',
      async () => {
        const chats = await Promise.all([first, second].map(({ id }) => call<Chat>('GET', `/chats/${id}`)));
        const read = chats.every(({ body }, i) => body.participants_count === counts[i]);
        const { waiting, inFlight } = await queue.depth();
        return read && waiting === 0 && inFlight === 1;
      },
      30_000,
    );
  }, 60_000);

  /** Makes the simulated MAX count one more. */
  async function changed(chats: readonly Chat[]): Promise<{ counts: number[] }> {
    const counts = chats.map((chat) => (chat.participants_count ?? 0) + 1);
    for (const [i, chat] of chats.entries()) await control(`/chats/${chat.max_chat_id}`, { count: counts[i] });
    return { counts };
  }
});

describe('without Redis', () => {
  it('answers lists from DynamoDB promptly, keeps the quota, and uses Redis again when it is back', async ({
    skip,
  }) => {
    const { redis } = target;
    if (!redis) return skip('Redis can not be taken away here');
    await redis.kill();
    for (let i = 0; i < 5; i += 1) {
      const page = await call<Page>('GET', '/chats/all?limit=100');
      expect(page.status).toBe(200);
      expect(page.body.data.every((chat) => chat.participants_source === 'database')).toBe(true);
      expect(page.body.data.some((chat) => chat.participants_count !== null)).toBe(true);
      expect(page.ms).toBeLessThan(2_000);
    }
    expect((await call('GET', '/health')).body).toMatchObject({
      status: 'degraded',
      dependencies: { redis: { state: 'down' } },
    });
    // Without the shared limiter only the workers have a share of the quota.
    const refused = await call('POST', '/chats/2/refresh-participants');
    expect(refused).toMatchObject({ status: 503, body: { reason: 'no_limiter', last_known: expect.any(Object) } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    await redis.start();
    await until(
      'a page came from the cache again',
      async () => {
        const page = await call<Page>('GET', '/chats/all?limit=5');
        return page.body.data.every((chat) => chat.participants_source === 'cache');
      },
      15_000,
    );
    expect((await stats()).max_in_any_1000ms).toBeLessThanOrEqual(30);
  }, 60_000);
});
