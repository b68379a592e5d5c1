import * as z from 'zod';
import { PROBLEMS, type ProblemType } from './problem.ts';
import { pascalCase, problem, problemKind, problemName } from './problem-schemas.ts';
import type { Route, RouteAnswer, Tag } from './route.ts';

/** Generates the OpenAPI 3.1 document from the schemas that validate the requests. */

type Json = Record<string, unknown>;

const TAGS: Readonly<Record<Tag, string>> = {
  chats: 'The chats of the organisation, with their last known participant counts.',
  participants: 'Refreshes of participant counts from MAX, and validation of the served counts.',
  administration: 'Full updates of all counts, and the planner of the background sync.',
  webhooks: 'For MAX only.',
  service: 'The state of the service, and this document.',
};

const HEADERS = {
  RequestId: {
    description: 'Identifies the request in the logs of the service.',
    schema: { type: 'string' },
    example: 'dnNnBhLlliAEJ1Q=',
  },
  ServerTiming: {
    description:
      'Durations, ms: `total` in the function; in a listing also `db` for DynamoDB, and `counts` for Redis and its cache misses.',
    schema: { type: 'string' },
    example: 'db;dur=8.1, counts;dur=1.4, total;dur=10.2',
  },
  Location: {
    description: 'The path of the created resource.',
    schema: { type: 'string' },
    example: '/chats/123',
  },
  RetryAfter: {
    description: 'Seconds to wait before the next attempt. Absent in responses of API Gateway itself.',
    schema: { type: 'integer', minimum: 1 },
    example: 5,
  },
  WwwAuthenticate: {
    description: 'Absent for a webhook delivery.',
    schema: { type: 'string', const: 'Bearer' },
    example: 'Bearer',
  },
} as const;

const header = (name: keyof typeof HEADERS) => ({ $ref: `#/components/headers/${name}` });
const component = (name: string) => ({ $ref: `#/components/schemas/${name}` });

/** Responses that API Gateway creates itself, without the function. */
const GATEWAY_ANSWERS: Readonly<Record<number, string>> = {
  429: 'Too many requests; try again in a second',
  500: 'The function failed',
  503: 'The function is busy or took too long',
};
const gatewayError = () =>
  z
    .object({ message: z.string() })
    .meta({ description: 'A response of API Gateway itself', examples: [{ message: 'Service Unavailable' }] });

export function openApiDocument(routes: readonly Route[]): Json {
  const components = new Components();
  components.add('GatewayError', gatewayError());
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operation(route, components) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'chat-participants',
      version: '1',
      summary: 'The chats of an organisation in the MAX messenger, with their actual numbers of participants.',
      description:
        'Tokens are JWTs with a `role`: `superadmin` sees all chats; `curator` and `operator` see the chats of the university in their `university_id`. Times are RFC 3339 in UTC. Errors are `application/problem+json` (RFC 9457).',
      license: { name: 'Proprietary', identifier: 'LicenseRef-Proprietary' },
    },
    servers: [{ url: '/', description: 'The service that returned this document' }],
    security: [{ token: [] }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      ...components.all(),
      headers: HEADERS,
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
        webhookSecret: {
          type: 'apiKey',
          in: 'header',
          name: 'X-Max-Bot-Api-Secret',
          description: 'The secret of the webhook subscription.',
        },
      },
    },
  };
}

function operation(route: Route, components: Components): Json {
  return {
    operationId: route.operationId,
    tags: [route.tag],
    summary: route.summary,
    ...(route.description ? { description: route.description } : {}),
    ...access(route),
    parameters: [...parameters('path', route.params, components), ...parameters('query', route.query, components)],
    ...(route.body ? { requestBody: requestBody(route.body, route, components) } : {}),
    responses: {
      ...Object.fromEntries(
        Object.entries(route.answers).map(([status, answer]) => [status, responseOf(answer, components)]),
      ),
      ...problemResponses(problemsOf(route), components),
    },
  };
}

function access(route: Route): Json {
  if (route.roles !== 'anyone') return { 'x-roles': route.roles };
  return { security: route.needsWebhookSecret ? [{ webhookSecret: [] }] : [] };
}

/** The document shows parameters with the type of their parsed value, for example as integers. */
function parameters(where: 'path' | 'query', fields: z.ZodObject | undefined, components: Components): Json[] {
  return Object.entries(fields?.shape ?? {}).map(([name, field]) => {
    const { description, ...schema } = components.convert(field as z.ZodType, 'output');
    return { name, in: where, required: where === 'path', description, schema };
  });
}

/** The document shows bodies as clients send them, before defaults are added. */
const requestBody = (
  body: z.ZodType,
  { bodyExample: example, readsBodyItself }: Route,
  components: Components,
): Json => ({
  required: !readsBodyItself,
  content: { 'application/json': { schema: components.convert(body, 'input'), example } },
});

