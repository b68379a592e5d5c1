/** Timers that end together: closing the simulator must leave no handle behind. */
export class Timers {
  readonly #pending = new Set<NodeJS.Timeout>();
  #ended = false;

  /** Calls `action` once after `delayMs`, unless cancelled or cleared before. Returns the cancellation. */
  after(delayMs: number, action: () => void): () => void {
    if (this.#ended) return () => {};
    const timer = setTimeout(
      () => {
        this.#pending.delete(timer);
        action();
      },
      // Node fires at once what is longer than 2^31 - 1 ms; the longest retry here is 64 h.
      Math.min(delayMs, 2 ** 31 - 1),
    );
    this.#pending.add(timer);
    return () => {
      clearTimeout(timer);
      this.#pending.delete(timer);
    };
  }

  /** Cancels everything, and whatever is asked for later. */
  end(): void {
    this.#ended = true;
    for (const timer of this.#pending) clearTimeout(timer);
    this.#pending.clear();
  }
}
