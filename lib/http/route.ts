import * as z from 'zod';
import type { Role } from './principal.ts';
import type { ProblemType } from './problem.ts';

/** A route. Its function validates requests by it, and the OpenAPI document is generated from it. `serverless.yml` deploys it. */
export type Route = GuardedRoute | OpenRoute;

/** A route that needs a token with one of `roles`. */
export interface GuardedRoute extends RouteParts {
  readonly roles: readonly [Role, ...Role[]];
}

/** A route that needs no token. */
export interface OpenRoute extends RouteParts {
  readonly roles: 'anyone';
  /** Whether the handler checks the secret of the webhook subscription. */
  readonly needsWebhookSecret?: true;
}

/** The groups of routes in the OpenAPI document. Their descriptions are in openapi.ts. */
export type Tag = 'chats' | 'participants' | 'administration' | 'webhooks' | 'service';

interface RouteParts {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  /** The name of the call in generated clients: the function's folder in camelCase, without `http`. */
  readonly operationId: string;
  readonly tag: Tag;
  /** One line without a full stop. */
  readonly summary: string;
  readonly description?: string;
  /** Each field needs a description and an example in its `.meta()`, unless a helper below adds them. */
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** The handler parses the body itself, from `text()`. `body` only documents it. */
  readonly readsBodyItself?: true;
  /** An example of a valid body. */
  readonly bodyExample?: unknown;
  /** The responses by status. */
  readonly answers: Readonly<Record<number, RouteAnswer>>;
  /** The problems that only this route has. The document adds the problems that all routes of its kind have. */
  readonly problems?: readonly ProblemType[];
}

export interface RouteAnswer {
  readonly description: string;
  /** The body, with an example in its `.meta()`; absent if there is no body. Use `named` for a schema that several routes share. */
  readonly schema?: AnswerSchema;
  /** Whether the response has a `Location` header with the created or pollable resource. */
  readonly location?: true;
}

/** A function, because only the OpenAPI document needs the schema, and creating schemas would slow down every cold start. */
export type AnswerSchema = () => z.ZodType;

export const defineRoute = <const R extends Route>(route: R): R => route;

/** Returns a schema that is a component of the OpenAPI document with this name. It is created on first use. */
export function named<S extends z.ZodType>(name: string, make: () => S): () => S {
  let made: S | undefined;
  return () => {
    made ??= make().meta({ id: name });
    return made;
  };
}

/** Returns the schema of a whole number in a path or a query: decimal digits without leading zeros. */
function decimal(min: number, max: number, message: string) {
  return z
    .string()
    .regex(/^(0|[1-9][0-9]{0,15})$/, message)
    .transform(Number)
    .pipe(z.number().int(message).min(min, message).max(max, message));
}

/** The schema of a chat's id in a path: a positive safe integer. */
export const idParam = decimal(
  1,
  Number.MAX_SAFE_INTEGER,
  `must be a whole number from 1 to ${Number.MAX_SAFE_INTEGER}`,
).meta({ description: 'The id of the chat', examples: [123] });

/** Returns the schema of a whole number from `min` to `max` in a query. The document shows it as an integer. */
export const integerParam = (min: number, max: number) =>
  decimal(min, max, `must be a whole number from ${min} to ${max}`);

export const timestamp = z.string().meta({
  format: 'date-time',
  pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z$',
  description: 'RFC 3339, UTC, with milliseconds',
});
