import * as z from 'zod';
import type { Role } from './principal.ts';
import type { ProblemType } from './problem.ts';

/** A route as its function checks it and as the OpenAPI document shows it. `serverless.yml` deploys it. */
export type Route = GuardedRoute | OpenRoute;

/** Needs a token with one of these roles. */
export interface GuardedRoute extends RouteParts {
  readonly roles: readonly [Role, ...Role[]];
}

/** Needs no token. */
export interface OpenRoute extends RouteParts {
  readonly roles: 'anyone';
  /** The handler checks the secret of the webhook subscription. */
  readonly needsWebhookSecret?: true;
}

/** Groups of routes in the document; their descriptions are in openapi.ts. */
export type Tag = 'chats' | 'participants' | 'administration' | 'webhooks' | 'service';

interface RouteParts {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  /** The function's folder in camelCase, without `http`: the name of the call in generated clients. */
  readonly operationId: string;
  readonly tag: Tag;
  /** One line without a full stop. */
  readonly summary: string;
  readonly description?: string;
  /** Each field has a description and an example in its `.meta()`, unless a helper below gives them. */
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** The handler reads the body itself, as `text()`; `body` only documents it. */
  readonly readsBodyItself?: true;
  /** A body that the route accepts. */
  readonly bodyExample?: unknown;
  /** The answers by status. */
  readonly answers: Readonly<Record<number, RouteAnswer>>;
  /** The problems special to this route; those that every route of its kind has are added in the document. */
  readonly problems?: readonly ProblemType[];
}

export interface RouteAnswer {
  readonly description: string;
  /** The body, with an example in its `.meta()`; absent for an answer without a body. Use `named` for what several routes answer with. */
  readonly schema?: AnswerSchema;
  /** It names the address of what was made or can be polled. */
  readonly location?: true;
}

/** A function, since only the OpenAPI document needs it, and making schemas takes time at every cold start. */
export type AnswerSchema = () => z.ZodType;

export const defineRoute = <const R extends Route>(route: R): R => route;

/** A schema that is a component of the document, under this name. Made when it is first used. */
export function named<S extends z.ZodType>(name: string, make: () => S): () => S {
  let made: S | undefined;
  return () => {
    made ??= make().meta({ id: name });
    return made;
  };
}

/** A whole number in a path or a query, in decimal digits without leading zeros. */
function decimal(min: number, max: number, message: string) {
  return z
    .string()
    .regex(/^(0|[1-9][0-9]{0,15})$/, message)
    .transform(Number)
    .pipe(z.number().int(message).min(min, message).max(max, message));
}

/** The id of a chat in a path: a positive safe integer. */
export const idParam = decimal(
  1,
  Number.MAX_SAFE_INTEGER,
  `must be a whole number from 1 to ${Number.MAX_SAFE_INTEGER}`,
).meta({ description: 'The id of the chat', examples: [123] });

/** A whole number from `min` to `max` in a query. The document shows it as an integer. */
export const integerParam = (min: number, max: number) =>
  decimal(min, max, `must be a whole number from ${min} to ${max}`);

export const timestamp = z.string().meta({
  format: 'date-time',
  pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z$',
  description: 'RFC 3339, UTC, with milliseconds',
});
