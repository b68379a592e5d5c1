import type { Result } from 'ioredis';
import { type Clock, systemClock } from '../../base/clock.ts';
import {
  brakeHarder,
  floorOfPace,
  localSpacingMs,
  pace,
  released,
  shareAt,
  spacingMs,
  windowMs,
} from '../../max-api/pace.ts';
import type { Lane, Permit, PermitOutcome, Permits, RefusalReason } from '../../max-api/permits.ts';
import acquirePermit from './acquire-permit-1.lua';
import { type RedisGate, redisRestMs } from './client.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    acquirePermit(key: string, ...args: (string | number)[]): Result<string[], Context>;
  }
}

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

/** What the limiter said, in the caller's time. */
type Answer =
  | {
      readonly kind: 'slots';
      readonly slots: readonly number[];
      readonly comeBack?: Turn;
      readonly reason: RefusalReason;
    }
  | { readonly kind: 'later'; readonly comeBack: Turn; readonly reason: RefusalReason }
  | { readonly kind: 'refused'; readonly slot: number; readonly reason: RefusalReason };

interface Turn {
  /** When to ask, Unix ms. */
  readonly at: number;
  /** Its number in the background line, -1 for none. */
  readonly number: number;
}

interface Waiter {
  readonly since: number;
  /** Latest useful start, Unix ms. */
  readonly deadline: number;
  readonly settle: (permit: Permit) => void;
}

interface Queue {
  readonly lane: Lane;
  readonly waiting: Waiter[];
  serving: boolean;
  turn: Turn;
  reason: RefusalReason;
}

export interface LaneStats {
  granted: number;
  /** Total time between asking and starting, ms. */
  waitedMs: number;
  refused: number;
  /** Slots that passed unused: their holder was late (GC, freeze) or no longer waited. */
  givenBack: number;
}

export interface PermitStats {
  readonly interactive: LaneStats;
  readonly background: LaneStats;
  /** Calls of the script that were answered, and attempts that found Redis unusable. */
  redisCalls: number;
  redisFailures: number;
  /** Permits of both lanes that were paced locally. */
  local: number;
}

export interface RedisPermits extends Permits {
  /** What happened since it was last asked. */
  stats(): PermitStats;
}

/** The state of the script is kept this long without a call: longer than a night, as losing it costs a warm-up. */
const ttlMs = 24 * 3_600_000;
const noTurn: Turn = { at: 0, number: -1 };
/** A reply that took this long says nothing about the next: don't reserve further ahead, ms. */
const tripMaxMs = 100;

/**
 * The shared limiter: spaced start times handed out by a script in Redis, local pacing at `shareOfRate` without it.
 * The invariants are those of docs/architecture.md: no second at MAX holds more than `rps` arrivals, whatever fails.
 */
