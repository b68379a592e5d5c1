import type { MiddlewareObj } from '@middy/core';
import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import type { z } from 'zod';
import { isOutage } from '../base/limits.ts';
import { LOG } from '../runtime/log-messages.ts';
import { instrumented, logger } from '../runtime/observability.ts';
import { authenticate } from './authenticate.ts';
import { bodyText, readBody } from './body.ts';
import { compressed } from './compress.ts';
import type { Principal } from './principal.ts';
import { type FieldError, type HttpAnswer, jsonAnswer, Problem, problemAnswer } from './problem.ts';
import type { GuardedRoute, OpenRoute, Route } from './route.ts';

/**
 * Middleware shared by all HTTP functions. First verifies the token (401) and the role (403), then parses the body (413, 415,
 * 400) and the fields (400), then calls the use case. Errors become RFC 9457 problems; unexpected errors reveal no details.
 */

export interface HttpRequest<P, Q, B, W> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  /** The caller; `undefined` only on routes for anyone. */
  readonly principal: W;
  /** Returns a header of the request, by its name in lower case. */
  readonly header: (name: string) => string | undefined;
  /** Returns the body as text. */
  readonly text: () => string;
  readonly requestId: string;
  /**
   * When API Gateway received the request, Unix ms, by its clock. At most 5 s before the start of the function, and never after
   * it.
   */
  readonly arrivedAt: number;
  /** Waits for `work` and adds its duration to `Server-Timing` under this name. */
  readonly timed: <T>(name: string, work: Promise<T>) => Promise<T>;
  /** When Lambda stops the function, Unix ms. */
  readonly cutOffAt: number;
}

