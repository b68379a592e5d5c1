import createClient from 'openapi-fetch';
import type { components, paths } from '../../../test/e2e/api.d.ts';

/** The API's client, with the types of the OpenAPI document. */

export type Chat = components['schemas']['Chat'];
export type History = components['schemas']['ChatHistory'];
export type Plan = components['schemas']['Plan'];
export type FullUpdate = components['schemas']['FullUpdate'];
export type ChatChanges = components['schemas']['ChatChanges'];

/** The address of the API: that of the page. */
const BASE = new URL('.', location.href).href.replace(/\/$/, '');

export interface FieldError {
  readonly field: string;
  readonly message: string;
}

/** A failed request. */
export class ApiError extends Error {
  /** The HTTP status; 0 without a response. */
  readonly status: number;
  /** The last part of the problem's type, like `max_unreachable`; `gateway` for responses of API Gateway itself; `network`. */
  readonly kind: string;
  readonly requestId: string | undefined;
  readonly retryAfterS: number | undefined;
  readonly errors: readonly FieldError[];
  /** The problem's own members. */
  readonly members: Readonly<Record<string, unknown>>;

  constructor(
    status: number,
    kind: string,
    detail: string,
    members: Readonly<Record<string, unknown>> = {},
    retryAfterS?: number,
  ) {
    super(detail);
    this.status = status;
    this.kind = kind;
    this.members = members;
    this.requestId = typeof members.request_id === 'string' ? members.request_id : undefined;
    this.errors = Array.isArray(members.errors) ? members.errors : [];
    this.retryAfterS = retryAfterS;
  }
}

export type Api = ReturnType<typeof connect>;

/** @param onUnauthorized called when the service refuses the token. */
export function connect(token: string, onUnauthorized: (error: ApiError) => void) {
  const client = createClient<paths>({ baseUrl: BASE, headers: { authorization: `Bearer ${token}` } });

  /** Returns the body of the response. @throws {ApiError} */
  async function ask<T>(request: Promise<{ data?: T | undefined; error?: unknown; response: Response }>): Promise<T> {
    let result: Awaited<typeof request>;
    try {
      result = await request;
    } catch (error) {
      if ((error as Error).name === 'AbortError') throw error;
      throw new ApiError(0, 'network', String(error));
    }
    const { data, error, response } = result;
    if (response.ok) return data as T;
    const failure = failureOf(error, response);
    if (failure.status === 401) onUnauthorized(failure);
    throw failure;
  }
  return { client, ask };
}

function failureOf(body: unknown, response: Response): ApiError {
  const members = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  const kind = typeof members.type === 'string' ? (members.type.split(':').at(-1) ?? '') : 'gateway';
  const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN);
  const requestId = members.request_id ?? response.headers.get('apigw-requestid') ?? undefined;
  return new ApiError(
    response.status,
    kind,
    String(members.detail ?? members.title ?? members.message ?? response.statusText),
    { ...members, request_id: requestId },
    Number.isFinite(retryAfter) ? retryAfter : undefined,
  );
}
