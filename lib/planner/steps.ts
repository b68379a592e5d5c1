/**
 * The distribution of changes of a count: every join adds one, and every leave subtracts one.
 *
 * Joins and leaves are Poisson processes with λ steps per hour together. The share of joins is unknown, and all shares are equally
 * likely. Then the number of joins among N steps is uniform from 0 to N (Bayes 1763), so the difference is uniform on −N, −N + 2,
 * …, N. Summed over N with mean x = λt, the Skellam distribution averaged over all shares becomes
 *
 *   P(|d| = k) = (2/x)·P(M ≥ k + 1, M ≡ k + 1 mod 2) for k > 0, M Poisson with mean x, and P(d = 0) = (1 − e^(−2x)) / 2x.
 *
 * A count is correct if it equals MAX's count: because nothing happened, or because joins and leaves cancel out.
 */

const EULER = 0.577_215_664_901_532_9;

/** Returns P(d = 0), the probability that a count is correct after `x` expected steps. */
export function equal(x: number): number {
  return x < 1e-8 ? 1 : -Math.expm1(-2 * x) / (2 * x);
}

/**
 * Returns the share of the time in which a count is correct that is read every `x` expected steps: the mean of `equal` from 0 to
 * x.
 */
export function shareCorrect(x: number): number {
  return x < 1e-8 ? 1 : ein(2 * x) / (2 * x);
}

/**
 * Returns the gain of a read after `x` expected steps, times λ: x·(shareCorrect(x) − equal(x)). It is 0 at 0 and grows like ln x
 * / 2.
 */
export function gain(x: number): number {
  // For small x the difference would lose digits, so this uses the series: Σ (−1)^n (2x)^n (n − 1) / (2 n·n!).
  if (x < 0.05) return x * x * (1 / 2 - x * (4 / 9 - x * (1 / 4 - (x * 8) / 75)));
  return (ein(2 * x) + Math.expm1(-2 * x)) / 2;
}

/** Returns ∫ (1 − e^(−t)) / t dt from 0 to z ≥ 0 (the entire exponential integral), to a relative 1e-9. */
export function ein(z: number): number {
  if (z > 3) return Math.log(z) + EULER + e1(z);
  let term = 1;
  let sum = 0;
  for (let n = 1; n < 40; n += 1) {
    term *= -z / n;
    sum -= term / n;
    if (Math.abs(term) < 1e-13 * sum) break;
  }
  return sum;
}

/** Returns E₁(z) for z > 3, by its continued fraction (Abramowitz and Stegun 5.1.22, evaluated from the tail). */
function e1(z: number): number {
  if (z > 40) return 0;
  let tail = 0;
  for (let n = 30; n > 0; n -= 1) tail = n / (1 + n / (z + tail));
  return Math.exp(-z) / (z + tail);
}

/** Largest difference with exact sums. Beyond it, the Poisson tail is approximated. */
const EXACT_UP_TO = 40;
/** Larger differences are treated like this one, because people who join in bulk do not join independently. */
export const MAX_DIFFERENCE = 1_000;

/** Returns ln P(|d| = k) after `x` expected steps, exactly, except for k ≥ 40 and x > k + 1: then to 1e-3. */
export function logDifference(k: number, x: number): number {
  if (k === 0) return x < 1e-8 ? -x : Math.log(equal(x));
  const difference = Math.min(k, MAX_DIFFERENCE);
  return Math.log(2 / x) + logParityTail(difference + 1, x);
}

/**
 * Returns ln P(|d| = k) after `x` expected steps and one more at the end. Its N = M + 1 steps are uniform as above, so P is
 * c·Σ P(M = n) / (n + 2) over n ≥ k − 1, n ≡ k − 1 mod 2, with c = 2, or 1 for k = 0. P(M = n) / (n + 2) is (n + 1) P(M = n + 2) / x², so
 * the sum is (x·P(M ≥ k, M ≡ k) − P(M ≥ k + 1, M ≡ k + 1)) / x². As exact as `logDifference`.
 */
export function logDifferenceAfterStep(k: number, x: number): number {
  if (k === 0) return Math.log(equalAfterStep(x));
  const difference = Math.min(k, MAX_DIFFERENCE);
  const first = Math.log(x) + logParityTail(difference, x);
  const second = logParityTail(difference + 1, x);
  return Math.log(2) - 2 * Math.log(x) + first + Math.log(-Math.expm1(second - first));
}

/** Returns (x(1 + e^(−2x)) − (1 − e^(−2x))) / 2x², by its series for small x. */
function equalAfterStep(x: number): number {
  if (x < 0.02) return (x / 3) * (1 - x * (1 - x * (3 / 5 - (4 * x) / 15)));
  const silent = Math.exp(-2 * x);
  return (x * (1 + silent) - (1 - silent)) / (2 * x * x);
}

/** Returns ln P(M ≥ n, M ≡ n mod 2), where M is Poisson with mean x. */
function logParityTail(n: number, x: number): number {
  if (n > EXACT_UP_TO && x > n) return Math.log(upperTail(n - 0.5, x) / 2);
  // Half of the distribution, less a few improbable values of this parity.
  if (n <= EXACT_UP_TO && x > 60) {
    let below = 0;
    for (let m = n - 2; m >= 0; m -= 2) below += Math.exp(logPoisson(m, x));
    return Math.log(0.5 - below);
  }
  let ratio = 1;
  let sum = 1;
  for (let m = n; ratio > 1e-12 * sum; m += 2) {
    ratio *= (x / (m + 1)) * (x / (m + 2));
    sum += ratio;
  }
  return logPoisson(n, x) + Math.log(sum);
}

const logPoisson = (n: number, x: number): number => n * Math.log(x) - x - logFactorial(n);

/**
 * Returns P(M ≥ a) for Poisson M with mean x and fractional a, by the cube root of its gamma distribution (Wilson and Hilferty
 * 1931).
 */
function upperTail(a: number, x: number): number {
  return normal(3 * Math.sqrt(a) * (Math.cbrt(x / a) - 1 + 1 / (9 * a)));
}

/** Returns the standard normal distribution function, to 1e-7 (Abramowitz and Stegun 26.2.17). */
function normal(z: number): number {
  const t = 1 / (1 + 0.231_641_9 * Math.abs(z));
  const series =
    t * (0.319_381_53 + t * (-0.356_563_782 + t * (1.781_477_937 + t * (-1.821_255_978 + t * 1.330_274_429))));
  const upper = (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * series;
  return z > 0 ? 1 - upper : upper;
}

/** Returns ln n!; for n ≥ 10 by Stirling's series, which is then exact to 1e-10. */
function logFactorial(n: number): number {
  if (n < 10) {
    let product = 1;
    for (let i = 2; i <= n; i += 1) product *= i;
    return Math.log(product);
  }
  const m = n + 1;
  return (
    (m - 0.5) * Math.log(m) - m + 0.5 * Math.log(2 * Math.PI) + (1 - (1 / 30 - 1 / (105 * m * m)) / (m * m)) / (12 * m)
  );
}
