/** The errors of the API: application/problem+json (RFC 9457). Each type is defined once. */

export const PROBLEMS = {
  invalid_request: { status: 400, title: 'The request is not valid' },
  unauthorized: { status: 401, title: 'A valid token is required' },
  forbidden: { status: 403, title: 'The role does not allow this' },
  not_found: { status: 404, title: 'Not found' },
  method_not_allowed: { status: 405, title: 'Method not allowed' },
  max_chat_id_taken: { status: 409, title: 'Another chat has this max_chat_id' },
  no_max_chat: { status: 409, title: 'The chat has no MAX id' },
  chat_unavailable: { status: 409, title: 'The chat is not available in MAX' },
  run_under_way: { status: 409, title: 'A full update is already running' },
  validation_under_way: { status: 409, title: 'A validation is already running' },
  body_too_large: { status: 413, title: 'The body is too large' },
  unsupported_media_type: { status: 415, title: 'The body must be JSON' },
  internal: { status: 500, title: 'Internal error' },
  max_unreachable: { status: 503, title: 'MAX is not available now' },
  integration_disabled: { status: 503, title: 'The MAX integration is switched off' },
  unavailable: { status: 503, title: 'Temporarily unavailable' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ProblemType = keyof typeof PROBLEMS;

/** The `type` member of RFC 9457. */
export const problemUri = (type: ProblemType): string => `urn:chat-participants:problem:${type}`;

export interface FieldError {
  /** The name of the parameter, or the path in the body. */
  readonly field: string;
  /** The error and the allowed values. */
  readonly message: string;
}

export interface ProblemDetails {
  readonly detail?: string;
  readonly errors?: readonly FieldError[];
  /** Extension members (RFC 9457, 3.2). */
  readonly extra?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A handler throws it to respond with a problem. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly type: ProblemType;
  readonly details: ProblemDetails;

  constructor(type: ProblemType, details: ProblemDetails = {}) {
    super(details.detail ?? PROBLEMS[type].title);
    this.type = type;
    this.details = details;
  }
}

export interface HttpAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Text, or base64 if `isBase64Encoded` is true. */
  readonly body: string;
  readonly isBase64Encoded?: boolean;
}

/** Headers of every response. Nothing is cached, because the data change all the time. */
const COMMON_HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

export const jsonAnswer = (
  statusCode: number,
  body: unknown,
  requestId: string,
  headers: Readonly<Record<string, string>> = {},
): HttpAnswer => ({
  statusCode,
  headers: { 'content-type': 'application/json', ...COMMON_HEADERS, 'x-request-id': requestId, ...headers },
  body: body === undefined ? '' : JSON.stringify(body),
});

export function problemAnswer(problem: Problem, requestId: string): HttpAnswer {
  const { status, title } = PROBLEMS[problem.type];
  const { detail, errors, extra, headers } = problem.details;
  // JSON leaves out the members that are `undefined`.
  const body = { type: problemUri(problem.type), title, status, detail, request_id: requestId, errors, ...extra };
  return jsonAnswer(status, body, requestId, { 'content-type': 'application/problem+json', ...headers });
}
