import type { Result } from 'ioredis';
import type { Clock } from '../../base/clock.ts';
import { type LaneRequest, type LimiterAnswer, noTurn } from '../../max-api/lanes.ts';
import { floorOfPace, pace, spacingMs, windowMs } from '../../max-api/pace.ts';
import type { PermitOutcome } from '../../max-api/permits.ts';
import acquirePermit from './acquire-permit-1.lua';
import type { RedisGate } from './client.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    acquirePermit(key: string, ...args: (string | number)[]): Result<string[], Context>;
  }
}

/** `warming`: it lost its state and grants nothing before `until`, Unix ms. `no_redis`: Redis can't be used now. */
export type SharedAnswer =
  | LimiterAnswer
  | { readonly kind: 'warming'; readonly until: number }
  | { readonly kind: 'no_redis' };

export interface SharedLimiter {
  /** Never rejects. Round trips: 1; none while it is known to warm up. */
  take(request: LaneRequest): Promise<SharedAnswer>;
  /** How a permitted request ended: travels with the next call, a 429 at once. */
  report(outcome: PermitOutcome): void;
  /** Resolves when nothing that was reported is left to send. */
  flush(): Promise<void>;
  /** Tells that callers are to come: the warm-up after a loss of state begins now. */
  wake(): Promise<void>;
  /** How long its last answer took, ms. */
  tripMs(): number;
  /** Calls of the script that were answered, and attempts that found Redis unusable, since it was last asked. */
  stats(): { readonly redisCalls: number; readonly redisFailures: number };
}

/** The state of the script is kept this long without a call: longer than a night, as losing it costs a warm-up. */
const ttlMs = 24 * 3_600_000;
/** A reply that took this long says nothing about the next: don't reserve further ahead, ms. */
const tripMaxMs = 100;

/**
 * The shared limiter: spaced start times for the whole bot, handed out by a script in Redis on Redis's clock.
 * @param deps.warmupMs how long it grants nothing after a loss of its state.
 * @param deps.lastLocalStart the last start that this environment granted itself without Redis, Unix ms.
 */
export function createSharedLimiter(deps: {
  readonly redis: RedisGate;
  readonly clock: Clock;
  readonly bot: string;
  readonly rps: number;
  readonly warmupMs: number;
  readonly lastLocalStart: () => number;
}): SharedLimiter {
  const { redis: gate, clock, rps, bot, warmupMs, lastLocalStart } = deps;
  const key = `max:{${bot}}:permits`;
  const constants = JSON.stringify({
    spacing: us(spacingMs(rps)),
    warmup: us(warmupMs),
    window: us(windowMs),
    lead: us(pace.leadMs),
    back: us(pace.returnMs),
    horizon: us(pace.horizonMs),
    signal: us(pace.signalMs),
    pauseMin: us(pace.pauseMinMs),
    pauseMax: us(pace.pauseMaxMs),
    recover: us(pace.recoverMs),
    floor: floorOfPace(rps),
    failures: pace.failuresToCut,
    ttl: ttlMs,
  });
  gate.client.defineCommand('acquirePermit', { numberOfKeys: 1, lua: acquirePermit });

  const redisClock = createRedisClock();
  let tripMs = 0;
  let warmUntil = 0;
  let outcomes = { ok: 0, failed: 0 };
  const telling = new Set<Promise<unknown>>();
  let counts = { redisCalls: 0, redisFailures: 0 };

  /** One call of the script; undefined without Redis. Times in the reply are converted to the local clock. */
  async function call(request: Omit<LaneRequest, 'lane' | 'otherWaits'> & { lane: string }, retryAfterMs = -1) {
    const { ok, failed } = outcomes;
    outcomes = { ok: 0, failed: 0 };
    let sent = 0;
    const result = await gate.run((redis) => {
      sent = clock.now();
      return redis.acquirePermit(
        key,
        constants,
        request.lane,
        request.want,
        request.turn.number,
        us(request.maxWaitMs),
        us(tripMs),
        ok,
        failed,
        retryAfterMs < 0 ? -1 : us(retryAfterMs),
        sent - lastLocalStart() < warmupMs ? 1 : 0,
      );
    });
    if (!result.ok) {
      counts.redisFailures += 1;
      return undefined;
    }
    counts.redisCalls += 1;
    const received = clock.now();
    tripMs = Math.min(Math.max(0, received - sent), tripMaxMs);
    const [status, mood, ...numbers] = result.value;
    const [now = 0, at = 0, number = -1, ...slots] = numbers.map(Number);
    redisClock.observe(sent, received, now / 1_000);
    return {
      status,
      reason: mood === 'cooling' ? ('cooling' as const) : ('busy' as const),
      turn: { at: redisClock.toLocal(at / 1_000), number },
      slots: slots.map((slot) => redisClock.toLocal(slot / 1_000)),
    };
  }

  function tell(retryAfterMs: number): void {
    const message = { lane: 'report', want: 0, turn: noTurn, maxWaitMs: 0 };
    const told = call(message, retryAfterMs).finally(() => telling.delete(told));
    telling.add(told);
  }

  return {
    async take(request) {
      if (clock.now() < warmUntil) return { kind: 'warming', until: warmUntil };
      const reply = await call(request);
      if (!reply) return { kind: 'no_redis' };
      const { status, reason, turn, slots } = reply;
      if (status === 'warming') {
        warmUntil = turn.at;
        return { kind: 'warming', until: warmUntil };
      }
      if (status === 'granted') return { kind: 'slots', slots, reason, ...(turn.number >= 0 && { comeBack: turn }) };
      if (status === 'later') return { kind: 'later', comeBack: turn, reason };
      return { kind: 'refused', slot: turn.at, reason };
    },
    report(outcome) {
      if (outcome.kind === 'throttled') tell(outcome.retryAfterMs ?? 0);
      else outcomes[outcome.kind] += 1;
    },
    async flush() {
      if (outcomes.ok + outcomes.failed > 0) tell(-1);
      await Promise.all(telling);
    },
    async wake() {
      tell(-1);
      await Promise.all(telling);
    },
    tripMs: () => tripMs,
    stats() {
      const read = counts;
      counts = { redisCalls: 0, redisFailures: 0 };
      return read;
    },
  };
}

/**
 * The offset from Redis's clock to the local one, kept from the fastest exchange seen: a reply tells the time to half its
 * round trip, so a slow one must not move the slots. An older sample loses trust at 100 ppm, what cheap clocks drift; one
 * that a newer exchange contradicts (a clock was set, a failover led to another machine) is dropped.
 */
function createRedisClock() {
  let best: { offset: number; error: number; at: number } | undefined;
  return {
    observe(sent: number, received: number, redisMs: number) {
      const error = Math.max(0, received - sent) / 2;
      const offset = redisMs - (sent + received) / 2;
      const trusted = best && best.error + Math.abs(received - best.at) * 1e-4;
      if (!best || trusted === undefined || error <= trusted || Math.abs(offset - best.offset) > error + trusted + 2) {
        best = { offset, error, at: received };
      }
    },
    toLocal(redisMs: number): number {
      return redisMs - (best?.offset ?? 0);
    },
  };
}

function us(ms: number): number {
  return Math.round(ms * 1_000);
}
