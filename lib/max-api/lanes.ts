import type { Clock } from '../base/clock.ts';
import { pace } from './pace.ts';
import type { Lane, Permit, RefusalReason } from './permits.ts';

/** Queues of the callers in this environment that wait for permits, one per lane. The limiter is called once for a whole lane. */

/** The limiter's response to a lane. Times are of the local clock. */
export type LimiterAnswer =
  | {
      readonly kind: 'slots';
      /** Start times, Unix ms. */
      readonly slots: readonly number[];
      /** When to call the limiter again. If absent: at once, while callers wait. */
      readonly nextCall?: NextCall;
      readonly reason: RefusalReason;
    }
  | { readonly kind: 'later'; readonly nextCall: NextCall; readonly reason: RefusalReason }
  | { readonly kind: 'refused'; readonly slot: number; readonly reason: RefusalReason };

export interface NextCall {
  /** When to call the limiter, Unix ms. */
  readonly at: number;
  /** The number in the limiter's background queue, -1 for none. */
  readonly number: number;
}

/** The next call for callers without a place in the queue. */
export const atOnce: NextCall = { at: 0, number: -1 };

/** A lane's request to the limiter. */
export interface LaneRequest {
  readonly lane: Lane;
  /** Number of callers that wait in the lane. */
  readonly want: number;
  readonly nextCall: NextCall;
  /** Longest time that one of these callers can still wait, ms. */
  readonly maxWaitMs: number;
  /** Whether callers also wait in the other lane. */
  readonly otherWaits: boolean;
}

export interface LaneStats {
  granted: number;
  /** Total time between calls of `acquire` and their starts, ms. */
  waitedMs: number;
  refused: number;
  /**
   * Number of unused slots: the holder was late (GC, frozen Lambda) or no longer waited, the other side had claimed the quota
   * (`claims.ts`), or Redis was lost before its clock was known.
   */
  unusedSlots: number;
}

export interface Lanes {
  acquire(lane: Lane, maxWaitMs: number): Promise<Permit>;
  /** Returns the statistics since the last call, and resets them. */
  stats(): Record<Lane, LaneStats>;
}

interface Waiter {
  readonly since: number;
  /** Latest useful start, Unix ms. */
  readonly deadline: number;
  readonly resolve: (permit: Permit) => void;
}

interface Queue {
  readonly lane: Lane;
  readonly waiting: Waiter[];
  serving: boolean;
  nextCall: NextCall;
  reason: RefusalReason;
}

/**
 * @param deps.callLimiter calls the limiter for a lane; never rejects.
 * @param deps.tripMs returns how long the last call of the limiter took, ms.
 */
export function createLanes(deps: {
  readonly callLimiter: (request: LaneRequest) => Promise<LimiterAnswer>;
  readonly tripMs: () => number;
  readonly clock: Clock;
}): Lanes {
  const { callLimiter, tripMs, clock } = deps;
  const queues: Record<Lane, Queue> = { interactive: newQueue('interactive'), background: newQueue('background') };
  let counts = newStats();

  function requestOf(queue: Queue): LaneRequest {
    const now = clock.now();
    return {
      lane: queue.lane,
      want: queue.waiting.length,
      nextCall: queue.nextCall,
      maxWaitMs: Math.max(0, ...queue.waiting.map((waiter) => waiter.deadline - now)),
      otherWaits: queues[queue.lane === 'interactive' ? 'background' : 'interactive'].waiting.length > 0,
    };
  }

  /** Serves a lane while callers wait in it. Calls the limiter one request at a time, at the time that its last response named. */
  async function serve(queue: Queue): Promise<void> {
    if (queue.serving) return;
    queue.serving = true;
    while (queue.waiting.length > 0) {
      await sleepUntil(queue.nextCall.at);
      const waitingBefore = new Set(queue.waiting);
      const answer = await callLimiter(requestOf(queue));
      queue.reason = answer.reason;
      queue.nextCall = (answer.kind !== 'refused' && answer.nextCall) || atOnce;
      if (answer.kind === 'refused') {
        refuse(queue, answer.slot, (waiter) => waitingBefore.has(waiter) || waiter.deadline < answer.slot);
        continue;
      }
      if (answer.kind === 'slots') {
        for (const slot of answer.slots) {
          // The trip to Redis is not counted as waiting, or nobody could ask for a permit at once.
          refuse(queue, slot, (waiter) => waiter.deadline + tripMs() + pace.latestStartMs < slot);
          const waiter = queue.waiting.shift();
          if (waiter) void start(queue, waiter, slot);
          else counts[queue.lane].unusedSlots += 1;
        }
      }
      refuse(queue, queue.nextCall.at, (waiter) => waiter.deadline < queue.nextCall.at);
    }
    queue.serving = false;
  }

  async function start(queue: Queue, waiter: Waiter, slot: number): Promise<void> {
    await sleepUntil(slot);
    const now = clock.now();
    if (now > slot + pace.latestStartMs) {
      counts[queue.lane].unusedSlots += 1;
      queue.waiting.unshift(waiter);
      void serve(queue);
      return;
    }
    counts[queue.lane].granted += 1;
    counts[queue.lane].waitedMs += now - waiter.since;
    waiter.resolve({ granted: true });
  }

  function refuse(queue: Queue, slot: number, whom: (waiter: Waiter) => boolean): void {
    const refused = queue.waiting.filter(whom);
    if (refused.length === 0) return;
    queue.waiting.splice(0, Infinity, ...queue.waiting.filter((waiter) => !refused.includes(waiter)));
    counts[queue.lane].refused += refused.length;
    const retryAfterMs = Math.max(1, Math.ceil(slot - clock.now()));
    for (const waiter of refused) waiter.resolve({ granted: false, reason: queue.reason, retryAfterMs });
  }

  async function sleepUntil(time: number): Promise<void> {
    const ms = Math.ceil(time - clock.now());
    if (ms > 0) await clock.sleep(ms);
  }

  return {
    acquire(lane, maxWaitMs) {
      const queue = queues[lane];
      const since = clock.now();
      return new Promise((resolve) => {
        queue.waiting.push({ since, deadline: since + maxWaitMs, resolve });
        // The time of the lane's next start is known, so callers with an earlier deadline are refused at once.
        refuse(queue, queue.nextCall.at, (waiter) => waiter.deadline < queue.nextCall.at);
        void serve(queue);
      });
    },
    stats() {
      const read = counts;
      counts = newStats();
      return read;
    },
  };
}

function newQueue(lane: Lane): Queue {
  return { lane, waiting: [], serving: false, nextCall: atOnce, reason: 'busy' };
}

function newStats(): Record<Lane, LaneStats> {
  const lane = (): LaneStats => ({ granted: 0, waitedMs: 0, refused: 0, unusedSlots: 0 });
  return { interactive: lane(), background: lane() };
}
