import { brotliCompressSync, brotliDecompressSync, gunzipSync } from 'node:zlib';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { describe, expect, test } from 'vitest';
import { contentSecurityPolicy, fileAnswer, pageAnswer } from '../../../lib/http/page.ts';

const TEXT = 'console.log("шаг");';
const page = {
  html: '<!doctype html><title>t</title>',
  files: {
    'main-ABCDEFGH.js': {
      type: 'text/javascript; charset=utf-8',
      brotli: brotliCompressSync(TEXT).toString('base64'),
    },
  },
};
const asking = (headers: Record<string, string> = {}) => ({ headers }) as unknown as APIGatewayProxyEventV2;
const CSP = contentSecurityPolicy({});

describe('a page', () => {
  test('is revalidated at each visit, with a policy that forbids other origins and inline code', () => {
    const { statusCode, headers, body } = pageAnswer(page.html, CSP, asking());
    expect({ statusCode, body }).toEqual({ statusCode: 200, body: page.html });
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    });
    const csp = headers['content-security-policy'] ?? '';
    expect(csp).toContain("default-src 'none'");
    expect(csp).toContain("frame-ancestors 'none'");
    expect(csp).not.toMatch(/unsafe|\*|https?:/);
  });

  test('is not sent again to a client that has it', () => {
    const etag = pageAnswer(page.html, CSP, asking()).headers.etag ?? '';
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`]) {
      expect(pageAnswer(page.html, CSP, asking({ 'if-none-match': known }))).toMatchObject({
        statusCode: 304,
        body: '',
      });
    }
    const changed = [pageAnswer(`${page.html} `, CSP, asking()), pageAnswer(page.html, `${CSP};`, asking())];
    for (const { headers } of changed) expect(headers.etag).not.toBe(etag);
    expect(pageAnswer(`${page.html} `, CSP, asking({ 'if-none-match': etag })).statusCode).toBe(200);
  });

  test('has a short tag, which is compared as a whole', () => {
    const etag = pageAnswer(page.html, CSP, asking()).headers.etag ?? '';
    expect(etag).toMatch(/^"[\w-]{22}"$/);
    for (const other of ['*', '', etag.slice(0, -2), `${etag.slice(0, 5)}W/${etag.slice(5)}`]) {
      expect(pageAnswer(page.html, CSP, asking({ 'if-none-match': other }))).toMatchObject({
        statusCode: 200,
        body: page.html,
      });
    }
  });

  test('and its files are sent to a client without headers', () => {
    const bare = {} as APIGatewayProxyEventV2;
    expect(pageAnswer(page.html, CSP, bare)).toMatchObject({ statusCode: 200, body: page.html });
    expect(fileAnswer(page, 'main-ABCDEFGH.js', bare)).toMatchObject({ statusCode: 200, body: TEXT });
  });

  test('may load images from and connect to named origins, and nothing else from any other', () => {
    const csp = contentSecurityPolicy({ connect: ['https://api.example'], images: ['https://pictures.example'] });
    expect(csp.split('; ').sort()).toEqual([
      "base-uri 'none'",
      "connect-src 'self' https://api.example",
      "default-src 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "img-src 'self' https://pictures.example",
      "script-src 'self'",
      "style-src 'self'",
    ]);
  });
});

describe('a file of a page', () => {
  const get = (accepted?: string) =>
    fileAnswer(page, 'main-ABCDEFGH.js', asking(accepted === undefined ? {} : { 'accept-encoding': accepted }));

  test('is cached for a year', () => {
    expect(get()?.headers['cache-control']).toBe('public, max-age=31536000, immutable');
    expect(get()?.headers.vary).toBe('accept-encoding');
  });

  test.each<[string | undefined, string | undefined]>([
    ['gzip, deflate, br, zstd', 'br'],
    ['BR;q=0.5', 'br'],
    ['gzip, br;q=0', 'gzip'],
    ['gzip', 'gzip'],
    ['identity', undefined],
    [undefined, undefined],
  ])('for %j is encoded as %j', (accepted, encoding) => {
    const answer = get(accepted);
    expect(answer?.headers['content-encoding']).toBe(encoding);
    const body = Buffer.from(answer?.body ?? '', answer?.isBase64Encoded ? 'base64' : 'utf8');
    const decode = encoding === 'br' ? brotliDecompressSync : encoding === 'gzip' ? gunzipSync : (same: Buffer) => same;
    expect(decode(body).toString()).toBe(TEXT);
  });

  test.each(['main.js', 'toString', '__proto__', '../main-ABCDEFGH.js', ''])(
    'with the name %j does not exist',
    (name) => {
      expect(fileAnswer(page, name, asking())).toBeUndefined();
    },
  );
});
