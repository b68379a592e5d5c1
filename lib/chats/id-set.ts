/**
 * Sets of chat ids as bitmaps, in chunks of consecutive ids. A posting list stores one chunk per item. A chunk has a few hundred
 * bytes, for any number of ids.
 */

/** Number of ids in a chunk. */
export const CHUNK_IDS = 4_096;

const WORDS = CHUNK_IDS / 32;

/** Returns the chunk of an id, from 0. */
export const chunkOf = (id: number): number => Math.floor(id / CHUNK_IDS);

/** The bits of one chunk: bit `n` is the id `chunk × 4,096 + n`. */
export type ChunkBits = Uint32Array<ArrayBuffer>;

export const emptyBits = (): ChunkBits => new Uint32Array(WORDS);

export function setBit(bits: ChunkBits, id: number, value: boolean): void {
  const offset = id % CHUNK_IDS;
  const mask = 1 << (offset & 31);
  const word = bits[offset >> 5] ?? 0;
  bits[offset >> 5] = value ? word | mask : word & ~mask;
}

export const hasBit = (bits: ChunkBits, id: number): boolean => {
  const offset = id % CHUNK_IDS;
  return (((bits[offset >> 5] ?? 0) >>> (offset & 31)) & 1) === 1;
};

/** Returns the number of set bits in a 32-bit word. */
function population(word: number): number {
  let n = word - ((word >>> 1) & 0x55555555);
  n = (n & 0x33333333) + ((n >>> 2) & 0x33333333);
  return Math.imul((n + (n >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

export function countBits(bits: ChunkBits): number {
  let count = 0;
  for (const word of bits) count += population(word);
  return count;
}

/** Yields the offsets of the set bits in the chunk, ascending. */
export function* offsetsOf(bits: ChunkBits): Generator<number> {
  for (let i = 0; i < WORDS; i++) {
    for (let word = bits[i] ?? 0; word !== 0; word &= word - 1) yield i * 32 + (31 - Math.clz32(word & -word));
  }
}

export class IdSet {
  readonly #chunks = new Map<number, ChunkBits>();

  static of(ids: Iterable<number>): IdSet {
    const set = new IdSet();
    for (const id of ids) set.add(id);
    return set;
  }

  get size(): number {
    let size = 0;
    for (const bits of this.#chunks.values()) size += countBits(bits);
    return size;
  }

  add(id: number): void {
    setBit(this.#bitsOf(chunkOf(id)), id, true);
  }

  has(id: number): boolean {
    const bits = this.#chunks.get(chunkOf(id));
    return bits !== undefined && hasBit(bits, id);
  }

  /** Adds all ids of a chunk. */
  addChunk(chunk: number, bits: ChunkBits): void {
    const own = this.#chunks.get(chunk);
    if (!own) this.#chunks.set(chunk, bits.slice());
    else for (let i = 0; i < WORDS; i++) own[i] = (own[i] ?? 0) | (bits[i] ?? 0);
  }

  addAll(other: IdSet): void {
    for (const [chunk, bits] of other.#chunks) this.addChunk(chunk, bits);
  }

  /** Returns a new set with the ids that are in both sets. */
  common(other: IdSet): IdSet {
    const both = new IdSet();
    for (const [chunk, own] of this.#chunks) {
      const bits = other.#chunks.get(chunk);
      if (bits)
        both.#chunks.set(
          chunk,
          own.map((word, i) => word & (bits[i] ?? 0)),
        );
    }
    return both;
  }

  /** Yields the ids above `after` in ascending order, or those below it in descending order; all ids without `after`. */
  *ids(order: 'asc' | 'desc' = 'asc', after?: number): Generator<number> {
    const sign = order === 'asc' ? 1 : -1;
    const from = after === undefined ? undefined : chunkOf(after);
    const chunks = [...this.#chunks.keys()].sort((a, b) => sign * (a - b));
    for (const chunk of chunks) {
      if (from !== undefined && sign * (chunk - from) < 0) continue;
      const offsets = [...offsetsOf(this.#chunks.get(chunk) ?? emptyBits())];
      for (const offset of order === 'asc' ? offsets : offsets.reverse()) {
        const id = chunk * CHUNK_IDS + offset;
        if (after === undefined || sign * (id - after) > 0) yield id;
      }
    }
  }

  #bitsOf(chunk: number): ChunkBits {
    const known = this.#chunks.get(chunk);
    if (known) return known;
    const bits = emptyBits();
    this.#chunks.set(chunk, bits);
    return bits;
  }
}
