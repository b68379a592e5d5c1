const windowMs = 1_000;
const historySeconds = 3_600;

/** Counts arrivals at the upstream: the sliding window of the rate limit, and what happened per second in the last hour. */
export class Arrivals {
  #recent: number[] = [];
  /** Where the window starts in `#recent`: dropping from the front one by one would cost the length of it each time. */
  #start = 0;
  #perSecond = new Map<number, number>();
  #total = 0;
  #most = 0;

  /**
   * Takes one arrival in.
   * @param monotonicMs when, on a clock that never steps back and resolves below 1 ms: rounding could hide a 31st arrival.
   * @param unixMs the same moment by the calendar, for the history.
   * @returns how many arrived in the half-open window (now − 1,000 ms, now], this one included, refused ones too.
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

  /** Forgets the counts but not the window: the upstream goes on limiting. */
  reset(): void {
    this.#perSecond.clear();
    this.#total = 0;
    this.#most = 0;
  }
}

export interface ArrivalsSummary {
  readonly total: number;
  /** The fullest sliding window seen. */
  readonly max_in_any_1000ms: number;
  /** [unix second, arrivals] of the last hour, oldest first; seconds without arrivals are left out. */
  readonly per_second: readonly (readonly [number, number])[];
}
