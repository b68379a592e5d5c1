import { atOnce, type LaneRequest, type LimiterAnswer } from './lanes.ts';
import { floorOfPace, fullRate, localSpacingMs, pace, reduceRate, shareAt, spacingMs, windowMs } from './pace.ts';
import type { Lane, PermitOutcome } from './permits.ts';

export interface LocalPace {
  /** Records that the shared limiter has responded. Its permits count again when it is lost the next time. */
  sharedAgain(): void;
  /**
   * @param sharedFrom when the shared limiter takes over, Unix ms; infinite if unknown. No local request starts at or after it.
   * @param sharedUntil time until which the shared limiter may have granted slots, to any environment, Unix ms; by default it is not
   *   known, and the time of this environment's own last call counts.
   */
  take(request: LaneRequest, now: number, sharedFrom: number, sharedUntil?: number): LimiterAnswer;
  report(outcome: PermitOutcome, now: number): void;
  /** Returns the last granted start time, Unix ms; −∞ before the first. */
  lastStart(): number;
  /** Returns the number of permits granted since the last call. */
  granted(): number;
}

/**
 * Paces the requests of this environment without Redis, by its share (0..1) of the rate and its own failures. It grants each slot
 * only shortly before its start, so that each start first checks whether Redis is back. If both lanes wait, they alternate.
 */
export function createLocalPace({
  rps,
  shareOfRate,
}: {
  readonly rps: number;
  readonly shareOfRate: number;
}): LocalPace {
  const spacing = localSpacingMs(rps, shareOfRate);
  let shared = true;
  let free = 0;
  let lastStart = Number.NEGATIVE_INFINITY;
  let lastServed: Lane | undefined;
  let brake = fullRate;
  let failures = 0;
  let granted = 0;
  return {
    sharedAgain() {
      shared = true;
    },
    take({ lane, maxWaitMs, otherWaits }, now, sharedFrom, sharedUntil = Number.NEGATIVE_INFINITY) {
      // Permits that the shared limiter has granted to any environment must first start and leave MAX's window.
      free = Math.max(free, (shared ? now : sharedUntil) + pace.horizonMs + windowMs);
      shared = false;
      const share = shareAt(brake, now);
      const reason = share < 1 ? 'cooling' : 'busy';
      const later = (at: number): LimiterAnswer => ({ kind: 'later', nextCall: { ...atOnce, at }, reason });
      const slot = Math.max(free, now);
      if (slot - now > maxWaitMs) return { kind: 'refused', slot, reason };
      if (slot >= sharedFrom) return later(Math.max(sharedFrom, now + 1));
      if (slot - now > pace.leadMs) return later(slot - pace.returnMs);
      if (otherWaits && lane === lastServed) {
        lastServed = undefined;
        return later(Math.max(slot + spacing / share - pace.returnMs, now + 1));
      }
      lastServed = lane;
      lastStart = slot;
      free = slot + spacing / share;
      granted += 1;
      return { kind: 'slots', slots: [slot], reason };
    },
    report(outcome, now) {
      failures = outcome.kind === 'failed' ? failures + 1 : 0;
      if (outcome.kind === 'ok' || (outcome.kind === 'failed' && failures < pace.failuresToCut)) return;
      const retryAfterMs = outcome.kind === 'throttled' ? (outcome.retryAfterMs ?? 0) : 0;
      const reduced = reduceRate(brake, now, retryAfterMs, spacingMs(rps), floorOfPace(rps));
      brake = reduced.brake;
      free = Math.max(free, reduced.pausedUntil);
    },
    lastStart: () => lastStart,
    granted() {
      const read = granted;
      granted = 0;
      return read;
    },
  };
}
