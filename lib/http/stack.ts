import type { MiddlewareObj } from '@middy/core';
import httpJsonBodyParser from '@middy/http-json-body-parser';
import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import type { z } from 'zod';
import { LOG } from '../runtime/log-messages.ts';
import { instrumented, logger } from '../runtime/observability.ts';
import { type Principal, principalSchema, requireRole } from './principal.ts';
import { type HttpAnswer, jsonAnswer, Problem, problemAnswer } from './problem.ts';
import type { Route } from './route.ts';

/**
 * The one stack of all HTTP functions: who asks (401), whether the role may (403), the body (413, 415, 400), its fields
 * (400), then the use case; every error becomes a problem, and nothing of an unforeseen one is shown.
 */

const MAX_BODY_BYTES = 256 * 1024;

/** As API Gateway's HTTP API sends it, with the authorizer's context. */
type HttpEvent = APIGatewayProxyEventV2 & {
  readonly requestContext: { readonly authorizer?: { readonly lambda?: Record<string, unknown> | null } };
};

export interface HttpRequest<P, Q, B, W> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  /** Who asks; `undefined` only on routes for anyone. */
  readonly principal: W;
  /** A header of the request, by its name in lower case. */
  readonly header: (name: string) => string | undefined;
  readonly requestId: string;
  /** Waits for something and tells the client in `Server-Timing` how long it took, under this name. */
  readonly timed: <T>(name: string, work: Promise<T>) => Promise<T>;
  /** Unix ms at which the function is cut off. */
  readonly cutOffAt: number;
}

/** What a use case answers with. */
export interface Reply {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

type Parsed<R, K extends string> = R extends Record<K, infer S extends z.ZodType> ? z.output<S> : undefined;
type Who<R extends Route> = R['roles'] extends 'anyone' ? undefined : Principal;

export function httpFunction<R extends Route>(
  route: R,
  handle: (request: HttpRequest<Parsed<R, 'params'>, Parsed<R, 'query'>, Parsed<R, 'body'>, Who<R>>) => Promise<Reply>,
) {
  // Made once: a schema is compiled when it is first used, which takes longer than the rest of the reading.
  let query: z.ZodObject | undefined;
  const stack = instrumented<HttpEvent, HttpAnswer>(async (event, context) => {
    const requestId = requestIdOf(event);
    const principal = route.roles === 'anyone' ? undefined : principalOf(event, route.roles);
    query ??= route.query?.strict();
    const fields = readFields({ ...route, ...(query ? { query } : {}) }, event);
    const cutOffAt = Date.now() + context.getRemainingTimeInMillis();
    const header = (name: string) => event.headers?.[name];
    const timing = serverTiming();
    const { timed } = timing;
    const request = { ...fields, principal, header, requestId, timed, cutOffAt } as Parameters<typeof handle>[0];
    const { status, body, headers } = await handle(request);
    logger.info(LOG.requestDone, { route: `${route.method} ${route.path}`, status });
    return jsonAnswer(status, body, requestId, { ...headers, 'server-timing': timing.header() });
  }).use(problems(`${route.method} ${route.path}`));
  return route.body ? stack.use(smallBody(route)).use(httpJsonBodyParser()) : stack;
}

/** Durations for the header `Server-Timing` (W3C Server Timing), ms; `total` is the function's own, without API Gateway. */
function serverTiming() {
  const startedAt = performance.now();
  const metrics: string[] = [];
  const since = (from: number) => (performance.now() - from).toFixed(1);
  return {
    async timed<T>(name: string, work: Promise<T>): Promise<T> {
      const from = performance.now();
      try {
        return await work;
      } finally {
        metrics.push(`${name};dur=${since(from)}`);
      }
    },
    header: () => [...metrics, `total;dur=${since(startedAt)}`].join(', '),
  };
}

const requestIdOf = (event: Partial<HttpEvent>): string => event.requestContext?.requestId ?? 'unknown';

function principalOf(event: HttpEvent, roles: Exclude<Route['roles'], 'anyone'>): Principal {
  const given = event.requestContext.authorizer?.lambda ?? {};
  const parsed = principalSchema.safeParse(given);
  if (!parsed.success) {
    const detail =
      typeof given.refused === 'string' ? given.refused : 'The token names no role known here, or no university.';
    throw new Problem('unauthorized', { detail, headers: { 'www-authenticate': 'Bearer' } });
  }
  requireRole(parsed.data, roles);
  return parsed.data;
}

/** Parses all of the request before it complains, so that every bad field is named at once. The query is a strict one. */
function readFields(route: Route, event: HttpEvent) {
  const read = (schema: z.ZodType | undefined, value: unknown) => schema?.safeParse(value);
  const params = read(route.params, event.pathParameters ?? {});
  const query = read(route.query, event.queryStringParameters ?? {});
  const body = read(route.body, event.body);
  const issues = [params, query, body].flatMap((parsed) => parsed?.error?.issues ?? []);
  if (issues.length > 0) {
    const errors = issues.flatMap((issue) => {
      if (issue.code !== 'unrecognized_keys') {
        return [{ field: issue.path.join('.') || 'body', message: issue.message }];
      }
      const allowed = Object.keys((issue.path.length === 0 && query?.error ? route.query : undefined)?.shape ?? {});
      const hint = allowed.length > 0 ? `; known: ${allowed.join(', ')}` : '';
      return issue.keys.map((key) => ({ field: [...issue.path, key].join('.'), message: `is not known here${hint}` }));
    });
    throw new Problem('invalid_request', { detail: 'Some fields are not valid; see errors.', errors });
  }
  return { params: params?.data, query: query?.data, body: body?.data };
}

/** Before the body parser: refuses what is too large unread, and what nobody may send before looking at it. */
function smallBody(route: Route): MiddlewareObj<HttpEvent> {
  return {
    before({ event }) {
      if (route.roles !== 'anyone') principalOf(event, route.roles);
      const bytes = event.isBase64Encoded
        ? Math.floor(((event.body?.length ?? 0) * 3) / 4)
        : Buffer.byteLength(event.body ?? '');
      if (bytes > MAX_BODY_BYTES) {
        throw new Problem('body_too_large', { detail: `A body may have at most ${MAX_BODY_BYTES} bytes.` });
      }
    },
  };
}

/** Turns whatever was thrown into an answer. */
function problems(route: string): MiddlewareObj<HttpEvent, HttpAnswer, Error, Context> {
  return {
    before({ event }) {
      logger.appendKeys({ request_id: requestIdOf(event) });
    },
    onError(request) {
      const problem = problemOf(request.error);
      if (problem.type === 'internal') logger.error(LOG.requestFailed, { route, error: request.error as Error });
      else logger.info(LOG.requestRefused, { route, problem: problem.type });
      request.response = problemAnswer(problem, requestIdOf(request.event ?? {}));
    },
  };
}

function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  // The body parser's errors, as Middy raises them.
  const status = (error as { statusCode?: number } | undefined)?.statusCode;
  if (status === 415) {
    return new Problem('unsupported_media_type', { detail: 'Send content-type: application/json.' });
  }
  if (status === 422 || status === 400) {
    return new Problem('invalid_request', {
      detail: 'The body is not JSON.',
      errors: [{ field: 'body', message: 'must be a JSON object' }],
    });
  }
  return new Problem('internal', { detail: 'The request failed for a reason of the service; try again later.' });
}
