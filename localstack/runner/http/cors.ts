import type { IncomingMessage } from 'node:http';
import type { HttpAnswer } from './answer.ts';

/** `provider.httpApi.cors`: which pages of other origins may use the API from a browser. */
export interface Cors {
  readonly allowedOrigins: readonly string[];
  readonly allowedHeaders: readonly string[];
  readonly allowedMethods: readonly string[];
  readonly exposedResponseHeaders: readonly string[];
  /** How long a browser may keep the answer to a preflight, s. */
  readonly maxAge: number;
}

/**
 * Answers a preflight request, as API Gateway does before any route is looked at: without CORS headers where the origin is not
 * allowed, which the browser takes for a no. @returns `undefined` for every other request.
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
 */
export function preflightAnswer(cors: Cors | undefined, request: IncomingMessage): HttpAnswer | undefined {
  const { origin, 'access-control-request-method': method } = request.headers;
  if (!cors || request.method !== 'OPTIONS' || origin === undefined || method === undefined) return undefined;
  const allowed = {
    'access-control-allow-origin': origin,
    'access-control-allow-methods': cors.allowedMethods.join(','),
    'access-control-allow-headers': cors.allowedHeaders.join(','),
    'access-control-max-age': String(cors.maxAge),
  };
  const headers = cors.allowedOrigins.includes(origin) ? allowed : {};
  return { status: 204, headers, cookies: [], body: Buffer.alloc(0) };
}

/** The answer as a page of the request's origin may read it. CORS headers of the function itself are taken off. */
export function withCors(cors: Cors | undefined, { headers }: IncomingMessage, answer: HttpAnswer): HttpAnswer {
  if (!cors) return answer;
  const own = Object.entries(answer.headers).filter(([name]) => !name.startsWith('access-control-'));
  const { origin } = headers;
  const allowed = origin !== undefined && cors.allowedOrigins.includes(origin);
  const exposed = { 'access-control-expose-headers': cors.exposedResponseHeaders.join(',') };
  return {
    ...answer,
    headers: { ...Object.fromEntries(own), ...(allowed && { 'access-control-allow-origin': origin, ...exposed }) },
  };
}
