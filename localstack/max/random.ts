/** Seeded random numbers: a stream for events in their order, and a hash for constant data of a chat, which need no memory. */

/** Uniform draws from [0, 1). */
export type Random = () => number;

/** Returns a mulberry32 generator: 32 bits of state, period 2^32. This is enough for weeks of a world's events. */
export function randomStream(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Returns a uint32 that depends only on the arguments (murmur3's finalizer, once per argument). */
export function hash(seed: number, index: number, salt: number): number {
  return scramble(scramble(scramble(seed) ^ Math.imul(index + 1, 0x9e3779b1)) ^ Math.imul(salt + 1, 0x85ebca6b));
}

/** Returns the hash as a number in (0, 1), without both ends, so that its logarithm is finite. */
export function share(seed: number, index: number, salt: number): number {
  return (hash(seed, index, salt) + 0.5) / 2 ** 32;
}

/** Returns a log-normal number with this median and spread (standard deviation of its logarithm), by Box and Muller. */
export function logNormal(seed: number, index: number, salt: number, median: number, spread: number): number {
  const radius = Math.sqrt(-2 * Math.log(share(seed, index, salt)));
  const angle = 2 * Math.PI * share(seed, index, salt + 1);
  return median * Math.exp(spread * radius * Math.cos(angle));
}

function scramble(value: number): number {
  let mixed = value | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
