const windowMs = 1_000;
const historySeconds = 3_600;

/** Counts requests that arrive at the simulated MAX: in the sliding window of the rate limit, and per second in the last hour. */
export class Arrivals {
  #recent: number[] = [];
  /** Index in `#recent` at which the window starts. Removing single items from the front would copy the array each time. */
  #start = 0;
  #perSecond = new Map<number, number>();
  #total = 0;
  #most = 0;

  /**
   * Counts one arrival.
   * @param monotonicMs the time on a clock that never steps back, with a resolution below 1 ms, because rounding could hide a 31st
   *   arrival.
   * @param unixMs the same time as Unix time, for the history.
   * @returns the number of arrivals in the half-open window (now − 1,000 ms, now], including this one and refused ones.
   */
  arrive(monotonicMs: number, unixMs: number): number {
    this.#recent.push(monotonicMs);
    while ((this.#recent[this.#start] ?? monotonicMs) <= monotonicMs - windowMs) this.#start += 1;
    if (this.#start > 1_024 && this.#start * 2 > this.#recent.length) {
      this.#recent = this.#recent.slice(this.#start);
      this.#start = 0;
    }
    const inWindow = this.#recent.length - this.#start;
    this.#most = Math.max(this.#most, inWindow);
    this.#total += 1;

    const second = Math.floor(unixMs / 1_000);
    this.#perSecond.set(second, (this.#perSecond.get(second) ?? 0) + 1);
    for (const old of this.#perSecond.keys()) {
      if (old > second - historySeconds) break;
      this.#perSecond.delete(old);
    }
    return inWindow;
  }

  summary(): ArrivalsSummary {
    return { total: this.#total, max_in_any_1000ms: this.#most, per_second: [...this.#perSecond] };
  }

  /** Resets the counts, but not the window, so that the rate limit stays in force. */
  reset(): void {
    this.#perSecond.clear();
    this.#total = 0;
    this.#most = 0;
  }
}

export interface ArrivalsSummary {
  readonly total: number;
  /** The largest number of arrivals in any sliding window. */
  readonly max_in_any_1000ms: number;
  /** [Unix second, arrivals] of the last hour, oldest first, without the seconds that had no arrivals. */
  readonly per_second: readonly (readonly [number, number])[];
}
