import type { Clock } from '../base/clock.ts';
import type { Subscription } from '../max-api/api.ts';
import type { MaxResponse } from '../refreshing/request-max.ts';
import type { SubscriptionStore } from '../state/subscription.ts';

/**
 * Checks the webhook subscription on a schedule, because MAX silently removes it after eight hours without an accepted delivery. If
 * it is gone, subscribes again, and starts a full update to cover the events that were lost meanwhile.
 */

interface CheckSubscriptionDeps {
  readonly listSubscriptions: (deadline: number) => Promise<MaxResponse<readonly Subscription[]>>;
  readonly subscribe: (url: string, deadline: number) => Promise<MaxResponse<'done'>>;
  readonly store: SubscriptionStore;
  readonly refreshAll: () => Promise<unknown>;
  readonly clock: Clock;
}

export type SubscriptionOutcome =
  | { readonly kind: 'fine' }
  /** `lostSince`: when MAX last confirmed the subscription; `undefined` for the first one. */
  | { readonly kind: 'subscribed'; readonly lostSince: number | undefined }
  | { readonly kind: 'failed'; readonly reason: string };

export const createCheckSubscription =
  (deps: CheckSubscriptionDeps) =>
  async (url: string, deadline: number): Promise<SubscriptionOutcome> => {
    const there = await deps.listSubscriptions(deadline);
    if (there.kind !== 'answered') return failed(there);
    const now = deps.clock.now();
    const seen = await deps.store.read();
    const known = seen?.url === url ? seen : undefined;
    if (there.answer.some((subscription) => subscription.url === url)) {
      await deps.store.write({ url, seenAt: now, since: known?.since ?? now });
      return { kind: 'fine' };
    }
    const lostSince = known?.seenAt;
    // Before the new subscription: if this call dies in between, the next check detects the loss again.
    if (lostSince !== undefined) await deps.refreshAll();
    const made = await deps.subscribe(url, deadline);
    if (made.kind !== 'answered') return failed(made);
    await deps.store.write({ url, seenAt: now, since: now });
    return { kind: 'subscribed', lostSince };
  };

const failed = (asked: Exclude<MaxResponse<never>, { kind: 'answered' }>): SubscriptionOutcome => ({
  kind: 'failed',
  reason: asked.kind === 'failed' ? asked.error : asked.reason,
});
