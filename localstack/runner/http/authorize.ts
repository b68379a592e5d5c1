import type { Authorizer } from '../declared.ts';
import type { Invocation } from '../lambda/environment.ts';
import type { HttpApiEvent } from './event.ts';

export type Decision =
  | { readonly allowed: true; readonly context: unknown }
  | { readonly allowed: false; readonly status: 401 | 403 | 500; readonly message: string };

const UNAUTHORIZED: Decision = { allowed: false, status: 401, message: 'Unauthorized' };
const FORBIDDEN: Decision = { allowed: false, status: 403, message: 'Forbidden' };
const FAILED: Decision = { allowed: false, status: 500, message: 'Internal Server Error' };

/** More answers than this are not remembered. */
const CACHE_SIZE = 1_000;

/** One REQUEST authorizer with simple responses, and its cache. */
export class RequestAuthorizer {
  readonly #authorizer: Authorizer;
  readonly #arn: string;
  readonly #invoke: (functionKey: string, event: unknown) => Promise<Invocation>;
  readonly #cache = new Map<string, { readonly decision: Decision; readonly until: number }>();

  constructor(
    authorizer: Authorizer,
    region: string,
    invoke: (functionKey: string, event: unknown) => Promise<Invocation>,
  ) {
    this.#authorizer = authorizer;
    this.#arn = `arn:aws:execute-api:${region}:000000000000:local/$default`;
    this.#invoke = invoke;
  }

  async decide(event: HttpApiEvent): Promise<Decision> {
    const { identitySource, resultTtlS, functionKey } = this.#authorizer;
    const identity = identitySource.map((source) => sourceValue(source, event));
    if (identity.some((value) => !value)) return UNAUTHORIZED;
    const cacheKey = JSON.stringify(identity);
    const cached = this.#cache.get(cacheKey);
    if (cached && cached.until > Date.now()) return cached.decision;
    const { body: _, isBase64Encoded: __, requestContext, ...request } = event;
    const { method, path } = requestContext.http;
    const invocation = await this.#invoke(functionKey, {
      ...request,
      type: 'REQUEST',
      routeArn: `${this.#arn}/${method}${path}`,
      identitySource: identitySource.length > 0 ? identity : null,
      requestContext,
    });
    const decision = decisionOf(invocation);
    const failed = !decision.allowed && decision.status === 500;
    if (resultTtlS > 0 && !failed) {
      if (this.#cache.size >= CACHE_SIZE) this.#cache.clear();
      this.#cache.set(cacheKey, { decision, until: Date.now() + resultTtlS * 1_000 });
    }
    return decision;
  }
}

function decisionOf(invocation: Invocation): Decision {
  if (invocation.outcome === 'error' && invocation.errorMessage === 'Unauthorized') return UNAUTHORIZED;
  if (invocation.outcome !== 'value') return FAILED;
  const { value } = invocation;
  if (typeof value !== 'object' || value === null || !('isAuthorized' in value)) return FAILED;
  if (typeof value.isAuthorized !== 'boolean') return FAILED;
  if (!value.isAuthorized) return FORBIDDEN;
  return { allowed: true, context: 'context' in value ? value.context : undefined };
}

/** Sources of the request only: `$request.header.Name`, `$request.querystring.name`, and `$context.` paths. */
function sourceValue(source: string, event: HttpApiEvent): string | undefined {
  const [, kind, name = ''] = /^\$(request\.header|request\.querystring|context)\.(.+)$/.exec(source) ?? [];
  if (kind === 'request.header') return event.headers[name.toLowerCase()];
  if (kind === 'request.querystring') return event.queryStringParameters?.[name];
  if (kind !== 'context') return undefined;
  const found = name
    .split('.')
    .reduce<unknown>(
      (at, key) => (typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[key] : undefined),
      event.requestContext,
    );
  return found === undefined ? undefined : String(found);
}
