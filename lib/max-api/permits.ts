/**
 * Permits to send requests to MAX. The quota (30 requests a second, docs/architecture.md) belongs to the bot, so one limiter serves
 * all functions. The holder of a permit may start exactly one request, at once.
 */

/** The name of the bot whose quota is limited. If there are several bots, each needs its own name. */
export const BOT = 'main';

/** `interactive`: a person waits, so these requests go first. `background`: all others. Neither lane starves the other. */
export type Lane = 'interactive' | 'background';

/**
 * `busy`: the lane's next slot is later than `maxWaitMs`. `cooling`: MAX throttled or failed, and all callers slow down.
 * `no_limiter`: the shared limiter can't be used, and this environment may not send requests without it.
 */
export type RefusalReason = 'busy' | 'cooling' | 'no_limiter';

export type Permit =
  | { readonly granted: true }
  | {
      readonly granted: false;
      readonly reason: RefusalReason;
      /** Time after which another attempt is useful, ms. */
      readonly retryAfterMs: number;
    };

/**
 * The outcome of a permitted request; it controls the shared rate.
 * `ok`: MAX responded about the chat (including 403 and 404). `throttled`: 429, or a 5xx with `Retry-After`.
 * `failed`: another 5xx, timeout or network error.
 */
export type PermitOutcome =
  | { readonly kind: 'ok' }
  | { readonly kind: 'failed' }
  | { readonly kind: 'throttled'; readonly retryAfterMs?: number };

export interface Permits {
  /**
   * Resolves when the caller may start one request (`granted`), or as soon as it is clear that its slot would be later than
   * `maxWaitMs` from now. Never rejects. Without Redis the environment paces itself.
   */
  acquire(lane: Lane, maxWaitMs: number): Promise<Permit>;
  /**
   * Reports the outcome of a permitted request. It costs no round trip, because the next `acquire` sends it; a 429 is sent at
   * once.
   */
  report(outcome: PermitOutcome): void;
  /** Sends the outcomes that have not been sent. Call it before the environment may freeze. Never rejects. */
  flush(): Promise<void>;
  /**
   * Starts the warm-up of a shared limiter that has lost its state now, instead of at the first caller. Never rejects.
   */
  wake(): Promise<void>;
}
