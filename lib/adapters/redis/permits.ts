import { type Clock, systemClock } from '../../base/clock.ts';
import { type ClaimStore, createSides } from '../../max-api/claims.ts';
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
 * Permits of this environment: from the limiter shared in Redis, by local pacing at `shareOfRate` without it, and by neither
 * while other environments use the other one.
 * The invariants are those of docs/architecture.md: no second at MAX holds more than `rps` arrivals, whatever fails.
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

  async function ask(request: LaneRequest): Promise<LimiterAnswer> {
    const answer = await shared.take(request);
    if (answer.kind === 'no_redis') return withoutRedis(request);
    const { from, othersUntil } = await sides.shared();
    const now = clock.now();
    // Environments without Redis pace themselves still; this one may do the same until they have stopped.
    if (now < from) return now < othersUntil ? pacedUntil(othersUntil, request) : waitUntil(from, request);
    if (answer.kind === 'warming') return pacedUntil(answer.until, request);
    local.sharedAgain();
    return answer;
  }

  async function withoutRedis(request: LaneRequest): Promise<LimiterAnswer> {
    if (shareOfRate === 0) return waitUntil(Number.POSITIVE_INFINITY, request);
    const { from } = await sides.local();
    const now = clock.now();
    return now < from ? waitUntil(from, request) : local.take(request, now, Number.POSITIVE_INFINITY);
  }

  /** The answer while the shared limiter gives nothing before `sharedFrom`, Unix ms. */
  function pacedUntil(sharedFrom: number, request: LaneRequest): LimiterAnswer {
    return shareOfRate === 0 ? waitUntil(sharedFrom, request) : local.take(request, clock.now(), sharedFrom);
  }

  /** The answer where nothing may start before `from`, Unix ms: waits for it if it comes in time. */
  function waitUntil(from: number, { maxWaitMs }: LaneRequest): LimiterAnswer {
    const now = clock.now();
    const reason = 'no_limiter';
    if (from - now <= maxWaitMs) return { kind: 'later', comeBack: { ...noTurn, at: from }, reason };
    return { kind: 'refused', slot: Math.min(from, now + redisRestMs), reason };
  }

  const lanes = createLanes({ ask, tripMs: shared.tripMs, clock });
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
  const lastLocalStart = () => Number.NEGATIVE_INFINITY;
  await createSharedLimiter({ redis, clock: systemClock, ...settings, warmupMs: 0, lastLocalStart }).wake();
}
