import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { expect, test, vi } from 'vitest';
import { compressAnswer } from '../../../lib/http/compress.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { ask, invoke, quietEnvironment } from '../../support/http.ts';

for (const [name, value] of Object.entries(quietEnvironment)) vi.stubEnv(name, value);
const { openHttpFunction } = await import('../../../lib/http/stack.ts');
const { Problem } = await import('../../../lib/http/problem.ts');

const long = JSON.stringify({ name: 'Общежитие № 7, «Медики»'.repeat(50) });
const answer = (body: string) => ({ statusCode: 200, headers: { 'content-type': 'application/json' }, body });

const decoders = { br: brotliDecompressSync, gzip: gunzipSync } as const;
const decode = (encoding: string | undefined, body: string) =>
  decoders[encoding as keyof typeof decoders](Buffer.from(body, 'base64')).toString();

test.each([
  ['br', 'br'],
  ['gzip', 'gzip'],
  ['gzip, deflate, br, zstd', 'br'],
  ['br;q=0.1, gzip', 'gzip'],
  ['br;q=0, gzip;q=0.2', 'gzip'],
  ['*', 'br'],
  ['br;q=0, *', 'gzip'],
  ['GZIP ; Q=0.8', 'gzip'],
  ['br;x=9;q=0, gzip', 'gzip'],
])('a client that accepts %s gets %s', (accepted, encoding) => {
  const { headers, body, isBase64Encoded } = compressAnswer(answer(long), accepted);
  expect(headers).toMatchObject({ 'content-encoding': encoding, vary: 'accept-encoding' });
  expect(isBase64Encoded).toBe(true);
  expect(decode(encoding, body)).toBe(long);
  expect(Buffer.byteLength(body)).toBeLessThan(Buffer.byteLength(long) / 4);
});

test.each([undefined, '', 'identity', 'deflate', 'br;q=0', '*;q=0', 'br;q=none', ',;,=', 'gzip;q=0.0'])(
  'a client that accepts %j gets an uncompressed body, and `Vary` for caches',
  (accepted) => {
    const plain = compressAnswer(answer(long), accepted);
    expect(plain).toEqual({
      ...answer(long),
      headers: { 'content-type': 'application/json', vary: 'accept-encoding' },
    });
  },
);

test('a response of 1 KB is compressed, and a shorter one is not', () => {
  expect(compressAnswer(answer('x'.repeat(1_024)), 'br').isBase64Encoded).toBe(true);
  expect(compressAnswer(answer(`ё${'x'.repeat(1_022)}`), 'br').isBase64Encoded).toBe(true);
  const short = answer('x'.repeat(1_023));
  expect(compressAnswer(short, 'br')).toEqual(short);
});

test('short and binary responses are not compressed', () => {
  expect(compressAnswer(answer('{}'), 'br')).toEqual(answer('{}'));
  const bytes = { ...answer(Buffer.from(long).toString('base64')), isBase64Encoded: true };
  expect(compressAnswer(bytes, 'br')).toEqual(bytes);
});

const route = defineRoute({
  method: 'GET',
  path: '/long',
  operationId: 'readLong',
  tag: 'service',
  summary: 'Answers at length',
  roles: 'anyone',
  answers: { 200: { description: 'long' } },
});
const answerAtLength = openHttpFunction(route, async () => ({ status: 200, body: { text: long } }));

test('every response of a function may be compressed, including problems', async () => {
  const headers = { 'accept-encoding': 'gzip' };
  const good = await ask(answerAtLength, { headers });
  expect(JSON.parse(decode(good.headers['content-encoding'], good.body))).toEqual({ text: long });

  const bad = await ask(
    openHttpFunction(route, async () => {
      throw new Problem('not_found', { detail: long });
    }),
    { headers },
  );
  expect(bad.statusCode).toBe(404);
  expect(JSON.parse(decode(bad.headers['content-encoding'], bad.body))).toMatchObject({ detail: long });
});

test('a function that somebody invokes without headers does not compress', async () => {
  expect(JSON.parse((await invoke(answerAtLength, {})).body)).toEqual({ text: long });
});
