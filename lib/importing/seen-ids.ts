const MIN_CAPACITY = 1_024;

/**
 * A set of MAX ids that detects repeated lines of an import. It is a hash table of 64-bit integers with open addressing, at most
 * half full. It needs 16 to 32 bytes per id, about a fifth of a `Set` of strings. 0 is no MAX id, so it marks a free slot.
 */
export class SeenIds {
  #slots = new BigInt64Array(MIN_CAPACITY);
  #size = 0;
  /** The id that is looked up, and a view of its two halves. So hashing creates no further BigInt. */
  readonly #key = new BigInt64Array(1);
  readonly #halves = new Int32Array(this.#key.buffer);

  /**
   * Adds an id.
   * @param maxChatId decimal, within 64 bits, not 0.
   * @returns false if the set already contains it.
   */
  add(maxChatId: string): boolean {
    if (this.#size * 2 >= this.#slots.length) this.#grow();
    const id = BigInt(maxChatId);
    const slot = this.#slotOf(id);
    if (this.#slots[slot] === id) return false;
    this.#slots[slot] = id;
    this.#size += 1;
    return true;
  }

  /** Returns the slot that holds the id, or the free slot for it. */
  #slotOf(id: bigint): number {
    this.#key[0] = id;
    const [low = 0, high = 0] = this.#halves;
    // The finalizer of MurmurHash3 spreads consecutive ids. In consecutive slots they would make lookups slow.
    let hash = Math.imul(low ^ Math.imul(high, 0x9e3779b1), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    const mask = this.#slots.length - 1;
    let slot = (hash ^ (hash >>> 16)) & mask;
    while (this.#slots[slot] !== 0n && this.#slots[slot] !== id) slot = (slot + 1) & mask;
    return slot;
  }

  #grow(): void {
    const before = this.#slots;
    this.#slots = new BigInt64Array(before.length * 2);
    for (const id of before) if (id !== 0n) this.#slots[this.#slotOf(id)] = id;
  }
}
