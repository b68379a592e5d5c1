import { CHUNK_IDS, type ChunkBits, countBits, emptyBits, offsetsOf } from './id-set.ts';

/**
 * Encodes a chunk of a posting list as bytes: 515 at most, 5 for a single id. The first byte is the format, the next two the
 * number of gaps. Gaps between ids are Rice codes, which are close to the entropy of a random set. If most ids are in the set,
 * the gaps of the absent ids are encoded. If about half are in the set, a bitmap is shorter.
 */

const PRESENT = 0;
const ABSENT = 1;
const BITMAP = 2;

const HEADER = 3;
const BITMAP_BYTES = CHUNK_IDS / 8;

/** @returns `undefined` for an empty chunk, which is not stored. */
export function encodeChunk(bits: ChunkBits): Uint8Array | undefined {
  const count = countBits(bits);
  if (count === 0) return undefined;
  const absent = count > CHUNK_IDS / 2;
  const coded = absent ? CHUNK_IDS - count : count;
  const gaps = gapsOf(absent ? bits.map((word) => ~word) : bits, coded);
  const shift = bestShift(coded);
  const bytes = Math.ceil(gaps.reduce((sum, gap) => sum + (gap >>> shift) + 1 + shift, 0) / 8);
  if (bytes >= BITMAP_BYTES) {
    const bitmap = new Uint8Array(HEADER + BITMAP_BYTES);
    bitmap[0] = BITMAP << 4;
    const view = new DataView(bitmap.buffer, HEADER);
    bits.forEach((word, i) => {
      view.setUint32(4 * i, word, true);
    });
    return bitmap;
  }
  const encoded = new Uint8Array(HEADER + bytes);
  encoded.set([((absent ? ABSENT : PRESENT) << 4) | shift, coded & 0xff, coded >>> 8]);
  writeGaps(encoded, gaps, shift);
  return encoded;
}

export function decodeChunk(encoded: Uint8Array): ChunkBits {
  const bits = emptyBits();
  const [first = 0, low = 0, high = 0] = encoded;
  const kind = first >>> 4;
  if (kind === BITMAP) {
    const view = new DataView(encoded.buffer, encoded.byteOffset + HEADER, BITMAP_BYTES);
    for (let i = 0; i < bits.length; i++) bits[i] = view.getUint32(4 * i, true);
    return bits;
  }
  readGaps(encoded, { count: low | (high << 8), shift: first & 15 }, bits);
  return kind === ABSENT ? bits.map((word) => ~word) : bits;
}

/** Returns the best shift for geometrically distributed gaps with this number of ids: log2 of their mean times ln 2. */
const bestShift = (count: number): number => {
  const mean = (CHUNK_IDS - count) / Math.max(1, count);
  return Math.max(0, Math.min(11, Math.floor(Math.log2(Math.max(1, mean * Math.LN2)) + 0.5)));
};

/** Returns the number of absent ids before each id. */
function gapsOf(bits: ChunkBits, count: number): Uint16Array {
  const gaps = new Uint16Array(count);
  let next = 0;
  let i = 0;
  for (const offset of offsetsOf(bits)) {
    gaps[i++] = offset - next;
    next = offset + 1;
  }
  return gaps;
}

/** Writes each gap: its upper part in unary (ones and a zero), then its lower `shift` bits. */
function writeGaps(target: Uint8Array, gaps: Uint16Array, shift: number): void {
  let at = HEADER * 8;
  for (const gap of gaps) {
    for (let ones = gap >>> shift; ones > 0; ones--) {
      target[at >> 3] = (target[at >> 3] ?? 0) | (1 << (at & 7));
      at += 1;
    }
    at += 1;
    for (let bit = 0; bit < shift; bit++) {
      target[at >> 3] = (target[at >> 3] ?? 0) | (((gap >>> bit) & 1) << (at & 7));
      at += 1;
    }
  }
}

function readGaps(
  source: Uint8Array,
  { count, shift }: { readonly count: number; readonly shift: number },
  bits: ChunkBits,
): void {
  let at = HEADER * 8;
  let offset = -1;
  for (let i = 0; i < count; i++) {
    let gap = 0;
    while ((((source[at >> 3] ?? 0) >>> (at & 7)) & 1) === 1) {
      gap += 1;
      at += 1;
    }
    at += 1;
    gap <<= shift;
    for (let bit = 0; bit < shift; bit++) {
      gap |= (((source[at >> 3] ?? 0) >>> (at & 7)) & 1) << bit;
      at += 1;
    }
    offset += gap + 1;
    bits[offset >> 5] = (bits[offset >> 5] ?? 0) | (1 << (offset & 31));
  }
}