/** The response of a handler. */
export interface Reply {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

type Parsed<R, K extends string> = R extends Record<K, infer S extends z.ZodType> ? z.output<S> : undefined;
type Handle<R extends Route, W> = (
  request: HttpRequest<Parsed<R, 'params'>, Parsed<R, 'query'>, Parsed<R, 'body'>, W>,
) => Promise<Reply>;

/**
 * Creates the function of a route that needs a token.
 * @param prepare work that the first request of an environment starts while its token is verified: secrets and connections for
 * `handle`. Its failures are ignored, because `handle` encounters them itself.
 */
export const httpFunction = <R extends GuardedRoute>(
  route: R,
  handle: Handle<R, Principal>,
  prepare: readonly (() => Promise<unknown>)[] = [],
) => {
  let prepared = false;
  return respond(route, handle, ({ headers }) => {
    const principal = authenticate(headers.authorization, route.roles);
    if (!prepared) void Promise.allSettled(prepare.map(async (start) => start()));
    prepared = true;
    return principal;
  });
};

/** Creates the function of a route that anyone may call. */
export const openHttpFunction = <R extends OpenRoute>(route: R, handle: Handle<R, undefined>) =>
  respond(route, handle, () => undefined);

function respond<R extends Route, W>(
  route: R,
  handle: Handle<R, W>,
  identify: (event: APIGatewayProxyEventV2) => Promise<W> | W,
) {
  // Created once, because a schema is compiled on first use, which takes longer than parsing.
  let query: z.ZodObject | undefined;
  return instrumented<APIGatewayProxyEventV2, HttpAnswer>(async (sent, context) => {
    // API Gateway always sends headers; someone who invokes the function directly may not.
    const event = { ...sent, headers: sent.headers ?? {} };
    const requestId = requestIdOf(event);
    const timing = serverTiming();
    const principal = await identify(event);
    query ??= route.query?.strict();
    const readsBody = route.body !== undefined && !route.readsBodyItself;
    const body = readsBody ? readBody(event) : undefined;
    const schemas = { ...route, ...(query ? { query } : {}) };
    const fields = readFields(schemas, event, body, readsBody);
    const cutOffAt = Date.now() + context.getRemainingTimeInMillis();
    const arrivedAt = arrivalOf(event, Date.now());
    const header = (name: string) => event.headers[name];
    const { timed } = timing;
    const text = () => bodyText(event);
    const request = { ...fields, principal, header, text, requestId, arrivedAt, timed, cutOffAt } as Parameters<
      typeof handle
    >[0];
    const reply = await handle(request);
    logger.info(LOG.requestDone, { route: `${route.method} ${route.path}`, status: reply.status });
    return jsonAnswer(reply.status, reply.body, requestId, { ...reply.headers, 'server-timing': timing.header() });
  }, TIME_LIMIT)
    .use(compressed())
    .use(problems(`${route.method} ${route.path}`));
}

/**
 * A second before Lambda would end the function, it answers like an outage, because API Gateway's own answer has no `Retry-After`.
 * Several slow calls, each within its limits, can take that long together. The rest of the second is for the logs, metrics and views.
 */
const TIME_LIMIT = {
  timeoutEarlyInMillis: 1_000,
  timeoutEarlyResponse: () => {
    throw Object.assign(new Error('the request took too long'), { name: 'TimeoutError' });
  },
};

/**
 * Measures durations for the header `Server-Timing` (W3C Server Timing), ms. `total` is that of the function, without API
 * Gateway.
 */
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

/** Longest accepted time between API Gateway and the function, ms. A wrong clock must not make an old count look new. */
const MAX_WAIT_FOR_ENVIRONMENT_MS = 5_000;

function arrivalOf({ requestContext }: APIGatewayProxyEventV2, now: number): number {
  return Math.min(now, Math.max(now - MAX_WAIT_FOR_ENVIRONMENT_MS, requestContext?.timeEpoch ?? now));
}

const requestIdOf = (event: Partial<APIGatewayProxyEventV2>): string => event.requestContext?.requestId ?? 'unknown';

/** Parses the whole request, so that the problem names all invalid fields. The query schema must be strict. */
function readFields(route: Route, event: APIGatewayProxyEventV2, given: unknown, readsBody: boolean) {
  const read = (schema: z.ZodType | undefined, value: unknown) => schema?.safeParse(value);
  const params = read(route.params, event.pathParameters ?? {});
  const query = read(route.query, event.queryStringParameters ?? {});
  const body = readsBody ? read(route.body, given) : undefined;
  const known = Object.keys(route.query?.shape ?? {});
  const errors = [
    ...fieldErrors(params?.error, parameterName),
    ...fieldErrors(query?.error, parameterName, known.length > 0 ? `; known: ${known.join(', ')}` : ''),
    ...fieldErrors(body?.error, (path) => path.join('.') || 'body'),
  ];
  if (errors.length > 0) {
    throw new Problem('invalid_request', { detail: 'Some fields are not valid; see errors.', errors });
  }
  return { params: params?.data, query: query?.data, body: body?.data };
}

/** Returns the parameter of a path. The rest of the path is a part of its value, which a client sends as one text. */
const parameterName = ([name]: readonly PropertyKey[]): string => String(name ?? 'query');

/** Returns the distinct errors of the fields. @param hint follows the name of an unknown field. */
function fieldErrors(
  error: z.ZodError | undefined,
  nameOf: (path: readonly PropertyKey[]) => string,
  hint = '',
): FieldError[] {
  const errors = (error?.issues ?? []).flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({ field: nameOf([...issue.path, key]), message: `is unknown${hint}` }))
      : [{ field: nameOf(issue.path), message: issue.message }],
  );
  return [...new Map(errors.map((one) => [`${one.field} ${one.message}`, one])).values()];
}

/** Converts errors into responses. */
function problems(route: string): MiddlewareObj<APIGatewayProxyEventV2, HttpAnswer, Error, Context> {
  return {
    before({ event }) {
      logger.appendKeys({ request_id: requestIdOf(event) });
    },
    onError(request) {
      const problem = problemOf(request.error);
      if (problem.type === 'internal' || isOutage(request.error))
        logger.error(LOG.requestFailed, { route, error: request.error as Error });
      else logger.info(LOG.requestRefused, { route, problem: problem.type });
      request.response = problemAnswer(problem, requestIdOf(request.event ?? {}));
    },
  };
}

function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (isOutage(error)) {
    return new Problem('unavailable', {
      detail: 'A part of the service can not be reached now; try again in a few seconds.',
      headers: { 'retry-after': '5' },
    });
  }
  return new Problem('internal', { detail: 'The request failed because of an error in the service. Try again later.' });
}
