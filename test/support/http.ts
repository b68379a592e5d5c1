import type { Context } from 'aws-lambda';

/** Requests to HTTP functions as API Gateway sends them, without API Gateway. */

export interface Answer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly isBase64Encoded?: boolean;
}

export interface Asked {
  readonly routeKey?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly isBase64Encoded?: boolean;
  /** The time that Lambda leaves the function, ms. */
  readonly remainingMs?: number;
  /** When API Gateway received the request, Unix ms; now by default. */
  readonly receivedAt?: number;
}

export function ask(
  handler: unknown,
  { routeKey, headers = {}, path, query, body, isBase64Encoded = false, remainingMs, receivedAt }: Asked = {},
) {
  const event = {
    version: '2.0',
    rawPath: '/',
    ...(routeKey && { routeKey }),
    headers,
    requestContext: { requestId: 'request-1', timeEpoch: receivedAt ?? Date.now(), http: { method: 'GET', path: '/' } },
    ...(path && { pathParameters: path }),
    ...(query && { queryStringParameters: query }),
    ...(body !== undefined && { body }),
    isBase64Encoded,
  };
  return invoke(handler, event, remainingMs);
}

/** Invokes an HTTP function with any event. @param remainingMs the time that Lambda leaves the function. */
export function invoke(handler: unknown, event: unknown, remainingMs = 10_000) {
  const getRemainingTimeInMillis = () => remainingMs;
  const context = { awsRequestId: 'invocation-1', functionName: 'test', getRemainingTimeInMillis };
  return (handler as (event: unknown, context: Context) => Promise<Answer>)(event, context as Context);
}

/** Environment variables that a function needs at its import. Powertools reads its own at import. */
export const quietEnvironment = {
  POWERTOOLS_SERVICE_NAME: 'test',
  POWERTOOLS_METRICS_NAMESPACE: 'Test',
  POWERTOOLS_LOG_LEVEL: 'SILENT',
  POWERTOOLS_TRACE_ENABLED: 'false',
  POWERTOOLS_DEV: 'false',
} as const;
