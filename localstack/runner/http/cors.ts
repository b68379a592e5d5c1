import type { IncomingMessage } from 'node:http';
import type { HttpAnswer } from './answer.ts';

/** `provider.httpApi.cors`: the other origins whose pages may use the API from a browser. */
export interface Cors {
  readonly allowedOrigins: readonly string[];
  readonly allowedHeaders: readonly string[];
  readonly allowedMethods: readonly string[];
  readonly exposedResponseHeaders: readonly string[];
  /** How long a browser may cache the response to a preflight request, s. */
  readonly maxAge: number;
}

/**
 * Returns the response to a preflight request. Like API Gateway, it comes before the choice of the route. If the origin is not
 * allowed, the response has no CORS headers, and the browser refuses the request. @returns `undefined` for other requests.
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

/** Adds CORS headers to a response if its origin is allowed, and removes CORS headers of the function itself. */
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
