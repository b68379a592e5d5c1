import { randomStream } from '../../localstack/max/random.ts';

/** Seeded random numbers: the same seed gives the same results. */
export interface Random {
  /** Uniform from 0 up to 1, exclusive. */
  uniform(): number;
  /** Exponential with mean 1. */
  exponential(): number;
}

export function seeded(seed: number): Random {
  const uniform = randomStream(seed);
  return { uniform, exponential: () => -Math.log(1 - uniform()) };
}

/** Returns the quantile of the standard normal, 0 < p < 1, by Newton's method from a logistic start; exact to 1e-9. */
export function normalQuantile(p: number): number {
  if (p > 0.5) return -normalQuantile(1 - p);
  let z = -Math.sqrt(-2 * Math.log(2 * p)) * 0.8;
  for (let i = 0; i < 60; i += 1) {
    const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
    const step = Math.log(lowerTail(z) / p) / (density / lowerTail(z));
    z -= step;
    if (Math.abs(step) < 1e-10) break;
  }
  return z;
}

/** Returns P(Z < z) for z ≤ 0: by a series near the middle, by Laplace's continued fraction in the tail. */
function lowerTail(z: number): number {
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  if (z > -3) {
    let term = z;
    let sum = z;
    for (let n = 3; n < 120; n += 2) {
      term *= (z * z) / n;
      sum += term;
    }
    return 0.5 + density * sum;
  }
  let fraction = -z;
  for (let n = 60; n > 0; n -= 1) fraction = -z + n / fraction;
  return density / fraction;
}

/** Draws an index with probability proportional to its weight, in constant time (Walker's alias method). */
export function weightedIndex(weights: Float64Array, random: Random): () => number {
  const n = weights.length;
  const mean = weights.reduce((a, b) => a + b, 0) / n;
  const share = weights.map((weight) => weight / mean);
  const alias = new Int32Array(n);
  const small: number[] = [];
  const large: number[] = [];
  for (let i = 0; i < n; i += 1) (at(share, i) < 1 ? small : large).push(i);
  while (small.length > 0 && large.length > 0) {
    const less = small.pop() ?? 0;
    const more = large.at(-1) ?? 0;
    alias[less] = more;
    share[more] = at(share, more) - (1 - at(share, less));
    if (at(share, more) < 1) small.push(large.pop() ?? 0);
  }
  for (const i of [...small, ...large]) share[i] = 1;
  return () => {
    const i = Math.floor(random.uniform() * n);
    return random.uniform() < at(share, i) ? i : at(alias, i);
  };
}

/** Returns an element of a typed array. The index must be valid. */
export function at(array: Float64Array | Int32Array | Uint8Array, index: number): number {
  return array[index] ?? 0;
}
