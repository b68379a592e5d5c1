import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, get as httpsGet } from 'node:https';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createMaxApi, type MaxApiSettings, reachable } from '../../lib/adapters/max/client.ts';
import { startSimulator } from '../../localstack/max/server.ts';
import type { Simulator } from '../../localstack/max/simulator.ts';
import { allWell, type Fault, faults } from '../../localstack/max/switches.ts';

const TOKEN = 'f9LHodD0cOI-test-token';
const client = (url: string, some: Partial<MaxApiSettings> = {}) =>
  createMaxApi({ url, token: async () => TOKEN, ...some });

describe('the simulated MAX', () => {
  let simulator: Simulator;
  let max: ReturnType<typeof client>;
  const calm = { ...allWell, latency_ms: 0, jitter_ms: 0 };

  beforeAll(async () => {
    const options = { chats: 200, drift: 0, goneRate: 0, rps: 100_000, events: false };
    simulator = await startSimulator({ ...options, token: TOKEN, switches: calm });
    max = client(simulator.url);
  });
  afterAll(() => simulator.close());
  afterEach(() => simulator.turnSwitches(calm));

  const ask = (id: string, timeoutMs = 5_000) => max.getChat(id, timeoutMs);
  const someId = () => simulator.world.truths(0, 1).next().value?.chat_id ?? '';

  test('returns the count of every chat: dialogs, groups and channels, with any other fields in the body', async () => {
    for (const { chat_id, participants_count } of simulator.world.truths(0, 200)) {
      const answer = await ask(chat_id);
      expect(answer).toMatchObject({ kind: 'count', count: participants_count });
    }
  });

  test('returns when something last happened in a chat, and the number of messages where MAX gives it', async () => {
    const answers = await Promise.all([...simulator.world.truths(0, 30)].map(({ chat_id }) => ask(chat_id)));
    const seen = answers.map((answer) => (answer.kind === 'count' ? answer.lastEvent : undefined));
    for (const lastEvent of seen) expect(lastEvent?.at).toBeLessThanOrEqual(Date.now());
    const numbers = seen.map((lastEvent) => typeof lastEvent?.messages);
    expect(new Set(numbers)).toEqual(new Set(['number', 'object']));
  });

  test('distinguishes a denied chat from an unknown one', async () => {
    const [first, second] = [...simulator.world.truths(10, 2)];
    simulator.world.setGone(first?.chat_id ?? '', 'denied');
    simulator.world.setGone(second?.chat_id ?? '', 'not_found');
    expect(await ask(first?.chat_id ?? '')).toEqual({ kind: 'denied' });
    expect(await ask(second?.chat_id ?? '')).toEqual({ kind: 'not_found' });
    expect(await ask('-1')).toEqual({ kind: 'not_found' });
  });

  const expected: Record<Fault, object> = {
    '429': { error: 'rate_limited', retryable: true },
    '500': { error: 'server', retryable: true },
    '503': { error: 'server', retryable: true },
    timeout: { error: 'timeout', retryable: true },
    reset: { error: 'network', retryable: true },
    html: { error: 'server', retryable: true },
    non_json: { error: 'server', retryable: false },
    missing_count: { error: 'server', retryable: false },
    negative_count: { error: 'server', retryable: false },
    fractional_count: { error: 'server', retryable: false },
    wrong_chat_id: { error: 'server', retryable: false },
  };

  test.each(faults)('with the fault %s gives an error, never a count', async (fault) => {
    simulator.turnSwitches({ errors: { [fault]: 1 } });
    const answer = await ask(someId(), fault === 'timeout' ? 200 : 5_000);
    expect(answer).toMatchObject({ kind: 'error', ...expected[fault] });
    expect(JSON.stringify(answer)).not.toContain(TOKEN);
  });

  test('with all faults at once gives correct counts or errors, and nothing else', async () => {
    simulator.turnSwitches({ errors: Object.fromEntries(faults.map((fault) => [fault, 0.05])) });
    // At most the number of the client's connections, because the time limit includes waiting for one.
    const truths = [...simulator.world.truths(20, 64)];
    const answers = await Promise.all(truths.map(({ chat_id }) => ask(chat_id, 1_500)));
    const counts = answers.filter((answer, i) => {
      if (answer.kind === 'count') expect(answer.count).toBe(truths[i]?.participants_count);
      else expect(answer.kind).toBe('error');
      return answer.kind === 'count';
    });
    expect(counts.length).toBeGreaterThan(0);
    expect(counts.length).toBeLessThan(64);
  });

  test('in an outage gives a server error', async () => {
    simulator.turnSwitches({ outage_until: Date.now() + 60_000 });
    expect(await ask(someId())).toMatchObject({ kind: 'error', error: 'server', retryable: true });
  });

  test('with a refused token gives an error that is not retryable', async () => {
    simulator.turnSwitches({ reject_token: true });
    expect(await ask(someId())).toMatchObject({ kind: 'error', error: 'auth', retryable: false });
  });

  test('passes on the Retry-After of a response', async () => {
    simulator.turnSwitches({ errors: { '429': 1 }, retry_after_s: 7 });
    expect(await ask(someId())).toMatchObject({ error: 'rate_limited', retryAfterMs: 7_000 });
    simulator.turnSwitches({ errors: { '429': 0, '503': 1 } });
    expect(await ask(someId())).toMatchObject({ error: 'server', retryAfterMs: 7_000 });
  });

  test('waits for a slow response as long as allowed, and no longer', async () => {
    simulator.turnSwitches({ latency_ms: 200, jitter_ms: 0 });
    expect(await ask(someId())).toMatchObject({ kind: 'count' });
    simulator.turnSwitches({ latency_ms: 10_000, jitter_ms: 0 });
    const began = performance.now();
    expect(await ask(someId(), 100)).toMatchObject({ kind: 'error', error: 'timeout' });
    expect(performance.now() - began).toBeLessThan(2_000);
  });
});