export function createPermits(deps: {
  readonly redis: RedisGate;
  readonly clock?: Clock;
  readonly settings: PermitSettings;
}): RedisPermits {
  const { redis: gate, clock = systemClock, settings } = deps;
  const { rps, bot, shareOfRate, warmupMs = redisRestMs + 1_000 } = settings;
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

  const queues: Record<Lane, Queue> = { interactive: newQueue('interactive'), background: newQueue('background') };
  const local = createLocalPace(settings);
  const redisClock = createRedisClock();
  let tripMs = 0;
  /** Until then (Unix ms) the shared limiter is known to grant nothing. */
  let warmUntil = 0;
  let outcomes = { ok: 0, failed: 0 };
  const telling = new Set<Promise<unknown>>();
  let counts = newStats();

  /** One call of the script; undefined without Redis. Times in the reply are converted to the local clock. */
  async function call(lane: Lane | 'report', want: number, turn: Turn, maxWaitMs: number, retryAfterMs = -1) {
    const { ok, failed } = outcomes;
    outcomes = { ok: 0, failed: 0 };
    let sent = 0;
    const result = await gate.run((redis) => {
      sent = clock.now();
      return redis.acquirePermit(
        key,
        constants,
        lane,
        want,
        turn.number,
        us(maxWaitMs),
        us(tripMs),
        ok,
        failed,
        retryAfterMs < 0 ? -1 : us(retryAfterMs),
        sent - local.lastStart() < warmupMs ? 1 : 0,
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

  async function ask(queue: Queue): Promise<Answer> {
    const now = clock.now();
    const longest = Math.max(0, ...queue.waiting.map((waiter) => waiter.deadline - now));
    let sharedFrom = now < warmUntil ? warmUntil : Number.POSITIVE_INFINITY;
    if (now >= warmUntil) {
      const reply = await call(queue.lane, queue.waiting.length, queue.turn, longest);
      if (reply?.status === 'warming') {
        warmUntil = reply.turn.at;
        sharedFrom = warmUntil;
      } else if (reply) {
        local.sharedAgain();
        const { status, reason, turn, slots } = reply;
        if (status === 'granted') return { kind: 'slots', slots, reason, ...(turn.number >= 0 && { comeBack: turn }) };
        if (status === 'later') return { kind: 'later', comeBack: turn, reason };
        return { kind: 'refused', slot: turn.at, reason };
      }
    }
    const othersWait = Object.values(queues).some((other) => other !== queue && other.waiting.length > 0);
    return shareOfRate === 0
      ? waitForShared(clock.now(), longest, sharedFrom)
      : local.take(queue.lane, clock.now(), longest, sharedFrom, othersWait);
  }

  /** Serves a lane while somebody waits in it: one question at a time, each at the time the last answer named. */
  async function serve(queue: Queue): Promise<void> {
    if (queue.serving) return;
    queue.serving = true;
    while (queue.waiting.length > 0) {
      await sleepUntil(queue.turn.at);
      const asked = new Set(queue.waiting);
      const answer = await ask(queue);
      queue.reason = answer.reason;
      queue.turn = (answer.kind !== 'refused' && answer.comeBack) || noTurn;
      if (answer.kind === 'refused') {
        refuse(queue, answer.slot, (waiter) => asked.has(waiter) || waiter.deadline < answer.slot);
        continue;
      }
      if (answer.kind === 'slots') {
        for (const slot of answer.slots) {
          // The trip to Redis is not counted as waiting, or nobody could ask for a permit at once.
          refuse(queue, slot, (waiter) => waiter.deadline + tripMs + pace.latestStartMs < slot);
          const waiter = queue.waiting.shift();
          if (waiter) void start(queue, waiter, slot);
          else counts[queue.lane].givenBack += 1;
        }
      }
      refuse(queue, queue.turn.at, (waiter) => waiter.deadline < queue.turn.at);
    }
    queue.serving = false;
  }

  async function start(queue: Queue, waiter: Waiter, slot: number): Promise<void> {
    await sleepUntil(slot);
    const now = clock.now();
    if (now > slot + pace.latestStartMs) {
      counts[queue.lane].givenBack += 1;
      queue.waiting.unshift(waiter);
      void serve(queue);
      return;
    }
    counts[queue.lane].granted += 1;
    counts[queue.lane].waitedMs += now - waiter.since;
    waiter.settle({ granted: true });
  }

  function refuse(queue: Queue, slot: number, whom: (waiter: Waiter) => boolean): void {
    const refused = queue.waiting.filter(whom);
    if (refused.length === 0) return;
    queue.waiting.splice(0, Infinity, ...queue.waiting.filter((waiter) => !refused.includes(waiter)));
    counts[queue.lane].refused += refused.length;
    const retryAfterMs = Math.max(1, Math.ceil(slot - clock.now()));
    for (const waiter of refused) waiter.settle({ granted: false, reason: queue.reason, retryAfterMs });
  }

  async function sleepUntil(time: number): Promise<void> {
    const ms = Math.ceil(time - clock.now());
    if (ms > 0) await clock.sleep(ms);
  }

  function tell(retryAfterMs: number): void {
    const told = call('report', 0, noTurn, 0, retryAfterMs).finally(() => telling.delete(told));
    telling.add(told);
  }

  return {
    acquire(lane, maxWaitMs) {
      const queue = queues[lane];
      const since = clock.now();
      return new Promise((settle) => {
        queue.waiting.push({ since, deadline: since + maxWaitMs, settle });
        // The lane's next turn is known, and nobody in it starts before.
        refuse(queue, queue.turn.at, (waiter) => waiter.deadline < queue.turn.at);
        void serve(queue);
      });
    },
    report(outcome: PermitOutcome) {
      local.report(outcome, clock.now());
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
    stats() {
      const read = { ...counts, local: local.granted() };
      counts = newStats();
      return read;
    },
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
function waitForShared(now: number, maxWaitMs: number, sharedFrom: number): Answer {
  const reason = 'no_limiter';
  if (sharedFrom - now <= maxWaitMs) return { kind: 'later', comeBack: { ...noTurn, at: sharedFrom }, reason };
  return { kind: 'refused', slot: Math.min(sharedFrom, now + redisRestMs), reason };
}

/**
 * Pacing by what this environment knows alone: its share of the rate, and its own failures. Slots are not handed out
 * ahead, so that before each start it is asked whether Redis is back. When both lanes wait they take turns.
 */
function createLocalPace({ rps, shareOfRate }: PermitSettings) {
  const spacing = localSpacingMs(rps, shareOfRate);
  let shared = true;
  let free = 0;
  let lastStart = Number.NEGATIVE_INFINITY;
  let lastServed: Lane | undefined;
  let brake = released;
  let failures = 0;
  let granted = 0;
  return {
    sharedAgain() {
      shared = true;
    },
    /** `sharedFrom`: when the shared limiter takes over, Unix ms, infinite if unknown; no local start from then on. */
    take(lane: Lane, now: number, maxWaitMs: number, sharedFrom: number, otherWaits: boolean): Answer {
      if (shared) {
        // What the shared limiter has handed out, to whomever, must have started and left MAX's window.
        free = Math.max(free, now + pace.horizonMs + windowMs);
        shared = false;
      }
      const share = shareAt(brake, now);
      const reason = share < 1 ? 'cooling' : 'busy';
      const later = (at: number): Answer => ({ kind: 'later', comeBack: { ...noTurn, at }, reason });
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
    report(outcome: PermitOutcome, now: number) {
      failures = outcome.kind === 'failed' ? failures + 1 : 0;
      if (outcome.kind === 'ok' || (outcome.kind === 'failed' && failures < pace.failuresToCut)) return;
      const retryAfterMs = outcome.kind === 'throttled' ? (outcome.retryAfterMs ?? 0) : 0;
      const harder = brakeHarder(brake, now, retryAfterMs, spacingMs(rps), floorOfPace(rps));
      brake = harder.brake;
      free = Math.max(free, harder.pausedUntil);
    },
    lastStart: () => lastStart,
    granted() {
      const read = granted;
      granted = 0;
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

function newQueue(lane: Lane): Queue {
  return { lane, waiting: [], serving: false, turn: noTurn, reason: 'busy' };
}

function newStats() {
  const lane = (): LaneStats => ({ granted: 0, waitedMs: 0, refused: 0, givenBack: 0 });
  return { interactive: lane(), background: lane(), redisCalls: 0, redisFailures: 0 };
}

function us(ms: number): number {
  return Math.round(ms * 1_000);
}
