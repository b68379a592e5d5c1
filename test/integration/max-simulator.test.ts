import { spawn } from 'node:child_process';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type SimulatorOptions, startSimulator } from '../../localstack/max/server.ts';
import type { Simulator } from '../../localstack/max/simulator.ts';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(options: SimulatorOptions = {}) {
  const simulator = await startSimulator({
    ...{ chats: 50, drift: 0, goneRate: 0, rps: 10_000, switches: { latency_ms: 0, jitter_ms: 0 } },
    ...options,
  });
  cleanups.push(simulator.close);
  const call = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(simulator.url + path, { headers: { authorization: simulator.token }, ...init });
    return { status: response.status, headers: response.headers, body: await json(response) };
  };
  const control = async (method: string, path: string, body?: unknown) => {
    const init = body === undefined ? { method } : { method, body: JSON.stringify(body) };
    const response = await fetch(simulator.controlUrl + path, init);
    return { status: response.status, body: await json(response) };
  };
  return { simulator, call, control, id: groupOf(simulator) };
}

// biome-ignore lint/suspicious/noExplicitAny: a test reads any JSON
type Json = any;

async function json(response: Response): Promise<Json> {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** A group in which MAX sends all events to the bot. */
function groupOf({ world }: Simulator): string {
  for (const chat of world.truths(0, world.size)) {
    if (chat.type === 'chat' && chat.bot === 'reader') return chat.chat_id;
  }
  throw new Error('no group');
}

interface Delivery {
  readonly path: string | undefined;
  readonly secret: string | undefined;
  readonly update: Json;
}

/** Starts a webhook. `status` returns the status for its n-th delivery, counted from 0; for 0 it never responds. */
async function receiver(status: (n: number) => number = () => 200) {
  const deliveries: Delivery[] = [];
  const server = http.createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const secret = request.headers['x-max-bot-api-secret'];
    deliveries.push({
      path: request.url,
      secret: secret?.toString(),
      update: JSON.parse(Buffer.concat(chunks).toString()),
    });
    const answer = status(deliveries.length - 1);
    if (answer !== 0) response.writeHead(answer).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks/max`, deliveries };
}

const subscribe = (body: Record<string, unknown>) => ({ method: 'POST', body: JSON.stringify(body) });

describe('the API', () => {
  it('returns a chat, the membership, and errors for gone and unknown chats', async () => {
    const { simulator, call, control, id } = await start();
    const truth = simulator.world.truth(id);
    expect(await call(`/chats/${id}`)).toMatchObject({
      status: 200,
      body: { chat_id: Number(id), type: 'chat', status: 'active', participants_count: truth?.participants_count },
    });
    expect(await call(`/chats/${id}/members/me`)).toMatchObject({
      status: 200,
      body: { is_admin: true, is_owner: false, permissions: expect.arrayContaining(['read_all_messages']) },
    });
    const missing = { status: 404, body: { code: 'chat.not.found', message: expect.any(String) } };
    expect(await call('/chats/-5')).toMatchObject(missing);
    for (const path of ['/chats', '/chats?count=50', '/chats/abc', `/chats/${id}/members`, '/me', '//', '/chats/']) {
      expect(await call(path)).toMatchObject({ status: 404, body: { code: 'method.not.found' } });
    }
    expect(await call(`/chats/${id}`, { method: 'DELETE', headers: { authorization: simulator.token } })).toMatchObject(
      {
        status: 405,
      },
    );
    await control('POST', `/chats/${id}`, { gone: 'denied' });
    expect(await call(`/chats/${id}`)).toMatchObject({ status: 403, body: { code: 'chat.denied' } });
    await control('POST', `/chats/${id}`, { gone: 'not_found' });
    expect(await call(`/chats/${id}/members/me`)).toMatchObject(missing);
    await control('POST', `/chats/${id}`, { gone: 'removed' });
    expect(await call(`/chats/${id}`)).toMatchObject({
      status: 200,
      body: { status: 'removed', participants_count: 0 },
    });
  });

  it('accepts the token only in the header, without a scheme', async () => {
    const { simulator, call, control, id } = await start({ token: 'right' });
    const refused = { status: 401, body: { code: 'verify.token' } };
    for (const authorization of ['wrong', 'Bearer right', '']) {
      expect(await call(`/chats/${id}`, { headers: { authorization } })).toMatchObject(refused);
    }
    expect(await call(`/chats/${id}`, { headers: {} })).toMatchObject(refused);
    expect(await call(`/chats/${id}?access_token=right`, { headers: {} })).toMatchObject(refused);
    expect(await call(`/chats/${id}?access_token=right`)).toMatchObject(refused);
    expect((await call(`/chats/${id}`)).status).toBe(200);
    await control('PATCH', '/switches', { reject_token: true });
    expect(await call(`/chats/${id}`)).toMatchObject(refused);
    expect(simulator.stats().by_status).toEqual({ '200': 1, '401': 7 });
  });

  it('refuses the 31st request in a second, and counts all requests', async () => {
    const { simulator, call, control, id } = await start({ rps: 30 });
    const answers = await Promise.all(Array.from({ length: 32 }, () => call(`/chats/${id}`)));
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(2);
    expect(answers.find(({ status }) => status === 429)?.body).toMatchObject({ code: 'too.many.requests' });
    expect((await control('GET', '/stats')).body).toMatchObject({
      ...{ total: 32, max_in_any_1000ms: 32, by_status: { '200': 30, '429': 2 } },
      ...{ chats_called: 1, most_called: [[id, 32]] },
    });
    expect((await control('GET', `/chats/${id}`)).body).toMatchObject({ chat_id: id, calls: 32 });
    expect((await control('POST', '/stats/reset')).body).toMatchObject({
      total: 0,
      max_in_any_1000ms: 0,
      by_status: {},
    });
    expect(simulator.callsTo(id)).toBe(0);
  });
});

describe('the switches', () => {
  it.each([
    ['429', 429, { code: 'too.many.requests' }],
    ['500', 500, { code: 'internal.error' }],
    ['503', 503, { code: 'service.unavailable' }],
    ['html', 502, expect.stringContaining('<html>')],
    ['non_json', 200, expect.stringMatching(/^\{"chat_id"/)],
    ['missing_count', 200, expect.not.objectContaining({ participants_count: expect.anything() })],
    ['negative_count', 200, { participants_count: -1 }],
  ])('%s', async (fault, status, body) => {
    const { call, control, id } = await start();
    await control('PATCH', '/switches', { errors: { [fault]: 1 }, retry_after_s: 7 });
    const answer = await call(`/chats/${id}`);
    expect(answer.status).toBe(status);
    if (typeof body === 'object' && 'code' in body) expect(answer.body).toMatchObject(body);
    else expect(answer.body).toEqual('participants_count' in body ? expect.objectContaining(body) : body);
    expect(answer.headers.get('retry-after')).toBe(status === 429 || status === 503 ? '7' : null);
  });

  it('make counts and ids invalid', async () => {
    const { call, control, id } = await start();
    await control('PATCH', '/switches', { errors: { fractional_count: 1 } });
    expect((await call(`/chats/${id}`)).body.participants_count % 1).toBe(0.5);
    await control('PATCH', '/switches', { errors: { fractional_count: 0, wrong_chat_id: 1 } });
    expect((await call(`/chats/${id}`)).body.chat_id).toBe(Number(id) + 1);
    // The membership has no count.
    expect((await call(`/chats/${id}/members/me`)).body.is_admin).toBe(true);
  });

  it('reset connections, and leave requests without a response', async () => {
    const { simulator, call, control, id } = await start();
    await control('PATCH', '/switches', { errors: { reset: 1 } });
    await expect(call(`/chats/${id}`)).rejects.toThrow();
    await control('PATCH', '/switches', { errors: { reset: 0, timeout: 1 } });
    const init = { headers: { authorization: simulator.token }, signal: AbortSignal.timeout(100) };
    await expect(call(`/chats/${id}`, init)).rejects.toThrow(/timeout/);
    expect(simulator.stats().by_status).toEqual({ reset: 1, timeout: 1 });
  });

  it('make MAX unavailable until a given time', async () => {
    const clock = { ms: 1_800_000_000_000, now: () => clock.ms };
    const { call, control, id } = await start({ clock });
    await control('PATCH', '/switches', { outage_until: clock.ms + 600_000 });
    clock.ms += 599_999;
    expect((await call(`/chats/${id}`)).status).toBe(503);
    clock.ms += 1;
    expect((await call(`/chats/${id}`)).status).toBe(200);
  });

  it('delay responses', async () => {
    const { call, control, id } = await start();
    await control('PATCH', '/switches', { latency_ms: 150, jitter_ms: 20 });
    const beganMs = performance.now();
    await call(`/chats/${id}`);
    expect(performance.now() - beganMs).toBeGreaterThanOrEqual(129);
  });
});

describe('the control address', () => {
  it('returns pages of actual counts, changes them, and describes invalid requests', async () => {
    const { simulator, control, id } = await start();
    const { body } = await control('GET', '/chats?offset=48&limit=10');
    expect(body).toMatchObject({
      total: 50,
      chats: [{ chat_id: simulator.world.idAt(48) }, { chat_id: simulator.world.idAt(49) }],
    });
    expect((await control('POST', `/chats/${id}`, { count: 77 })).body).toMatchObject({
      participants_count: 77,
      gone: null,
    });
    expect(await control('POST', '/drift', { changes: 3 })).toEqual({ status: 200, body: { changes: 3 } });
    expect(simulator.stats().total).toBe(0);
    for (const [method, path, input] of [
      ['POST', `/chats/${id}`, { count: -1 }],
      ['POST', `/chats/${id}`, { gone: 'lost' }],
      ['PATCH', '/switches', { errors: { '429': 2 } }],
      ['PATCH', '/switches', { errors: { '429': 1, '500': 1 } }],
      ['POST', '/drift', { changes: 0 }],
      ['GET', '/chats?limit=0', undefined],
    ] as const) {
      expect(await control(method, path, input)).toMatchObject({ status: 400, body: { error: expect.any(String) } });
    }
    expect((await control('GET', '/chats/-5')).status).toBe(404);
    expect((await control('GET', '/nothing')).body.error).toContain('GET /stats');
  });
});

describe('webhooks', () => {
  it('sends deliveries to another address if set', async () => {
    const { simulator, call, control, id } = await start({ webhooks: { reorderMs: 0, repeat: 0 } });
    const { deliveries, url } = await receiver();
    const headers = { authorization: simulator.token };
    await call('/subscriptions', { headers, ...subscribe({ url: 'https://api.example/webhooks/max' }) });
    expect((await control('PATCH', '/webhooks', { via: 'ftp://127.0.0.1' })).status).toBe(400);
    const via = `${new URL(url).origin}/_aws/$default`;
    expect(await control('PATCH', '/webhooks', { via })).toEqual({ status: 200, body: { via } });
    await control('POST', `/chats/${id}`, { count: 1_000 });
    await vi.waitFor(() => expect(deliveries).toHaveLength(1));
    expect(deliveries[0]?.path).toBe('/_aws/$default/webhooks/max');
  });

  it('adds subscriptions, replaces the same URL, and lists no secret', async () => {
    const { simulator, call } = await start({ loopbackWebhooks: false });
    const headers = { authorization: simulator.token };
    const first = { url: 'https://one.example/hook', secret: 'secret-1', update_types: ['user_added'] };
    expect((await call('/subscriptions', { headers, ...subscribe(first) })).body).toEqual({ success: true });
    await call('/subscriptions', { headers, ...subscribe({ url: 'https://two.example/hook?a=b' }) });
    await call('/subscriptions', { headers, ...subscribe({ ...first, update_types: null }) });
    const { subscriptions } = (await call('/subscriptions')).body;
    expect(subscriptions).toEqual([
      { url: 'https://two.example/hook?a=b', time: expect.any(Number), update_types: null },
      { url: 'https://one.example/hook', time: expect.any(Number), update_types: null },
    ]);
    const remove = () =>
      call(`/subscriptions?url=${encodeURIComponent('https://two.example/hook?a=b')}`, { headers, method: 'DELETE' });
    expect((await remove()).body).toEqual({ success: true });
    expect((await remove()).body).toMatchObject({ success: false });
    for (const bad of [
      ...[{ url: 'http://127.0.0.1:1/x' }, { url: 'https://one.example:443/x' }, { url: 'https://one.example:8443/x' }],
      ...[
        { url: 'http://one.example/x' },
        { url: 'nonsense' },
        {},
        { ...first, secret: 'four' },
        { ...first, secret: 'a b c d' },
      ],
    ]) {
      expect((await call('/subscriptions', { headers, ...subscribe(bad) })).status).toBe(400);
    }
    expect((await call('/subscriptions')).body.subscriptions).toHaveLength(1);
  });

  it('delivers events with the secret to all subscribers of the type', async () => {
    const { simulator, call, control, id } = await start({ webhooks: { repeat: 0, reorderMs: 0 } });
    const headers = { authorization: simulator.token };
    const [all, some] = await Promise.all([receiver(), receiver()]);
    await call('/subscriptions', { headers, ...subscribe({ url: all.url, secret: 'abc_DEF-1' }) });
    await call('/subscriptions', { headers, ...subscribe({ url: some.url, update_types: ['bot_removed'] }) });
    await control('POST', `/chats/${id}`, { count: 1_000 });
    await vi.waitFor(() => expect(all.deliveries).toHaveLength(1));
    await control('POST', `/chats/${id}`, { gone: 'denied' });
    await vi.waitFor(() => expect(some.deliveries).toHaveLength(1));
    await vi.waitFor(() => expect(all.deliveries).toHaveLength(2));
    expect(all.deliveries[0]).toMatchObject({
      secret: 'abc_DEF-1',
      update: {
        update_type: 'user_added',
        timestamp: expect.any(Number),
        chat_id: Number(id),
        is_channel: false,
        user: { user_id: expect.any(Number), first_name: expect.any(String), is_bot: false },
      },
    });
    expect(some.deliveries[0]).toMatchObject({ secret: undefined, update: { update_type: 'bot_removed' } });
    expect(simulator.stats().webhooks).toMatchObject({ attempts: 3, delivered: 3, waiting: 0 });
  });

  it('sends events of random changes in time', async () => {
    const clock = { ms: 1_800_000_000_000, now: () => clock.ms };
    const { simulator, call } = await start({ clock, drift: 1, webhooks: { repeat: 0, reorderMs: 0 } });
    const { url, deliveries } = await receiver();
    clock.ms += 86_400_000;
    await call('/subscriptions', { headers: { authorization: simulator.token }, ...subscribe({ url }) });
    const subscribedMs = clock.ms;
    clock.ms += 3_600_000 * 4;
    await vi.waitFor(() => expect(deliveries.length).toBeGreaterThan(5), 5_000);
    // Events from before the subscription are not delivered.
    for (const { update } of deliveries) expect(update.timestamp).toBeGreaterThanOrEqual(subscribedMs);
  });

  it('repeats and reorders deliveries', async () => {
    const { simulator, call, control } = await start({ webhooks: { repeat: 1, reorderMs: 50 } });
    const { url, deliveries } = await receiver();
    await call('/subscriptions', { headers: { authorization: simulator.token }, ...subscribe({ url }) });
    for (let count = 100; count < 120; count += 1) {
      await control('POST', `/chats/${groupOf(simulator)}`, { count });
    }
    await vi.waitFor(() => expect(deliveries).toHaveLength(40));
    expect(new Set(deliveries.map(({ update }) => update.user.user_id)).size).toBe(20);
    const times = deliveries.map(({ update }) => update.timestamp);
    expect(times).not.toEqual(times.toSorted((a, b) => a - b));
  });

  it('retries deliveries without a 200 in time', async () => {
    const webhooks = { repeat: 0, reorderMs: 0, timeScale: 1e-4, answerWithinMs: 200 };
    const { simulator, call, control, id } = await start({ webhooks });
    const { url, deliveries } = await receiver((n) => [204, 500, 0, 302, 200][n] ?? 200);
    await call('/subscriptions', { headers: { authorization: simulator.token }, ...subscribe({ url }) });
    await control('POST', `/chats/${id}`, { count: 500 });
    await vi.waitFor(() => expect(simulator.stats().webhooks.delivered).toBe(1), 5_000);
    expect(deliveries).toHaveLength(5);
    expect(new Set(deliveries.map(({ update }) => JSON.stringify(update))).size).toBe(1);
    expect(simulator.stats().webhooks).toMatchObject({ attempts: 5, failed_attempts: 4, waiting: 0, unsubscribed: 0 });
    expect((await call('/subscriptions')).body.subscriptions).toHaveLength(1);
  });

  it('silently removes a subscription after 8 hours without success', async () => {
    const webhooks = { repeat: 0, reorderMs: 0, timeScale: 1e-5 };
    const { simulator, call, control, id } = await start({ webhooks });
    const [broken, sound] = await Promise.all([receiver(() => 500), receiver((n) => (n === 0 ? 500 : 200))]);
    const headers = { authorization: simulator.token };
    await call('/subscriptions', { headers, ...subscribe({ url: sound.url }) });
    await call('/subscriptions', { headers, ...subscribe({ url: broken.url }) });
    await control('POST', `/chats/${id}`, { count: 500 });
    await vi.waitFor(() => expect(simulator.stats().webhooks.unsubscribed).toBe(1), 5_000);
    expect((await call('/subscriptions')).body.subscriptions).toMatchObject([{ url: sound.url }]);
    // Eight hours are 288 ms here: retries after 0.6, 1.5, 3.75 … ms, the seventh 244 ms after the first attempt.
    expect(broken.deliveries.length).toBeGreaterThanOrEqual(5);
    expect(broken.deliveries.length).toBeLessThanOrEqual(8);
    expect(simulator.stats().webhooks.waiting).toBe(0);
  });

  it('sends nothing if events are off', async () => {
    const { simulator, call, control, id } = await start({ events: false });
    const { url, deliveries } = await receiver();
    await call('/subscriptions', { headers: { authorization: simulator.token }, ...subscribe({ url }) });
    await control('POST', `/chats/${id}`, { count: 500 });
    expect(simulator.stats().webhooks).toMatchObject({ attempts: 0, waiting: 0 });
    expect(deliveries).toEqual([]);
  });
});

describe('the process', () => {
  const run = (...args: string[]) => {
    const child = spawn(process.execPath, ['localstack/max/cli.ts', ...args]);
    const lines: string[] = [];
    const errors: string[] = [];
    createInterface(child.stdout).on('line', (line) => lines.push(line));
    createInterface(child.stderr).on('line', (line) => errors.push(line));
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    cleanups.push(async () => {
      child.kill('SIGKILL');
      await ended;
    });
    return { child, lines, errors, ended };
  };

  it.each(['SIGINT', 'SIGTERM'] as const)('prints its addresses, and ends at once on %s', async (signal) => {
    const { child, lines, errors, ended } = run('--chats', '10', '--token', 'abc', '--drift', '0', '--reorder-ms', '0');
    await vi.waitFor(() => expect(lines.at(-1)).toMatch(/^ready /), 10_000);
    expect(lines).toContain('token    abc');
    const url = lines.at(-1)?.replace('ready ', '') ?? '';
    const controlUrl = /^control {2}(\S+)$/m.exec(lines.join('\n'))?.[1] ?? '';
    const headers = { authorization: 'abc' };

    // A delivery without a response, a waiting retry, and a request in progress must not delay the end of the process.
    const [mute, broken] = await Promise.all([receiver(() => 0), receiver(() => 500)]);
    for (const hook of [mute, broken])
      await fetch(`${url}/subscriptions`, { headers, ...subscribe({ url: hook.url }) });
    await fetch(`${controlUrl}/drift`, { method: 'POST', body: JSON.stringify({ changes: 20 }) });
    await vi.waitFor(
      () => expect(Math.min(mute.deliveries.length, broken.deliveries.length)).toBeGreaterThan(0),
      5_000,
    );
    await fetch(`${controlUrl}/switches`, { method: 'PATCH', body: JSON.stringify({ latency_ms: 600_000 }) });
    const hanging = fetch(`${url}/chats/-5`, { headers }).catch((error: unknown) => error);
    await vi.waitFor(async () => {
      expect(await json(await fetch(`${controlUrl}/stats`))).toMatchObject({ total: 3, by_status: { '200': 2 } });
    }, 5_000);

    const killedMs = performance.now();
    child.kill(signal);
    expect(await ended).toBe(0);
    expect(performance.now() - killedMs).toBeLessThan(5_000);
    expect(await hanging).toBeInstanceOf(Error);
    expect(errors).toEqual([]);
  });

  it.each([
    [['--chats', '0'], '--chats: "0" is not a whole number from 1 to 1000000'],
    [['--events', 'maybe'], '--events: "maybe" is not on or off'],
    [['--rps', ''], '--rps: "" is not a whole number'],
    [['--nonsense'], "Unknown option '--nonsense'"],
  ])('refuses %j', async (args, message) => {
    const { errors, ended } = run(...args);
    expect(await ended).toBe(2);
    expect(errors.join('\n')).toContain(message);
  });

  it('lists its flags', async () => {
    const { lines, ended } = run('--help');
    expect(await ended).toBe(0);
    for (const flag of ['--port', '--control-port', '--chats', '--seed', '--drift', '--gone-rate', '--events']) {
      expect(lines.join('\n')).toContain(flag);
    }
  });
});

it("two simulators can't share a port, and the second one leaves no open sockets", async () => {
  const { simulator } = await start();
  const port = Number(new URL(simulator.url).port);
  await expect(startSimulator({ port })).rejects.toThrow(/EADDRINUSE/);
  const free = await startSimulator();
  await free.close();
  const freePort = Number(new URL(free.url).port);
  await expect(startSimulator({ port: freePort, controlPort: port })).rejects.toThrow(/EADDRINUSE/);
  const third = await startSimulator({ port: freePort });
  await third.close();
});
