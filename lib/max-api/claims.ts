import type { Clock } from '../base/clock.ts';
import { pace, windowMs } from './pace.ts';

/**
 * Who may use the quota while Redis is lost to some environments only: those that reach the shared limiter, or those that
 * pace themselves, never both. Each side writes down in the durable store until when it makes requests, and begins when the
 * other side's time is over. The shared side has priority: once it has claimed, the other can't renew.
 */
export interface ClaimStore {
  /**
   * Says that the shared limiter is used until `until` (Unix ms).
   * @returns until when environments without Redis may make requests; 0 where they never claimed.
   */
  claimShared(until: number): Promise<number>;
  /**
   * Says that environments without Redis pace themselves until `until`, unless the shared limiter is used later than `unless`.
   * @returns until when it is used; 0 where the claim was made.
   */
  claimLocal(until: number, unless: number): Promise<number>;
}

/** How long a claim holds: the longest silence after Redis was lost to everybody, ms. */
const CLAIM_MS = 6_000;
/** A claim is renewed when it is this old, ms: one write every two seconds of an environment that makes requests. */
const RENEW_MS = 2_000;
/** A permit given now starts, and has left MAX's window, within this time, ms. */
const NEEDED_MS = pace.horizonMs + windowMs;
/** Clocks of environments may differ by this much, ms; on Lambda they differ by a few. */
const SKEW_MS = 1_000;
/** When to ask a durable store again that could not be asked, ms. */
const RETRY_MS = 2_000;

/** Round trips of each: none while the claim is young, else 1 write. They never reject. */
export interface Sides {
  /** Claims for the shared limiter. */
  shared(): Promise<Claim>;
  /** Claims for environments that pace themselves. */
  local(): Promise<Claim>;
  /** Resolves when no claim is on its way. */
  settled(): Promise<void>;
}

export interface Claim {
  /** From when this side may make requests, Unix ms. */
  readonly from: number;
  /** Until when the other side may still make them, Unix ms. */
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

/** @param always whether a claim stands whatever the answer is. */
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
      // Who can't claim makes no requests. A claim that holds on is not touched.
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
