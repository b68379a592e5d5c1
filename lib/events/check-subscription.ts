import type { Clock } from '../base/clock.ts';
import type { Subscription } from '../max-api/api.ts';
import type { MaxResponse } from '../refreshing/request-max.ts';
import type { SubscriptionStore } from '../state/subscription.ts';

/**
 * MAX unsubscribes a bot silently after eight hours without a delivery that was accepted. So the subscription is looked at on
 * a schedule, and made again where it is gone; what was not told meanwhile is then read in a full update.
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
  /** `lostSince`: when it was last seen; `undefined` for the first subscription. */
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
    // Before it is subscribed again: should this end in between, the next check finds the loss once more.
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
