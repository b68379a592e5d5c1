import * as z from 'zod';
import type { Role } from './principal.ts';

/** A route as its function checks it and as the OpenAPI document shows it. `serverless.yml` deploys it. */
export type Route = GuardedRoute | OpenRoute;

/** Needs a token with one of these roles. */
export interface GuardedRoute extends RouteParts {
  readonly roles: readonly [Role, ...Role[]];
}

/** Needs no token. */
export interface OpenRoute extends RouteParts {
  readonly roles: 'anyone';
}

interface RouteParts {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly summary: string;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** The handler reads the body itself, as `text()`; `body` only documents it. */
  readonly readsBodyItself?: true;
  /** The answers by status; without a schema for one without a body. Problems are added by what the route can meet. */
  readonly answers: Readonly<Record<number, { readonly description: string; readonly schema?: AnswerSchema }>>;
  /** Statuses of the problems special to this route. */
  readonly problems?: readonly number[];
}

/** A function where it is large: only the OpenAPI document needs it, and making schemas takes time at every cold start. */
export type AnswerSchema = z.ZodType | (() => z.ZodType);

export const defineRoute = <const R extends Route>(route: R): R => route;

/** A positive safe integer in decimal digits. */
export const idParam = z
  .string()
  .regex(/^[1-9]\d{0,15}$/, 'must be a positive integer of at most 16 digits')
  .transform(Number)
  .refine(Number.isSafeInteger, `must be at most ${Number.MAX_SAFE_INTEGER}`);

/** A whole number in a query, in decimal digits. */
export const integerParam = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine((n) => n >= min && n <= max, `must be a whole number from ${min} to ${max}`);

export const timestamp = z.string().describe('RFC 3339, UTC, milliseconds');
