/** A group of timers that can be cancelled together, so that the closed simulator leaves no open handles. */
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
      // Node fires timers longer than 2^31 - 1 ms at once. The longest retry here is 64 h.
      Math.min(delayMs, 2 ** 31 - 1),
    );
    this.#pending.add(timer);
    return () => {
      clearTimeout(timer);
      this.#pending.delete(timer);
    };
  }

  /** Cancels all timers, and ignores later calls of `after`. */
  end(): void {
    this.#ended = true;
    for (const timer of this.#pending) clearTimeout(timer);
    this.#pending.clear();
  }
}
