/** The part of the MAX Bot API that this service uses. Each call sends one request; it neither retries nor waits for a permit. */

export type MaxErrorKind =
  /** 429 */
  | 'rate_limited'
  /** 5xx, or a response that violates the API's contract */
  | 'server'
  | 'timeout'
  /** No connection, reset, TLS failure */
  | 'network'
  /** 401: MAX refuses the token, so every call fails */
  | 'auth';

export interface MaxError {
  readonly kind: 'error';
  readonly error: MaxErrorKind;
  /** Text for the log. It never contains the token or a body. */
  readonly detail: string;
  /** MAX's `Retry-After`, ms, if the response had one. */
  readonly retryAfterMs?: number;
  /** Whether the same request may succeed later: true for 429, 5xx, timeouts and network errors, false for a malformed response. */
  readonly retryable: boolean;
}

export type ChatAnswer =
  | {
      readonly kind: 'count';
      readonly count: number;
      readonly title: string | null;
      readonly link: string | null;
      /** The last event of the chat, at `at` (Unix ms), and the number of messages ever sent; `null`: not in the response. */
      readonly lastEvent?: { readonly at: number; readonly messages: number | null } | null;
    }
  /**
   * A 200 about a chat that the bot no longer sees or that ended. MAX sends a number with such a status, but it is not the count.
   */
  | { readonly kind: 'inactive'; readonly status: InactiveStatus }
  | { readonly kind: 'denied' }
  | { readonly kind: 'not_found' }
  | MaxError;

/** The statuses of a chat in MAX other than `active`. */
export const INACTIVE_STATUSES = ['removed', 'left', 'closed', 'suspended'] as const;
export type InactiveStatus = (typeof INACTIVE_STATUSES)[number];

export type MembershipAnswer =
  /** `receivesMembershipEvents`: MAX sends the bot an event for every join and leave. */
  | { readonly kind: 'membership'; readonly receivesMembershipEvents: boolean }
  | { readonly kind: 'denied' }
  | { readonly kind: 'not_found' }
  | MaxError;

export interface Subscription {
  readonly url: string;
}

/** No call rejects. `timeoutMs` limits the whole exchange, including the body. */
export interface MaxApi {
  /** `GET /chats/{chatId}` */
  getChat(maxChatId: string, timeoutMs: number): Promise<ChatAnswer>;
  /** `GET /chats/{chatId}/members/me` */
  getMembership(maxChatId: string, timeoutMs: number): Promise<MembershipAnswer>;
  /** `GET /subscriptions` */
  listSubscriptions(timeoutMs: number): Promise<readonly Subscription[] | MaxError>;
  /** `POST /subscriptions`; adds a subscription and keeps the existing ones. */
  subscribe(url: string, secret: string, timeoutMs: number): Promise<'done' | MaxError>;
  /** `DELETE /subscriptions?url=` */
  unsubscribe(url: string, timeoutMs: number): Promise<'done' | MaxError>;
}
