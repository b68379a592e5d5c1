import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ein,
  equal,
  gain,
  logDifference,
  logDifferenceAfterStep,
  MAX_DIFFERENCE,
  shareCorrect,
} from '../../../lib/planner/steps.ts';

/** Skellam's distribution by enumeration of joins and leaves, averaged over all shares by a fine midpoint rule. */
function enumerated(k: number, x: number): number {
  const BALANCES = 400;
  let sum = 0;
  for (let i = 0; i < BALANCES; i += 1) {
    const joins = (x * (i + 0.5)) / BALANCES;
    sum += skellam(k, joins, x - joins) + (k === 0 ? 0 : skellam(-k, joins, x - joins));
  }
  return sum / BALANCES;
}

function skellam(d: number, joins: number, leaves: number): number {
  let sum = 0;
  const most = x99(joins) + x99(leaves) + Math.abs(d);
  for (let left = Math.max(0, -d); left <= most; left += 1) sum += poisson(left + d, joins) * poisson(left, leaves);
  return sum;
}

const x99 = (mean: number) => Math.ceil(mean + 12 * Math.sqrt(mean) + 12);

function poisson(n: number, mean: number): number {
  let log = -mean;
  for (let i = 1; i <= n; i += 1) log += Math.log(mean / i);
  return Math.exp(log);
}

/** ∫ f from 0 to x by Simpson's rule. */
function integral(f: (t: number) => number, x: number): number {
  const n = 2_000;
  const h = x / n;
  let sum = f(0) + f(x);
  for (let i = 1; i < n; i += 1) sum += (i % 2 ? 4 : 2) * f(i * h);
  return (sum * h) / 3;
}

describe('the difference of a count', () => {
  const cases = [0, 1, 2, 3, 7, 20, 39].flatMap((k) => [0.01, 0.4, 1, 5, 20, 45].map((x) => [k, x] as const));
  test.each(cases)('is %i after %d expected steps with the enumerated probability', (k, x) => {
    // The midpoint rule itself is exact to 1e-6.
    expect(Math.abs(Math.exp(logDifference(k, x)) - enumerated(k, x))).toBeLessThan(2e-6);
  });

  test.each(cases)('is %i after %d expected steps and a last one with the enumerated probability', (k, x) => {
    const BALANCES = 400;
    let sum = 0;
    for (let i = 0; i < BALANCES; i += 1) {
      const balance = (i + 0.5) / BALANCES;
      const at = (d: number) => skellam(d, x * balance, x * (1 - balance));
      const differs = (d: number) => balance * at(d - 1) + (1 - balance) * at(d + 1);
      sum += differs(k) + (k === 0 ? 0 : differs(-k));
    }
    expect(Math.abs(Math.exp(logDifferenceAfterStep(k, x)) - sum / BALANCES)).toBeLessThan(2e-6);
  });

  test('after a last step has probabilities that add up to one, without jumps', () => {
    for (const x of [1e-4, 0.1, 1, 10, 55, 65]) {
      let sum = 0;
      for (let k = 0; k < 500; k += 1) sum += Math.exp(logDifferenceAfterStep(k, x));
      expect(sum).toBeCloseTo(1, x > 30 ? 3 : 9);
    }
    const [below, above] = [0.02 * (1 - 1e-9), 0.02 * (1 + 1e-9)].map((x) => logDifferenceAfterStep(0, x));
    expect(Math.abs((above ?? 0) - (below ?? 1))).toBeLessThan(1e-6);
  });

  test('is approximated to a thousandth where it is large and steps are many', () => {
    for (const k of [40, 41, 70, 100, 200, 400]) {
      for (const factor of [1.01, 1.05, 1.2, 1.5]) {
        const x = (k + 1) * factor;
        // (2/x)·Σ P(M = m) over m = k + 1, k + 3, …
        let sum = 0;
        for (let m = k + 1; m < 2 * x + 200; m += 2) sum += poisson(m, x);
        expect(Math.abs(logDifference(k, x) - Math.log((2 / x) * sum))).toBeLessThan(1e-3);
      }
    }
  });

  test('has probabilities that add up to one', () => {
    for (const x of [0.1, 1, 10, 55, 65, 200]) {
      let sum = 0;
      for (let k = 0; k < 500; k += 1) sum += Math.exp(logDifference(k, x));
      expect(sum).toBeCloseTo(1, x > 30 ? 3 : 9);
    }
  });

  test('is continuous where approximations replace sums', () => {
    for (const k of [39, 40, 41, 100, 900]) {
      for (const x of [k + 1, 60]) {
        const [below, above] = [logDifference(k, x * (1 - 1e-9)), logDifference(k, x * (1 + 1e-9))];
        expect(Math.abs(above - below)).toBeLessThan(1e-3);
        expect(Number.isFinite(above)).toBe(true);
      }
    }
  });

  test('is stronger evidence the larger it is, up to the limit for mass joins', () => {
    const best = (k: number) => {
      const xs = Array.from({ length: 200 }, (_, i) => Math.exp(-3 + i / 15));
      return xs.reduce((a, b) => (logDifference(k, b) > logDifference(k, a) ? b : a));
    };
    expect(best(1)).toBeLessThan(4);
    expect(best(37) / 37).toBeGreaterThan(0.9);
    expect(best(37) / 37).toBeLessThan(1.6);
    expect(best(37)).toBeGreaterThan(best(5));
    expect(logDifference(50_000, 3)).toBe(logDifference(MAX_DIFFERENCE, 3));
    expect(Number.isFinite(logDifference(50_000, 1e-6))).toBe(true);
  });
});

describe('a count that may return to its old value', () => {
  test('is correct with the probability of a difference of 0', () => {
    for (const x of [1e-5, 0.3, 4, 80]) expect(equal(x)).toBeCloseTo(Math.exp(logDifference(0, x)), 12);
  });

  test('is correct for the mean of that, if it is read every x steps', () => {
    for (const x of [0.01, 0.3, 1.4, 1.6, 4, 30]) {
      expect(shareCorrect(x)).toBeCloseTo(integral(equal, x) / x, 8);
      expect(gain(x)).toBeCloseTo(x * (shareCorrect(x) - equal(x)), 8);
    }
    expect(shareCorrect(1e-12)).toBe(1);
  });

  test('gains more the longer it waits, without jumps', () => {
    const positive = fc.double({ min: -12, max: 8, noNaN: true }).map(Math.exp);
    fc.assert(
      fc.property(positive, (x) => {
        expect(gain(x * 1.001)).toBeGreaterThan(gain(x));
        expect(gain(x * 1.001)).toBeLessThan(gain(x) * 1.0021);
        expect(ein(x * 1.001)).toBeGreaterThan(ein(x));
      }),
    );
  });
});
