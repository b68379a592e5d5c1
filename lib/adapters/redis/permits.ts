import { type Clock, systemClock } from '../../base/clock.ts';
import { createLanes, type LaneRequest, type LaneStats, type LimiterAnswer, noTurn } from '../../max-api/lanes.ts';
import { createLocalPace } from '../../max-api/local-pace.ts';
import type { Permits } from '../../max-api/permits.ts';
import { type RedisGate, redisRestMs } from './client.ts';
import { createSharedLimiter } from './shared-limiter.ts';

export interface PermitSettings {
  /** Whose quota it is; a bot has one limiter. */
  readonly bot: string;
  /** The quota: requests a second, a whole number ≥ 1. */
  readonly rps: number;
  /**
   * This environment's share (0..1) of the rate without Redis; over all environments that can run at once at most 0.95.
   * With 0 it makes no request without Redis.
   */
  readonly shareOfRate: number;
  /**
   * How long after its state was lost the shared limiter grants nothing, ms, while callers pace themselves. Must exceed
   * `redisRestMs`, the time an environment may go without noticing that Redis is back; 0 only for a single process.
   */
  readonly warmupMs?: number;
}

export interface PermitStats {
  readonly interactive: LaneStats;
  readonly background: LaneStats;
  /** Calls of the script that were answered, and attempts that found Redis unusable. */
  readonly redisCalls: number;
  readonly redisFailures: number;
  /** Permits of both lanes that were paced locally. */
  readonly local: number;
}

export interface RedisPermits extends Permits {
  /** What happened since it was last asked. */
  stats(): PermitStats;
}

/**
 * Permits of this environment: from the limiter shared in Redis, by local pacing at `shareOfRate` without it.
 * The invariants are those of docs/architecture.md: no second at MAX holds more than `rps` arrivals, whatever fails.
 */
export function createPermits(deps: {
  readonly redis: RedisGate;
  readonly clock?: Clock;
  readonly settings: PermitSettings;
}): RedisPermits {
  const { redis, clock = systemClock, settings } = deps;
  const { rps, bot, shareOfRate, warmupMs = redisRestMs + 1_000 } = settings;
  const local = createLocalPace(settings);
  const shared = createSharedLimiter({ redis, clock, bot, rps, warmupMs, lastLocalStart: local.lastStart });

  async function ask(request: LaneRequest): Promise<LimiterAnswer> {
    const answer = await shared.take(request);
    if (answer.kind !== 'warming' && answer.kind !== 'no_redis') {
      local.sharedAgain();
      return answer;
    }
    const sharedFrom = answer.kind === 'warming' ? answer.until : Number.POSITIVE_INFINITY;
    return shareOfRate === 0
      ? waitForShared(clock.now(), request.maxWaitMs, sharedFrom)
      : local.take(request, clock.now(), sharedFrom);
  }

  const lanes = createLanes({ ask, tripMs: shared.tripMs, clock });
  return {
    acquire: lanes.acquire,
    report(outcome) {
      local.report(outcome, clock.now());
      shared.report(outcome);
    },
    flush: shared.flush,
    wake: shared.wake,
    stats: () => ({ ...lanes.stats(), ...shared.stats(), local: local.granted() }),
  };
}

/**
 * Tells a limiter that nobody made requests before it, so that it begins without its warm-up: for a Redis that was started
 * together with everything that uses it. Round trips: 1.
 */
export async function beginWithoutWarmup(
  redis: RedisGate,
  settings: Pick<PermitSettings, 'bot' | 'rps'>,
): Promise<void> {
  await createPermits({ redis, settings: { ...settings, shareOfRate: 0, warmupMs: 0 } }).wake();
}

/** The answer of an environment without a share: it waits for the shared limiter if that is known to be back in time. */
function waitForShared(now: number, maxWaitMs: number, sharedFrom: number): LimiterAnswer {
  const reason = 'no_limiter';
  if (sharedFrom - now <= maxWaitMs) return { kind: 'later', comeBack: { ...noTurn, at: sharedFrom }, reason };
  return { kind: 'refused', slot: Math.min(sharedFrom, now + redisRestMs), reason };
}
