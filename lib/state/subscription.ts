export interface SubscriptionStore {
  read(): Promise<SeenSubscription | undefined>;
  write(seen: SeenSubscription): Promise<void>;
}

/** The webhook subscription at the last check. Times are Unix ms. */
export interface SeenSubscription {
  readonly url: string;
  /** When MAX last confirmed it. */
  readonly seenAt: number;
  /** Time since which every check has confirmed it. */
  readonly since: number;
}

/** Time without confirmation (four checks) after which the subscription may be gone, ms. */
const DOUBTFUL_MS = 3_600_000;

/** The known state of the subscription. `since`: Unix ms; `null` if it was never confirmed. */
export type SubscriptionState =
  | { readonly state: 'confirmed' | 'lost'; readonly since: number }
  | { readonly state: 'none'; readonly since: null };

/** Returns since when the subscription is confirmed by every check, or since when by none. */
export function subscriptionState(seen: SeenSubscription | undefined, now: number): SubscriptionState {
  if (!seen) return { state: 'none', since: null };
  const since = eventsSince(seen, now);
  return since === null ? { state: 'lost', since: seen.seenAt } : { state: 'confirmed', since };
}

/** Returns the time since which events arrive, Unix ms; `null` if they may not arrive. */
export const eventsSince = (seen: SeenSubscription | undefined, now: number): number | null =>
  seen && now - seen.seenAt < DOUBTFUL_MS ? seen.since : null;