function responseOf({ description, schema, location }: RouteAnswer, components: Components): Json {
  return {
    description,
    headers: {
      'X-Request-Id': header('RequestId'),
      'Server-Timing': header('ServerTiming'),
      ...(location ? { Location: header('Location') } : {}),
    },
    ...(schema ? { content: { 'application/json': { schema: components.convert(schema(), 'output') } } } : {}),
  };
}

/** Returns all problems of a route, including those that all routes of its kind have. */
function problemsOf(route: Route): ReadonlySet<ProblemType> {
  const body = route.body !== undefined && !route.readsBodyItself;
  return new Set<ProblemType>([
    ...(route.params || route.query || body ? (['invalid_request'] as const) : []),
    ...(route.roles === 'anyone' ? [] : (['unauthorized', 'forbidden', 'unavailable'] as const)),
    ...(body ? (['body_too_large', 'unsupported_media_type'] as const) : []),
    ...(route.problems ?? []),
    'internal',
  ]);
}

function problemResponses(types: ReadonlySet<ProblemType>, components: Components): Record<string, Json> {
  const byStatus = new Map<number, ProblemType[]>(Object.keys(GATEWAY_ANSWERS).map((status) => [Number(status), []]));
  for (const type of types) {
    const { status } = PROBLEMS[type];
    byStatus.set(status, [...(byStatus.get(status) ?? []), type]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, kinds]) => [status, problemResponse(status, kinds, components)] as const),
  );
}

/** Responses that many routes share are components. */
function problemResponse(status: number, kinds: readonly ProblemType[], components: Components): Json {
  const gateway = GATEWAY_ANSWERS[status];
  const response = {
    description: [...kinds.map((type) => PROBLEMS[type].title), ...(gateway ? [gateway] : [])].join('; '),
    headers: {
      ...(kinds.length > 0 ? { 'X-Request-Id': header('RequestId') } : {}),
      ...(status === 401 ? { 'WWW-Authenticate': header('WwwAuthenticate') } : {}),
      ...(status === 503 ? { 'Retry-After': header('RetryAfter') } : {}),
    },
    content: {
      ...(kinds.length > 0 ? { 'application/problem+json': { schema: components.problems(kinds) } } : {}),
      ...(gateway ? { 'application/json': { schema: component('GatewayError') } } : {}),
    },
  };
  const [kind, ...others] = kinds;
  return others.length > 0 ? response : components.response(kind ? pascalCase(kind) : 'TooManyRequests', response);
}

/** The named schemas and responses of the document, in the order of their first use. */
class Components {
  readonly #schemas = new Map<string, Json>();
  readonly #responses = new Map<string, Json>();

  all(): { readonly schemas: Json; readonly responses: Json } {
    return { schemas: Object.fromEntries(this.#schemas), responses: Object.fromEntries(this.#responses) };
  }

  /** @returns a reference to the response. */
  response(name: string, response: Json): Json {
    this.#responses.set(name, response);
    return { $ref: `#/components/responses/${name}` };
  }

  add(name: string, schema: z.ZodType): void {
    this.#schemas.set(name, this.convert(schema, 'output'));
  }

  /** Returns a JSON Schema with references to its named parts, and adds these parts as components. */
  convert(schema: z.ZodType, io: 'input' | 'output'): Json {
    // Wrapped in an object, because a named schema becomes a reference only as a part of another schema.
    const { properties, $defs = {} } = z.toJSONSchema(z.object({ it: schema }), { io, unrepresentable: 'any' });
    for (const [name, part] of Object.entries($defs)) {
      const { id: _, ...definition } = referToComponents(part) as Json;
      const known = this.#schemas.get(name);
      if (known && JSON.stringify(known) !== JSON.stringify(definition)) {
        throw new Error(`two schemas have the name ${name}`);
      }
      this.#schemas.set(name, definition);
    }
    return referToComponents(properties?.it) as Json;
  }

  /** Returns a schema of several problems, which differ in their `type`. */
  problems(types: readonly ProblemType[]): Json {
    for (const type of types) this.#addProblem(type);
    const [first, ...others] = types.map((type) => component(problemName(type)));
    return others.length === 0 ? { ...first } : { oneOf: [first, ...others] };
  }

  #addProblem(type: ProblemType): void {
    const name = problemName(type);
    if (this.#schemas.has(name)) return;
    if (!this.#schemas.has('Problem')) {
      // An explicit `additionalProperties: true` would make generated types accept any member name.
      const { additionalProperties: _, ...open } = this.convert(problem(), 'output');
      this.#schemas.set('Problem', open);
    }
    const { members, example } = problemKind(type);
    const { additionalProperties: _, ...own } = this.convert(members, 'output');
    // `unevaluatedProperties` covers both parts. `additionalProperties` would apply to each part separately.
    const closed = { allOf: [component('Problem'), own], unevaluatedProperties: false };
    this.#schemas.set(name, { ...closed, examples: [example] });
  }
}

/** Rewrites zod's references to its own definitions. */
function referToComponents(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(referToComponents);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [
      key,
      key === '$ref' && typeof each === 'string'
        ? each.replace('#/$defs/', '#/components/schemas/')
        : referToComponents(each),
    ]),
  );
}
