export interface SubscriptionStore {
  read(): Promise<SeenSubscription | undefined>;
  write(seen: SeenSubscription): Promise<void>;
}

/** Times are Unix ms. */
export interface SeenSubscription {
  readonly url: string;
  /** When it was last seen. */
  readonly seenAt: number;
  /** Since when it has been there at every look. */
  readonly since: number;
}

/** A subscription that wasn't seen for this long, four looks, may be gone. */
const DOUBTFUL_MS = 3_600_000;

/** Since when events come, Unix ms; `null`: they may not. */
export const eventsSince = (seen: SeenSubscription | undefined, now: number): number | null =>
  seen && now - seen.seenAt < DOUBTFUL_MS ? seen.since : null;
