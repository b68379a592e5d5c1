/** The MAX Bot API, as far as this service needs it: one request per call, without retry and without pacing. */

export type MaxErrorKind =
  /** 429 */
  | 'rate_limited'
  /** 5xx, or an answer that breaks the contract */
  | 'server'
  | 'timeout'
  /** No connection, reset, TLS failure */
  | 'network'
  /** 401: the token, so every call */
  | 'auth';

export interface MaxError {
  readonly kind: 'error';
  readonly error: MaxErrorKind;
  /** For the log: never contains the token or a body. */
  readonly detail: string;
  /** MAX's `Retry-After` in milliseconds, where it sent one. */
  readonly retryAfterMs?: number;
  /** Whether the same request may succeed later by itself: 429, 5xx, timeouts and network errors; not a broken answer. */
  readonly retryable: boolean;
}

export type ChatAnswer =
  | { readonly kind: 'count'; readonly count: number; readonly title: string | null; readonly link: string | null }
  /** A 200 about a chat that the bot no longer sees or that ended: the count beside such a status is not a count. */
  | { readonly kind: 'inactive'; readonly status: InactiveStatus }
  | { readonly kind: 'denied' }
  | { readonly kind: 'not_found' }
  | MaxError;

/** What MAX says of a chat instead of `active`. */
export const INACTIVE_STATUSES = ['removed', 'left', 'closed', 'suspended'] as const;
export type InactiveStatus = (typeof INACTIVE_STATUSES)[number];

export type MembershipAnswer =
  /** `receivesMembershipEvents`: the bot is told of every join and leave. */
  | { readonly kind: 'membership'; readonly receivesMembershipEvents: boolean }
  | { readonly kind: 'denied' }
  | { readonly kind: 'not_found' }
  | MaxError;

export interface Subscription {
  readonly url: string;
}

/** None of these rejects. `timeoutMs` is for the whole exchange, body included. */
export interface MaxApi {
  /** `GET /chats/{chatId}` */
  getChat(maxChatId: string, timeoutMs: number): Promise<ChatAnswer>;
  /** `GET /chats/{chatId}/members/me` */
  getMembership(maxChatId: string, timeoutMs: number): Promise<MembershipAnswer>;
  /** `GET /subscriptions` */
  listSubscriptions(timeoutMs: number): Promise<readonly Subscription[] | MaxError>;
  /** `POST /subscriptions`; adds to those there are. */
  subscribe(url: string, secret: string, timeoutMs: number): Promise<'done' | MaxError>;
  /** `DELETE /subscriptions?url=` */
  unsubscribe(url: string, timeoutMs: number): Promise<'done' | MaxError>;
}
