import type { Clock } from '../../lib/base/clock.ts';

/** Time that stands still until a test moves it. */
export interface FakeClock extends Clock {
  /** Moves time on by `ms`, waking each sleeper at its moment and letting it work before the next. */
  advance(ms: number): Promise<void>;
  /** Moves time from sleeper to sleeper until `work` has settled. Rejects when nobody sleeps and it still has not. */
  until<T>(work: Promise<T>): Promise<T>;
  /** How many sleep. */
  readonly sleepers: number;
}

export function fakeClock(startMs: number): FakeClock {
  let now = startMs;
  let sleeping: { readonly at: number; readonly wake: () => void }[] = [];

  async function wakeNext(): Promise<void> {
    const [next, ...others] = sleeping;
    if (!next) return;
    sleeping = others;
    now = Math.max(now, next.at);
    next.wake();
    await idle();
  }

  return {
    now: () => now,
    sleep: (ms) =>
      new Promise((wake) => {
        // Sorting is stable: who slept first at the same moment wakes first.
        sleeping = [...sleeping, { at: now + Math.max(0, ms), wake }].sort((a, b) => a.at - b.at);
      }),
    async advance(ms) {
      await idle();
      const end = now + ms;
      while ((sleeping[0]?.at ?? Number.POSITIVE_INFINITY) <= end) await wakeNext();
      now = end;
    },
    async until(work) {
      let settled = false;
      const done = () => {
        settled = true;
      };
      work.then(done, done);
      for (;;) {
        await idle();
        if (settled) return work;
        if (sleeping.length === 0) throw new Error('Nobody sleeps, and the work has not ended: it waits for ever.');
        await wakeNext();
      }
    },
    get sleepers() {
      return sleeping.length;
    },
  };
}

/** Every promise that can settle without time going by has settled by then. */
const idle = () => new Promise((resolve) => setImmediate(resolve));
