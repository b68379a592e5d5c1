import type { Clock } from '../base/clock.ts';
import { pace, windowMs } from './pace.ts';

/**
 * Decides which environments may use the quota when only some of them lose Redis: those that use the shared limiter, or those
 * that pace themselves, but never both. Each side stores a claim in the durable store: the time until which it sends requests.
 * A side starts after the other side's claim has ended. The shared side has priority: after it has claimed, the other side
 * can't renew its claim.
 */
export interface ClaimStore {
  /**
   * Claims the quota for the shared limiter until `until`, Unix ms.
   * @returns the time until which environments without Redis may send requests, Unix ms; 0 if they never claimed.
   */
  claimShared(until: number): Promise<number>;
  /**
   * Claims the quota for environments without Redis until `until`, unless the claim of the shared limiter ends after `unless`.
   * @returns the end of the shared limiter's claim, Unix ms; 0 if the new claim was stored.
   */
  claimLocal(until: number, unless: number): Promise<number>;
}

/** Lifetime of a claim, ms. If all environments lose Redis, they may send no requests for this long. */
const CLAIM_MS = 6_000;
/** Age at which a claim is renewed, ms. An environment that sends requests makes one write every two seconds. */
const RENEW_MS = 2_000;
/** Time after which a request with a permit granted now has started and has left MAX's window, ms. */
const NEEDED_MS = pace.horizonMs + windowMs;
/** Largest difference between the clocks of environments, ms. On Lambda they differ by a few milliseconds. */
const SKEW_MS = 1_000;
/** Pause after a failed request to the durable store, ms. */
const RETRY_MS = 2_000;

/** Each claim costs no round trip while the last one is recent, otherwise 1 write. The methods never reject. */
export interface Sides {
  /** Claims the quota for the shared limiter. */
  shared(): Promise<Claim>;
  /** Claims the quota for environments that pace themselves. */
  local(): Promise<Claim>;
  /** Resolves when no claim is in progress. */
  settled(): Promise<void>;
}

export interface Claim {
  /** Time from which this side may send requests, Unix ms. */
  readonly from: number;
  /** Time until which the other side may still send requests, Unix ms. */
  readonly othersUntil: number;
}

export function createSides({ store, clock }: { readonly store: ClaimStore; readonly clock: Clock }): Sides {
  const shared = createClaimant(clock, (until) => store.claimShared(until), true);
  const local = createClaimant(clock, (until, unless) => store.claimLocal(until, unless), false);
  return {
    shared: shared.claim,
    local: local.claim,
    async settled() {
      await Promise.all([shared.settled(), local.settled()]);
    },
  };
}

/** @param always whether a claim is valid even while the other side's claim has not ended. */
function createClaimant(clock: Clock, ask: (until: number, unless: number) => Promise<number>, always: boolean) {
  let claimedAt = Number.NEGATIVE_INFINITY;
  let answer: Claim = { from: 0, othersUntil: 0 };
  let asking: Promise<void> | undefined;
  const holds = (now: number) => claimedAt + CLAIM_MS - now > NEEDED_MS;

  async function renew(now: number): Promise<void> {
    try {
      const othersUntil = await ask(now + CLAIM_MS, now - SKEW_MS);
      answer = { from: othersUntil === 0 ? 0 : othersUntil + SKEW_MS, othersUntil };
      if (always || othersUntil === 0) claimedAt = now;
    } catch {
      // Without a claim no requests are sent. A claim that has not ended remains valid.
      if (!holds(clock.now())) answer = { from: clock.now() + RETRY_MS, othersUntil: 0 };
    }
  }

  return {
    async claim(): Promise<Claim> {
      const now = clock.now();
      if (now < answer.from) return answer;
      if (now - claimedAt > RENEW_MS) {
        asking ??= renew(now).finally(() => {
          asking = undefined;
        });
      }
      if (!holds(now)) await asking;
      return answer;
    },
    settled: async () => asking,
  };
}
