import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { fetchJson } from '../../lib/adapters/issuer/fetch-json.ts';

/** The issuer's keys are fetched from a foreign server while a caller waits. */

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function serve(answer: (socket: Socket) => void): Promise<URL> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('data', () => answer(socket));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`);
}
const http = (status: string, body: string, headers = '') =>
  `HTTP/1.1 ${status}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${headers}\r\n${body}`;

test('parses JSON', async () => {
  expect(await fetchJson(await serve((socket) => socket.end(http('200 OK', '{"keys":["ё"]}'))))).toEqual({
    keys: ['ё'],
  });
});

test.each<[string, (socket: Socket) => void, RegExp, number]>([
  ['accepts and stays silent', () => {}, /no answer in time/, 1_900],
  ['resets the connection', (socket) => socket.resetAndDestroy(), /ECONNRESET|hang up/, 500],
  ['closes without an answer', (socket) => socket.end(), /hang up/, 500],
  [
    'sends half an answer and closes',
    (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"keys":'),
    /aborted/,
    500,
  ],
  [
    'sends half an answer and stays silent',
    (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"keys":'),
    /no answer in time/,
    1_900,
  ],
  [
    'sends a byte at a time without an end',
    (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n');
      const timer = setInterval(() => socket.write(' '), 100);
      socket.on('close', () => clearInterval(timer));
    },
    /timeout|aborted/i,
    3_500,
  ],
  ['sends a page', (socket) => socket.end(http('200 OK', '<html></html>')), /not JSON/, 500],
  ['redirects', (socket) => socket.end(http('302 Found', '', 'Location: http://127.0.0.1:1/\r\n')), /status 302/, 500],
  ['fails', (socket) => socket.end(http('500 Oops', '{}')), /status 500/, 500],
  ['sends too much', (socket) => socket.end(http('200 OK', `"${'x'.repeat(300_000)}"`)), /more than/, 1_000],
])('rejects soon if a server %s', async (_, answer, message, withinMs) => {
  const url = await serve(answer);
  const startedAt = performance.now();
  await expect(fetchJson(url)).rejects.toThrow(message);
  expect(performance.now() - startedAt).toBeLessThan(withinMs);
});

test('rejects if no server listens', async () => {
  await expect(fetchJson(new URL('http://127.0.0.1:1/jwks.json'))).rejects.toThrow(/ECONNREFUSED/);
});

test('rejects after a second if a TLS server never completes the handshake', async () => {
  const url = await serve(() => {});
  const startedAt = performance.now();
  await expect(fetchJson(new URL(`https://${url.host}/jwks.json`))).rejects.toThrow(/no connection in time/);
  expect(performance.now() - startedAt).toBeLessThan(1_400);
});
