import type { DeclaredFunction } from '../declared.ts';

/** A declared route and its function. */
export interface Target {
  readonly functionKey: string;
  /** `GET /chats/{id}`, or `$default` for the route of all other requests. */
  readonly routeKey: string;
}

export interface Match {
  readonly target: Target;
  readonly pathParameters: Readonly<Record<string, string>>;
}

interface Entry {
  readonly method: string;
  readonly segments: readonly Segment[];
  readonly target: Target;
}
type Segment = { readonly kind: 'exact' | 'parameter' | 'rest'; readonly text: string };

const RANK = { exact: 0, parameter: 1, rest: 2 } as const;

/**
 * Selects routes like API Gateway's HTTP API. A full match precedes a match with a greedy `{name+}`, and this precedes `$default`.
 * In each segment, exact text precedes a parameter. A named method precedes `ANY`.
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
 */
export class Routes {
  readonly #entries: readonly Entry[];
  readonly #fallback: Target | undefined;

  constructor(functions: readonly DeclaredFunction[]) {
    const entries: Entry[] = [];
    for (const { key, routes } of functions) {
      for (const route of routes) {
        if (route.path === '*') this.#fallback = { functionKey: key, routeKey: '$default' };
        else {
          const method = route.method === '*' ? 'ANY' : route.method.toUpperCase();
          const target = { functionKey: key, routeKey: `${method} ${route.path}` };
          entries.push({ method, segments: split(route.path).map(segmentOf), target });
        }
      }
    }
    this.#entries = entries.sort(bySpecificity);
  }

  /** Returns the best match. @param path still percent-encoded. @throws {URIError} for a malformed percent-encoding. */
  match(method: string, path: string): Match | undefined {
    const given = split(path).map(decodeURIComponent);
    for (const { method: wanted, segments, target } of this.#entries) {
      if (wanted !== 'ANY' && wanted !== method) continue;
      const pathParameters = parametersOf(segments, given);
      if (pathParameters) return { target, pathParameters };
    }
    return this.#fallback && { target: this.#fallback, pathParameters: {} };
  }
}

const split = (path: string) => path.slice(1).split('/');

function segmentOf(text: string): Segment {
  const name = /^\{(.+?)(\+?)\}$/.exec(text);
  if (!name) return { kind: 'exact', text };
  return { kind: name[2] === '+' ? 'rest' : 'parameter', text: name[1] ?? '' };
}

function bySpecificity(a: Entry, b: Entry): number {
  const length = Math.max(a.segments.length, b.segments.length);
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.segments[i], b.segments[i]];
    const difference = (x ? RANK[x.kind] : -1) - (y ? RANK[y.kind] : -1);
    if (difference !== 0) return difference;
  }
  return Number(a.method === 'ANY') - Number(b.method === 'ANY');
}

function parametersOf(segments: readonly Segment[], given: readonly string[]): Record<string, string> | undefined {
  const parameters: Record<string, string> = {};
  for (const [i, { kind, text }] of segments.entries()) {
    const value = given[i];
    if (value === undefined || (kind !== 'exact' && value === '')) return undefined;
    if (kind === 'rest') {
      parameters[text] = given.slice(i).join('/');
      return parameters;
    }
    if (kind === 'parameter') parameters[text] = value;
    else if (text !== value) return undefined;
  }
  return segments.length === given.length ? parameters : undefined;
}
