import { createHash } from 'node:crypto';
import { brotliDecompressSync, gzipSync } from 'node:zlib';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { chooseEncoding } from './compress.ts';
import type { HttpAnswer } from './problem.ts';

/** Serves static pages for people from the function's bundle. */

/** A page as built by `web/build.ts`. */
export interface Page {
  readonly html: string;
  /** Files by name, compressed with Brotli, in base64. A name carries a hash of the content. */
  readonly files: Readonly<Record<string, { readonly type: string; readonly brotli: string }>>;
}

type Headers = Readonly<Record<string, string>>;

/** Returns a policy that forbids content from other origins, inline scripts and styles, and frames. */
export const contentSecurityPolicy = ({
  connect = [],
  images = [],
}: {
  readonly connect?: readonly string[];
  readonly images?: readonly string[];
}): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    ["img-src 'self'", ...images].join(' '),
    ["connect-src 'self'", ...connect].join(' '),
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');

const COMMON: Headers = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
};

/** Returns the HTML of a page. Browsers revalidate it at each visit. */
export function pageAnswer(html: string, csp: string, event: APIGatewayProxyEventV2): HttpAnswer {
  const etag = `"${createHash('sha256').update(html).update(csp).digest('base64url').slice(0, 22)}"`;
  const headers = {
    ...COMMON,
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': csp,
    'cache-control': 'no-cache',
    etag,
  };
  const known = event.headers?.['if-none-match']?.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return known?.includes(etag) ? { statusCode: 304, headers, body: '' } : { statusCode: 200, headers, body: html };
}

/** Returns a file of the page; its content never changes under the same name. @returns `undefined` if there is no such file. */
export function fileAnswer({ files }: Page, name: string, event: APIGatewayProxyEventV2): HttpAnswer | undefined {
  const file = Object.hasOwn(files, name) ? files[name] : undefined;
  if (!file) return undefined;
  const headers = {
    ...COMMON,
    'content-type': file.type,
    'cache-control': 'public, max-age=31536000, immutable',
    vary: 'accept-encoding',
  };
  const encoding = chooseEncoding(event.headers?.['accept-encoding'] ?? '');
  if (encoding === 'br') return compressed(headers, encoding, file.brotli);
  // Browsers accept Brotli only over https or from the local machine. Others get gzip or plain text.
  const plain = brotliDecompressSync(Buffer.from(file.brotli, 'base64'));
  if (encoding === 'gzip') return compressed(headers, encoding, gzipSync(plain).toString('base64'));
  return { statusCode: 200, headers, body: plain.toString('utf8') };
}

const compressed = (headers: Headers, encoding: string, body: string): HttpAnswer => ({
  statusCode: 200,
  headers: { ...headers, 'content-encoding': encoding },
  body,
  isBase64Encoded: true,
});
