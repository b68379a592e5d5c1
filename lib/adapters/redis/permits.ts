import { type Clock, systemClock } from '../../base/clock.ts';
import { type ClaimStore, createSides } from '../../max-api/claims.ts';
import { atOnce, createLanes, type LaneRequest, type LaneStats, type LimiterAnswer } from '../../max-api/lanes.ts';
import { createLocalPace } from '../../max-api/local-pace.ts';
import type { Permits } from '../../max-api/permits.ts';
import { type RedisGate, redisRestMs } from './client.ts';
import { createSharedLimiter } from './shared-limiter.ts';

export interface PermitSettings {
  /** The name of the bot that has the quota. Each bot has one limiter. */
  readonly bot: string;
  /** The quota in requests per second, a whole number ≥ 1. */
  readonly rps: number;
  /**
   * This environment's share (0..1) of the rate without Redis. The shares of all environments that can run at once must add up to
   * at most 0.95. With 0, the environment sends no requests without Redis.
   */
  readonly shareOfRate: number;
  /**
   * Warm-up of the shared limiter after it lost its state, ms. It grants nothing during it, and callers pace themselves. Must
   * exceed `redisRestMs`, because an environment may notice only after that time that Redis is back. 0 only for a single process.
   */
  readonly warmupMs?: number;
}

export interface PermitStats {
  readonly interactive: LaneStats;
  readonly background: LaneStats;
  /** Number of calls of the script that succeeded, and of attempts that found Redis unusable. */
  readonly redisCalls: number;
  readonly redisFailures: number;
  /** Number of permits of both lanes that were granted without the shared limiter. */
  readonly local: number;
}

export interface RedisPermits extends Permits {
  /** Returns the statistics since the last call, and resets them. */
  stats(): PermitStats;
}

/**
 * Creates the permits of one environment. They come from the limiter in Redis or, without Redis, from local pacing at
 * `shareOfRate`. Neither grants permits while other environments use the other one. Whatever fails, MAX never receives more than
 * `rps` requests in one second (docs/architecture.md, invariant 1).
 */
export function createPermits(deps: {
  readonly redis: RedisGate;
  readonly claims: ClaimStore;
  readonly clock?: Clock;
  readonly settings: PermitSettings;
}): RedisPermits {
  const { redis, claims, clock = systemClock, settings } = deps;
  const { rps, bot, shareOfRate, warmupMs = redisRestMs + 1_000 } = settings;
  const local = createLocalPace(settings);
  const shared = createSharedLimiter({ redis, clock, bot, rps, warmupMs, lastLocalStart: local.lastStart });

  const sides = createSides({ store: claims, clock });
  /** Slots of the shared limiter that can't be used: other environments hold the quota, or Redis was lost too early. */
  let unusable = { interactive: 0, background: 0 };

  async function callLimiter(request: LaneRequest): Promise<LimiterAnswer> {
    const answer = await shared.take(request);
    if (answer.kind === 'no_redis') {
      unusable[request.lane] += answer.lostSlots;
      return withoutRedis(request);
    }
    const { from, othersUntil } = await sides.shared();
    const now = clock.now();
    if (now < from && answer.kind === 'slots') unusable[request.lane] += answer.slots.length;
    // Some environments without Redis still pace themselves. Until they stop, this one may pace itself too.
    if (now < from) return now < othersUntil ? pacedUntil(othersUntil, request) : waitUntil(from, request);
    if (answer.kind === 'warming') return pacedUntil(answer.until, request, answer.until - warmupMs);
    local.sharedAgain();
    return answer;
  }

  async function withoutRedis(request: LaneRequest): Promise<LimiterAnswer> {
    if (shareOfRate === 0) return waitUntil(Number.POSITIVE_INFINITY, request);
    const { from } = await sides.local();
    const now = clock.now();
    return now < from ? waitUntil(from, request) : local.take(request, now, Number.POSITIVE_INFINITY);
  }

  /**
   * Returns the response for the time before `sharedFrom` (Unix ms), in which the shared limiter grants nothing.
   * @param sharedUntil when it lost its state. Until then it may have granted slots to others, while this environment was idle.
   */
  function pacedUntil(sharedFrom: number, request: LaneRequest, sharedUntil?: number): LimiterAnswer {
    if (shareOfRate === 0) return waitUntil(sharedFrom, request);
    return local.take(request, clock.now(), sharedFrom, sharedUntil);
  }

  /**
   * Returns the response while no request may start before `from`, Unix ms: `later` if the caller can wait for it, else
   * `refused`.
   */
  function waitUntil(from: number, { maxWaitMs }: LaneRequest): LimiterAnswer {
    const now = clock.now();
    const reason = 'no_limiter';
    if (from - now <= maxWaitMs) return { kind: 'later', nextCall: { ...atOnce, at: from }, reason };
    return { kind: 'refused', slot: Math.min(from, now + redisRestMs), reason };
  }

  const lanes = createLanes({ callLimiter, tripMs: shared.tripMs, clock });
  return {
    acquire: lanes.acquire,
    report(outcome) {
      local.report(outcome, clock.now());
      shared.report(outcome);
    },
    async flush() {
      await Promise.all([shared.flush(), sides.settled()]);
    },
    wake: shared.wake,
    stats() {
      const { interactive, background } = lanes.stats();
      interactive.unusedSlots += unusable.interactive;
      background.unusedSlots += unusable.background;
      unusable = { interactive: 0, background: 0 };
      return { interactive, background, ...shared.stats(), local: local.granted() };
    },
  };
}

/**
 * Initialises a limiter without a warm-up, because no environment sent requests before. Only for a Redis that was started together
 * with all its clients. Round trips: 1.
 */
export async function beginWithoutWarmup(
  redis: RedisGate,
  settings: Pick<PermitSettings, 'bot' | 'rps'>,
): Promise<void> {
  const lastLocalStart = () => Number.NEGATIVE_INFINITY;
  await createSharedLimiter({ redis, clock: systemClock, ...settings, warmupMs: 0, lastLocalStart }).wake();
}
