/**
 * Permits to call MAX. The quota (30 requests a second, max-api facts in docs/architecture.md) belongs to the bot, so one
 * limiter serves every function; who holds a permit may start exactly one request, at once.
 */

/** Name of the bot whose quota is limited: with several bots each gets a name of its own. */
export const BOT = 'main';

/** `interactive`: a person waits, goes first. `background`: everything else. Neither starves the other. */
export type Lane = 'interactive' | 'background';

/**
 * `busy`: the lane's turn comes later than `maxWaitMs`. `cooling`: MAX throttled or failed, and all callers slow down.
 * `no_limiter`: the shared limiter can't be used, and this environment has no share of the rate without it.
 */
export type RefusalReason = 'busy' | 'cooling' | 'no_limiter';

export type Permit =
  | { readonly granted: true }
  | {
      readonly granted: false;
      readonly reason: RefusalReason;
      /** Milliseconds after which asking again is sensible. */
      readonly retryAfterMs: number;
    };

/**
 * What became of a permitted request, for the shared pace.
 * `ok`: MAX answered about the chat (403 and 404 included). `throttled`: 429, or a 5xx with `Retry-After`.
 * `failed`: another 5xx, timeout or network error.
 */
export type PermitOutcome =
  | { readonly kind: 'ok' }
  | { readonly kind: 'failed' }
  | { readonly kind: 'throttled'; readonly retryAfterMs?: number };

export interface Permits {
  /**
   * Resolves when the caller may start one request (`granted`), or as soon as it is known that its turn would come later
   * than `maxWaitMs` from now. Never rejects: without Redis the pacing is local.
   */
  acquire(lane: Lane, maxWaitMs: number): Promise<Permit>;
  /** Tells how the permitted request ended. Cheap: travels with the next `acquire`, except a 429, which is told at once. */
  report(outcome: PermitOutcome): void;
  /** Delivers what `report` still holds. Call before the environment may freeze. Never rejects. */
  flush(): Promise<void>;
  /**
   * Says that callers are to come: a shared limiter that has lost its state warms up from now, not from the first caller.
   * Never rejects.
   */
  wake(): Promise<void>;
}
