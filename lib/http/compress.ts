import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { MiddlewareObj, Request } from '@middy/core';
import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import type { HttpAnswer } from './problem.ts';

/**
 * Compresses responses, because API Gateway's HTTP API does not. A page of a hundred chats shrinks from 52 KB to 3 KB, and costs
 * 0.2 ms of processor time.
 */

/** Smallest body that is compressed, bytes. A smaller one fits into one network packet anyway. */
const COMPRESSED_FROM = 1_024;

/** The encoders. Their levels compress JSON to at most 10 % more than the best level, in a tenth of its time. */
const ENCODERS = {
  br: (body: Buffer) => brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 3 } }),
  gzip: (body: Buffer) => gzipSync(body, { level: 3 }),
} as const;
type Encoding = keyof typeof ENCODERS;

/** Compresses responses. Middy runs it after the middleware that is added later, so problems are compressed too. */
export function compressed(): MiddlewareObj<APIGatewayProxyEventV2, HttpAnswer, Error, Context> {
  const compress = (request: Request<APIGatewayProxyEventV2, HttpAnswer, Error, Context>) => {
    if (request.response)
      request.response = compressAnswer(request.response, request.event?.headers?.['accept-encoding']);
  };
  return { after: compress, onError: compress };
}

/**
 * Returns the response in the best encoding that the client accepts.
 * @param accepted the request's header `Accept-Encoding`; `undefined` means no compression.
 */
export function compressAnswer(answer: HttpAnswer, accepted: string | undefined): HttpAnswer {
  if (answer.isBase64Encoded || Buffer.byteLength(answer.body) < COMPRESSED_FROM) return answer;
  const headers = { ...answer.headers, vary: 'accept-encoding' };
  const encoding = chooseEncoding(accepted ?? '');
  if (!encoding) return { ...answer, headers };
  return {
    ...answer,
    headers: { ...headers, 'content-encoding': encoding },
    body: ENCODERS[encoding](Buffer.from(answer.body)).toString('base64'),
    isBase64Encoded: true,
  };
}

/** Returns the encoding with the highest weight (RFC 9110, 12.5.3). If the weights are equal, Brotli precedes gzip. */
export function chooseEncoding(accepted: string): Encoding | undefined {
  const weights = new Map(
    accepted.split(',').map((part) => {
      const [name = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase());
      const q = parameters.find((parameter) => parameter.startsWith('q='));
      return [name, q === undefined ? 1 : Number(q.slice(2)) || 0] as const;
    }),
  );
  const weightOf = (encoding: Encoding) => weights.get(encoding) ?? weights.get('*') ?? 0;
  const [best] = (Object.keys(ENCODERS) as Encoding[]).sort((a, b) => weightOf(b) - weightOf(a));
  return best && weightOf(best) > 0 ? best : undefined;
}
