import type { Result } from 'ioredis';
import type { Clock } from '../../base/clock.ts';
import { atOnce, type LaneRequest, type LimiterAnswer } from '../../max-api/lanes.ts';
import { floorOfPace, pace, spacingMs, windowMs } from '../../max-api/pace.ts';
import type { PermitOutcome } from '../../max-api/permits.ts';
import acquirePermit from './acquire-permit-1.lua';
import type { RedisGate } from './client.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    acquirePermit(key: string, ...args: (string | number)[]): Result<string[], Context>;
  }
}

/**
 * `warming`: the limiter lost its state and grants nothing before `until`, Unix ms. `no_redis`: Redis can't be used now, nor can
 * `lostSlots` slots that it has granted.
 */
export type SharedAnswer =
  | LimiterAnswer
  | { readonly kind: 'warming'; readonly until: number }
  | { readonly kind: 'no_redis'; readonly lostSlots: number };

export interface SharedLimiter {
  /** Requests slots. Never rejects. Round trips: 1; none during a known warm-up. */
  take(request: LaneRequest): Promise<SharedAnswer>;
  /** Reports the outcome of a permitted request. The next call sends it; a 429 is sent at once. */
  report(outcome: PermitOutcome): void;
  /** Sends the outcomes that have not been sent. Resolves when all are sent. */
  flush(): Promise<void>;
  /** Starts the warm-up now if the limiter has lost its state. */
  wake(): Promise<void>;
  /** Returns the round-trip time of the last call, ms. */
  tripMs(): number;
  /** Returns the calls of the script that succeeded, and the attempts that found Redis unusable, since the last call of `stats`. */
  stats(): { readonly redisCalls: number; readonly redisFailures: number };
}

/** Lifetime of the script's state without calls, ms. It is longer than a night, because a loss of the state costs a warm-up. */
const ttlMs = 24 * 3_600_000;
/** Longest round trip that reservations take into account, ms. A slower reply is an outlier and does not predict the next. */
const tripMaxMs = 100;
/** Largest number of calls in a row to read Redis's clock. The fastest of them counts. */
const MAX_CLOCK_READINGS = 3;
/** A call that asks for no permit. */
const REPORT = { lane: 'report', want: 0, nextCall: atOnce, maxWaitMs: 0 };

/**
 * Creates the client of the shared limiter: a script in Redis that grants evenly spaced start times for the whole bot, on Redis's
 * clock.
 * @param deps.warmupMs time after a loss of its state in which the limiter grants nothing.
 * @param deps.lastLocalStart returns the last start that this environment granted itself without Redis, Unix ms.
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
  const sending = new Set<Promise<unknown>>();
  let counts = { redisCalls: 0, redisFailures: 0 };

  /** Calls the script once. Returns `undefined` without Redis. `nextAt` and `slots` are times of Redis's clock, ms. */
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
        request.nextCall.number,
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
      nextAt: at / 1_000,
      number,
      slots: slots.map((slot) => slot / 1_000),
    };
  }

  /**
   * Calls the script without a request until the offset to Redis's clock is precise enough to start requests by it. The
   * first exchange of a new environment is often slow, and an old estimate is imprecise. Usually this calls nothing.
   * @returns false if Redis was lost before that. After a slow reply, which may be its last one, a request could start too late.
   */
  async function readClock(): Promise<boolean> {
    for (let i = 0; i < MAX_CLOCK_READINGS && redisClock.errorMs(clock.now()) > pace.clockErrorMs; i += 1) {
      if (!(await call(REPORT))) return false;
    }
    return true;
  }

  function sendReport(retryAfterMs: number): void {
    const sent = call(REPORT, retryAfterMs).finally(() => sending.delete(sent));
    sending.add(sent);
  }

  return {
    async take(request) {
      if (clock.now() < warmUntil) return { kind: 'warming', until: warmUntil };
      const reply = await call(request);
      if (!reply) return { kind: 'no_redis', lostSlots: 0 };
      const { status, reason, number } = reply;
      // Requests start by these two times: the start of a slot, and the end of a warm-up.
      const mustBeExact = reply.slots.length > 0 || status === 'warming';
      if (mustBeExact && !(await readClock())) return { kind: 'no_redis', lostSlots: reply.slots.length };
      const nextCall = { at: redisClock.toLocal(reply.nextAt), number };
      if (status === 'warming') {
        warmUntil = nextCall.at;
        return { kind: 'warming', until: warmUntil };
      }
      const slots = reply.slots.map(redisClock.toLocal);
      if (status === 'granted') return { kind: 'slots', slots, reason, ...(nextCall.number >= 0 && { nextCall }) };
      if (status === 'later') return { kind: 'later', nextCall, reason };
      return { kind: 'refused', slot: nextCall.at, reason };
    },
    report(outcome) {
      if (outcome.kind === 'throttled') sendReport(outcome.retryAfterMs ?? 0);
      else outcomes[outcome.kind] += 1;
    },
    async flush() {
      if (outcomes.ok + outcomes.failed > 0) sendReport(-1);
      await Promise.all(sending);
    },
    async wake() {
      sendReport(-1);
      await Promise.all(sending);
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
 * Estimates the offset from Redis's clock to the local clock from the fastest exchange. The error of an estimate is half its round
 * trip, so a slow reply must not move the slots. The error of an old estimate grows by 100 ppm, the drift of cheap clocks. An
 * estimate is dropped if a newer exchange contradicts it, because a clock was set or a failover led to another machine.
 */
function createRedisClock() {
  let best: { offset: number; error: number; at: number } | undefined;
  return {
    observe(sent: number, received: number, redisMs: number) {
      const error = Math.max(0, received - sent) / 2;
      const offset = redisMs - (sent + received) / 2;
      const trusted = this.errorMs(received);
      if (!best || error <= trusted || Math.abs(offset - best.offset) > error + trusted + 2) {
        best = { offset, error, at: received };
      }
    },
    /** Returns the largest error of the estimate at `now`, ms. */
    errorMs(now: number): number {
      return best ? best.error + Math.abs(now - best.at) * 1e-4 : Number.POSITIVE_INFINITY;
    },
    toLocal(redisMs: number): number {
      return redisMs - (best?.offset ?? 0);
    },
  };
}

function us(ms: number): number {
  return Math.round(ms * 1_000);
}
