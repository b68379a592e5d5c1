import type { Clock } from '../../lib/base/clock.ts';

/** A clock that only a test moves. */
export interface FakeClock extends Clock {
  /** Advances the time by `ms`. Wakes each sleeper at its time, and lets it work before the next one wakes. */
  advance(ms: number): Promise<void>;
  /**
   * Advances the time from sleeper to sleeper until `work` has settled. Rejects if no sleeper is left and `work` has not settled.
   */
  until<T>(work: Promise<T>): Promise<T>;
  /** Number of sleepers. */
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
        // The sort is stable: of two sleepers with the same time, the earlier one wakes first.
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
        if (sleeping.length === 0)
          throw new Error('No sleeper is left, but the work has not ended, so it would wait forever.');
        await wakeNext();
      }
    },
    get sleepers() {
      return sleeping.length;
    },
  };
}

/** Resolves when all promises have settled that can settle without a change of the time. */
const idle = () => new Promise((resolve) => setImmediate(resolve));