describe('any server', () => {
  const servers: Server[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.close();
      server.closeAllConnections();
    }
  });

  async function serve(listener: RequestListener, host = '127.0.0.1'): Promise<string> {
    const server = createServer(listener).listen(0, host);
    servers.push(server);
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    return host.includes(':') ? `http://[${host}]:${port}` : `http://${host}:${port}`;
  }
  const answering = (status: number, body: string, headers: Record<string, string> = {}) =>
    serve((_, response) => void response.writeHead(status, headers).end(body));
  const chat = (some: Record<string, unknown> = {}) =>
    JSON.stringify({ chat_id: -70, type: 'chat', status: 'active', participants_count: 12, ...some });
  const ask = async (url: string | Promise<string>, id = '-70', timeoutMs = 2_000) =>
    client(await url).getChat(id, timeoutMs);

  test.each<[string, number, string, object]>([
    ['a chat', 200, chat(), { kind: 'count', count: 12, title: null, link: null }],
    ['a chat the bot was removed from', 200, chat({ status: 'removed' }), { kind: 'inactive', status: 'removed' }],
    ['a chat the bot has left', 200, chat({ status: 'left' }), { kind: 'inactive', status: 'left' }],
    ['a closed chat', 200, chat({ status: 'closed', participants_count: 0 }), { kind: 'inactive', status: 'closed' }],
    ['a suspended chat', 200, chat({ status: 'suspended' }), { kind: 'inactive', status: 'suspended' }],
    ['a status nobody knows', 200, chat({ status: 'frozen' }), { kind: 'error', error: 'server', retryable: false }],
    ['no status', 200, chat({ status: undefined }), { kind: 'error', error: 'server' }],
    ['a dialog', 200, chat({ type: 'dialog', participants_count: 2 }), { kind: 'count', count: 2 }],
    ['nobody in it', 200, chat({ participants_count: 0 }), { kind: 'count', count: 0 }],
    ['the largest count', 200, chat({ participants_count: 2 ** 31 - 1 }), { kind: 'count', count: 2 ** 31 - 1 }],
    ['title and link', 200, chat({ title: 'Ё', link: 'https://max.ru/a' }), { title: 'Ё', link: 'https://max.ru/a' }],
    [
      'activity',
      200,
      chat({ last_event_time: 1_764_000_000_000, messages_count: 17 }),
      { kind: 'count', lastEvent: { at: 1_764_000_000_000, messages: 17 } },
    ],
    ['an activity of 0', 200, chat({ last_event_time: 0 }), { kind: 'count', lastEvent: { at: 0, messages: null } }],
    ['a time in quotes', 200, chat({ last_event_time: '1' }), { kind: 'count', count: 12, lastEvent: null }],
    [
      'less than no messages',
      200,
      chat({ last_event_time: 1, messages_count: -1 }),
      { kind: 'count', lastEvent: { at: 1, messages: null } },
    ],
    ['a count over 32 bits', 200, chat({ participants_count: 2 ** 31 }), { kind: 'error', error: 'server' }],
    ['a count in quotes', 200, chat({ participants_count: '12' }), { kind: 'error', error: 'server' }],
    ['a count of null', 200, chat({ participants_count: null }), { kind: 'error', error: 'server' }],
    ['an id in quotes', 200, chat({ chat_id: '-70' }), { kind: 'error', error: 'server' }],
    ['no id', 200, chat({ chat_id: undefined }), { kind: 'error', error: 'server' }],
    ['an array', 200, `[${chat()}]`, { kind: 'error', error: 'server' }],
    ['null', 200, 'null', { kind: 'error', error: 'server' }],
    ['nothing', 200, '', { kind: 'error', error: 'server' }],
    ['a page', 200, '<html></html>', { kind: 'error', error: 'server', retryable: false }],
    ['more than JSON', 200, `${chat()}x`, { kind: 'error', error: 'server' }],
    ['201', 201, chat(), { kind: 'error', error: 'server', retryable: false }],
    ['204', 204, '', { kind: 'error', error: 'server' }],
    ['400', 400, '{"code":"proto.payload"}', { kind: 'error', error: 'server', retryable: false }],
    ['401 as a page', 401, '<html></html>', { kind: 'error', error: 'auth', retryable: false }],
    ['403 of MAX', 403, '{"code":"chat.denied","message":"no"}', { kind: 'denied' }],
    ['403 of a proxy', 403, '<html>Forbidden</html>', { kind: 'error', error: 'server', retryable: false }],
    ['403 with nothing', 403, '', { kind: 'error', error: 'server' }],
    ['404 of MAX', 404, '{"code":"chat.not.found","message":"no"}', { kind: 'not_found' }],
    ['404 of a proxy', 404, '<html>Not Found</html>', { kind: 'error', error: 'server', retryable: false }],
    ['404 of other JSON', 404, '{"error":"no such page"}', { kind: 'error', error: 'server' }],
    ['404 for the path', 404, '{"code":"method.not.found","message":"no"}', { kind: 'error', error: 'server' }],
    ['405', 405, '{"code":"method.not.allowed"}', { kind: 'error', error: 'server', retryable: false }],
    ['429 with a count', 429, chat(), { kind: 'error', error: 'rate_limited' }],
    ['500 with a count', 500, chat(), { kind: 'error', error: 'server', retryable: true }],
    ['504', 504, '', { kind: 'error', error: 'server', retryable: true }],
  ])('that answers %s', async (_, status, body, answer) => {
    expect(await ask(answering(status, body))).toMatchObject(answer);
  });

  test('that redirects is not followed', async () => {
    let followed = false;
    const elsewhere = await serve((_, response) => {
      followed = true;
      response.end(chat());
    });
    const url = answering(302, '', { location: elsewhere });
    expect(await ask(url)).toMatchObject({ kind: 'error', error: 'server', retryable: false });
    expect(followed).toBe(false);
  });

  test('may respond about ids above 2^53: all their digits are compared', async () => {
    const body = '{"chat_id":-9223372036854775807,"status":"active","participants_count":3}';
    expect(await ask(answering(200, body), '-9223372036854775807')).toMatchObject({ kind: 'count', count: 3 });
    for (const other of ['9223372036854775807', '-9223372036854775806', '-9223372036854775808']) {
      expect(await ask(answering(200, body), other)).toMatchObject({ kind: 'error', error: 'server' });
    }
  });

  test("gets the token and the path in MAX's form", async () => {
    const seen: unknown[] = [];
    const url = await serve((request, response) => {
      seen.push([request.method, request.url, request.headers.authorization, request.headers.accept]);
      response.end(chat());
    });
    await ask(url);
    await ask(`${url}/proxy/max/`, '70/../../x?y');
    expect(seen).toEqual([
      ['GET', '/chats/-70', TOKEN, 'application/json'],
      ['GET', '/proxy/max/chats/70%2F..%2F..%2Fx%3Fy', TOKEN, 'application/json'],
    ]);
  });

  test('gets the next request over the same connection', async () => {
    const sockets = new Set<unknown>();
    const url = await serve((request, response) => {
      sockets.add(request.socket);
      response.end(chat());
    });
    const { getChat } = client(url);
    for (let i = 0; i < 5; i += 1) expect(await getChat('-70', 2_000)).toMatchObject({ kind: 'count' });
    expect(sockets.size).toBe(1);
  });

  describe('with Retry-After', () => {
    test.each<[string, number | undefined]>([
      ['0', 0],
      ['120', 120_000],
      ['', undefined],
      ['soon', undefined],
      ['9'.repeat(400), undefined],
    ])('of %j', async (value, retryAfterMs) => {
      const answer = await ask(answering(429, '', { 'retry-after': value }));
      expect(answer).toMatchObject({ kind: 'error', error: 'rate_limited' });
      expect('retryAfterMs' in answer ? answer.retryAfterMs : undefined).toBe(retryAfterMs);
    });

    test('as a date', async () => {
      const answer = await ask(answering(429, '', { 'retry-after': new Date(Date.now() + 30_000).toUTCString() }));
      const { retryAfterMs = 0 } = answer.kind === 'error' ? answer : {};
      expect(retryAfterMs).toBeGreaterThan(28_000);
      expect(retryAfterMs).toBeLessThanOrEqual(30_000);
      const past = await ask(answering(429, '', { 'retry-after': new Date(0).toUTCString() }));
      expect(past).toMatchObject({ retryAfterMs: 0 });
    });
  });

  describe('with a body', () => {
    const big = (bytes: number) => chat({ participants: 'x'.repeat(bytes) });

    test('of megabytes is read', async () => {
      expect(await ask(answering(200, big(3 * 1024 * 1024)))).toMatchObject({ kind: 'count', count: 12 });
    });

    test('over the limit gives an error, and the body is not read to its end', async () => {
      let sent = 0;
      let closed = false;
      const url = await serve((_, response) => {
        response.on('close', () => {
          closed = true;
        });
        const more = () => {
          while (!closed && sent < 200 * 1024 * 1024) {
            sent += 65_536;
            if (!response.write(Buffer.alloc(65_536, 120))) return void response.once('drain', more);
          }
        };
        response.writeHead(200);
        more();
      });
      expect(await ask(url, '-70', 10_000)).toMatchObject({ kind: 'error', error: 'server', retryable: false });
      await expect.poll(() => closed).toBe(true);
      expect(sent).toBeLessThan(50 * 1024 * 1024);
    });

    test('that sends slowly is abandoned when the time is over', async () => {
      const responses: ServerResponse[] = [];
      const url = await serve((_, response) => {
        responses.push(response);
        response.writeHead(200, { 'content-type': 'application/json' });
        const drip = setInterval(() => response.write(' '), 20);
        response.on('close', () => clearInterval(drip));
      });
      const began = performance.now();
      expect(await ask(url, '-70', 200)).toMatchObject({ kind: 'error', error: 'timeout', retryable: true });
      expect(performance.now() - began).toBeLessThan(2_000);
      await expect.poll(() => responses[0]?.destroyed).toBe(true);
    });

    test('that closes the connection early gives a network error', async () => {
      const url = serve((_, response) => {
        response.writeHead(200, { 'content-length': '1000' });
        response.write(chat().slice(0, 20));
        setImmediate(() => response.destroy());
      });
      expect(await ask(url)).toMatchObject({ kind: 'error', error: 'network', retryable: true });
    });

    test('that closes the connection early gives an error even if the received part is valid', async () => {
      const url = serve((_, response) => {
        response.writeHead(200, { 'content-length': '1000' });
        response.write(chat());
        setImmediate(() => response.destroy());
      });
      expect(await ask(url)).toMatchObject({ kind: 'error', error: 'network', retryable: true });
    });
  });

  test('that switches protocols gives a network error', async () => {
    const server = createTcpServer((socket) => {
      socket.once('data', () => socket.end('HTTP/1.1 101 x\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const max = client(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    expect(await max.getChat('-1', 1_000)).toMatchObject({ error: 'network', retryable: true });
    server.close();
  });

  test('reached by IPv6', async () => {
    const url = await serve((_, response) => void response.end(chat()), '::1');
    expect(await ask(url)).toMatchObject({ kind: 'count' });
    await expect(reachable(new URL(url), 1_000)).resolves.toBeUndefined();
  });

  test('reached by name', async () => {
    const { port } = new URL(await answering(200, chat()));
    expect(await ask(`http://localhost:${port}`)).toMatchObject({ kind: 'count' });
  });

  test('that does not exist', async () => {
    const url = await answering(200, chat());
    servers.pop()?.close();
    expect(await ask(url)).toMatchObject({ kind: 'error', error: 'network', detail: 'ECONNREFUSED', retryable: true });
    await expect(reachable(new URL(url), 1_000)).rejects.toThrow('ECONNREFUSED');
    expect(await ask('http://no-such-host.invalid')).toMatchObject({ kind: 'error', error: 'network' });
  });

  test('is not called when the time is already over', async () => {
    const url = serve(() => {});
    expect(await ask(url, '-70', -5)).toMatchObject({ kind: 'error', error: 'timeout' });
  });

  test('is not called without a token', async () => {
    let asked = false;
    const url = await serve((_, response) => {
      asked = true;
      response.end(chat());
    });
    const token = () => Promise.reject(new Error('SSM is away: secret-detail'));
    const answer = await client(url, { token }).getChat('-70', 1_000);
    expect(answer).toMatchObject({ kind: 'error', error: 'auth', retryable: false });
    expect(JSON.stringify(answer)).not.toContain('secret-detail');
    expect(asked).toBe(false);
  });

  test("is not called with a token that can't be sent", async () => {
    const url = await answering(200, chat());
    const answer = await client(url, { token: async () => 'line\nbreak' }).getChat('-70', 1_000);
    expect(answer).toMatchObject({ kind: 'error' });
    expect(JSON.stringify(answer)).not.toContain('line');
  });
});

describe('a certificate of a private CA', () => {
  const file = (name: string) => fileURLToPath(new URL(`../support/tls/${name}`, import.meta.url));
  const pem = (name: string) => readFileSync(file(name), 'utf8');
  let server: ReturnType<typeof createTlsServer>;
  let port: number;

  beforeAll(async () => {
    server = createTlsServer({ key: pem('server-key.pem'), cert: pem('server.pem') }, (_, response) => {
      response.end('{"chat_id":-70,"status":"active","participants_count":12}');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  });
  afterAll(() => {
    server.close();
    server.closeAllConnections();
  });
  const ask = (ca?: string, host = 'localhost') => client(`https://${host}:${port}`, { ca }).getChat('-70', 2_000);

  test.each([
    ['a PEM', () => pem('ca.pem')],
    ['the path of one', () => file('ca.pem')],
    ['a PEM among others', () => `# Root\n${pem('server.pem')}\n${pem('ca.pem')}`],
  ])('is trusted with %s', async (_, ca) => {
    expect(await ask(ca())).toMatchObject({ kind: 'count', count: 12 });
    expect(await ask(ca(), '127.0.0.1')).toMatchObject({ kind: 'count' });
  });

  test('is trusted only by that client', async () => {
    expect(await ask(pem('ca.pem'))).toMatchObject({ kind: 'count' });
    const refused = { kind: 'error', error: 'network', detail: expect.stringMatching(/CERT|ISSUER|SIGNATURE/) };
    expect(await ask()).toMatchObject(refused);
    const others = new Promise((resolve, reject) => httpsGet(`https://localhost:${port}`, resolve).on('error', reject));
    await expect(others).rejects.toThrow(/certificate/);
    await expect(fetch(`https://localhost:${port}`)).rejects.toThrow();
  });

  test('is refused for another host name', async () => {
    const tls = createTlsServer({ key: pem('server-key.pem'), cert: pem('server.pem') }).listen(0, '127.0.0.2');
    await once(tls, 'listening');
    const url = `https://127.0.0.2:${(tls.address() as AddressInfo).port}`;
    expect(await client(url, { ca: pem('ca.pem') }).getChat('-70', 2_000)).toMatchObject({
      kind: 'error',
      detail: 'ERR_TLS_CERT_ALTNAME_INVALID',
    });
    tls.close();
  });

  test.each(['/no/such/file.pem', 'not a certificate'])('given as %j is refused at the start', (ca) => {
    expect(() => client('https://localhost', { ca })).toThrow('MAX_API_CA must be a PEM certificate or the path');
  });

  test('given as a file without a certificate is refused at the start', () => {
    expect(() => client('https://localhost', { ca: file('README.md') })).toThrow('MAX_API_CA must be a PEM');
  });
});
