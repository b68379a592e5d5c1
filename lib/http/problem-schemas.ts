import * as z from 'zod';
import { INACTIVE_STATUSES } from '../max-api/api.ts';
import type { RefreshOneOutcome } from '../refreshing/refresh-one.ts';
import { PROBLEMS, type ProblemType, problemUri } from './problem.ts';
import { lastKnown, runExample, runReport } from './schemas.ts';

/** Schemas of the problems in the OpenAPI document: the common members, and the extension members of each type. */

export const problem = () =>
  z
    .looseObject({
      type: z.string().describe('Identifies the type of problem'),
      title: z.string().describe('The type of problem in words; the same for all problems of a type'),
      status: z.int().min(400).max(599).describe('The HTTP status'),
      detail: z.string().optional().describe('The error in this request'),
      request_id: z.string().describe('Identifies the request in the logs of the service'),
    })
    .describe('RFC 9457');

type Unreachable = Extract<RefreshOneOutcome, { kind: 'max_unreachable' }>;

/** The reasons for which no count could be fetched from MAX. It is a record, so that the compiler reports a missing reason. */
const REASONS: Readonly<Record<Unreachable['reason'], true>> = {
  ...{ busy: true, cooling: true, no_limiter: true },
  ...{ rate_limited: true, server: true, timeout: true, network: true, auth: true },
};

interface Kind {
  readonly detail: string;
  /** Extension members. */
  readonly members?: () => z.ZodObject;
  readonly example?: () => Readonly<Record<string, unknown>>;
}

const KINDS: Readonly<Record<ProblemType, Kind>> = {
  invalid_request: {
    detail: 'Some fields are not valid; see errors.',
    members: () =>
      z.object({
        errors: z
          .array(
            z.object({
              field: z.string().describe('The name of a parameter, or a path in the body'),
              message: z.string().describe('The error, with the allowed values'),
            }),
          )
          .min(1),
      }),
    example: () => ({ errors: [{ field: 'limit', message: 'must be a whole number from 1 to 100' }] }),
  },
  unauthorized: { detail: 'The token has expired.' },
  forbidden: { detail: 'Chat 123 does not belong to your university.' },
  not_found: { detail: 'There is no chat 123.' },
  method_not_allowed: { detail: 'PUT is not possible here; allowed: GET, PATCH, DELETE.' },
  max_chat_id_taken: {
    detail: 'Chat 123 has this max_chat_id already.',
    members: () =>
      z.object({
        chat_id: z.int().min(1).optional().describe('The chat that has the id; absent if the caller may not see it'),
      }),
    example: () => ({ chat_id: 123 }),
  },
  no_max_chat: { detail: 'Chat 123 has no max_chat_id, so its count can not be fetched from MAX.' },
  chat_unavailable: {
    detail: 'MAX no longer knows this chat.',
    members: () =>
      z.object({
        chat_status: z.enum(['denied', 'gone', ...INACTIVE_STATUSES]).describe('The status of the chat'),
        last_known: lastKnown(),
      }),
    example: () => ({
      chat_status: 'gone',
      last_known: { participants_count: 57, updated_at: '2026-11-24T03:10:05.120Z', age_seconds: 86_400 },
    }),
  },
  run_under_way: {
    detail: 'Run 0b8a5c1e-7d1f-4b52-9d53-3c1b8e0f6a11 is running; a new one can start when it has ended.',
    members: () =>
      z.object({ run: runReport(), status_url: z.string().describe('The path of the run, with its progress') }),
    example: () => ({ run: runExample, status_url: `/admin/participants/full-update/${runExample.run_id}` }),
  },
  validation_under_way: { detail: 'Only one validation can run at a time.' },
  body_too_large: { detail: 'A body may have at most 262144 bytes.' },
  unsupported_media_type: { detail: 'Send content-type: application/json.' },
  internal: { detail: 'The request failed because of an error in the service. Try again later.' },
  max_unreachable: {
    detail: 'The count was not read: MAX did not respond in time.',
    members: () =>
      z.object({
        reason: z
          .enum(Object.keys(REASONS) as Unreachable['reason'][])
          .describe('Why no count could be fetched from MAX'),
        last_known: lastKnown().optional(),
      }),
    example: () => ({
      reason: 'timeout',
      last_known: { participants_count: 57, updated_at: '2026-11-25T11:00:00.000Z', age_seconds: 3_600 },
    }),
  },
  integration_disabled: {
    detail: 'PARTICIPANTS_INTEGRATION_DISABLED is true: counts come from the database only, and MAX is not asked.',
  },
  unavailable: { detail: 'Tokens can not be verified now, because their issuer can not be reached.' },
};

/** Returns the name of the component that describes a type of problem, like `MaxUnreachableProblem`. */
export const problemName = (type: ProblemType): string => `${pascalCase(type)}Problem`;

export const pascalCase = (snakeCase: string): string =>
  snakeCase.replace(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase());

/** Returns the members that a type of problem adds or narrows, and an example of a complete problem. */
export function problemKind(type: ProblemType): { readonly members: z.ZodObject; readonly example: object } {
  const { status, title } = PROBLEMS[type];
  const { detail, members, example } = KINDS[type];
  const fixed = { type: z.literal(problemUri(type)), title: z.literal(title), status: z.literal(status) };
  return {
    members: z.object({ ...fixed, ...members?.().shape }),
    example: { type: problemUri(type), title, status, detail, request_id: 'dnNnBhLlliAEJ1Q=', ...example?.() },
  };
}
