import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bestIntervalHours, correctedHours, correctHours, freshness } from '../../../lib/planner/interval.ts';
import { equal, gain, shareCorrect } from '../../../lib/planner/steps.ts';

const logMean = fc.double({ min: -8, max: 5, noNaN: true });
const spread = fc.constantFrom(0, 0.05, 1, 4, 25);
const logPrice = fc.double({ min: -8, max: 8, noNaN: true });
const [LEAST, MOST] = [1 / 60, 24 * 90];

/** Returns the root of an increasing function between `low` and `high`, both > 0. */
function bisect(low: number, high: number, f: (hours: number) => number): number {
  let [from, to] = [low, high];
  for (let i = 0; i < 80; i += 1) {
    const middle = Math.sqrt(from * to);
    if (f(middle) < 0) from = middle;
    else to = middle;
  }
  return Math.sqrt(from * to);
}

describe('expectations over a belief', () => {
  /** By 2,000 steps over ±8 standard deviations. */
  function expected(mean: number, variance: number, f: (rate: number) => number): number {
    let sum = 0;
    let weights = 0;
    for (let z = -8; z <= 8; z += 0.008) {
      sum += Math.exp((-z * z) / 2) * f(Math.exp(mean + Math.sqrt(variance) * z));
      weights += Math.exp((-z * z) / 2);
    }
    return sum / weights;
  }

  test.each([0.05, 0.5, 1])('five nodes represent a belief of variance %d', (variance) => {
    for (const mean of [-4, -1, 2]) {
      for (const hours of [0.1, 1, 20]) {
        expect(freshness({ mean, variance }, hours)).toBeCloseTo(
          expected(mean, variance, (r) => shareCorrect(r * hours)),
          2,
        );
        const right = expected(mean, variance, (r) => gain(r * hours) / r);
        expect(correctHours({ mean, variance }, hours) / right).toBeCloseTo(1, 1);
        const corrected = expected(mean, variance, (r) => (1 - equal(r * hours)) / r);
        expect(correctedHours({ mean, variance }, hours) / corrected).toBeCloseTo(1, 1);
      }
    }
  });

  test('a belief without variance is its rate', () => {
    expect(freshness({ mean: Math.log(2), variance: 0 }, 1.5)).toBeCloseTo(shareCorrect(3), 12);
    expect(correctHours({ mean: Math.log(2), variance: 0 }, 1.5)).toBeCloseTo(gain(3) / 2, 12);
  });
});

describe('bestIntervalHours', () => {
  test('is the interval at which a refresh gains its price, found by bisection', () => {
    fc.assert(
      fc.property(logMean, spread, logPrice, (mean, variance, log) => {
        const price = Math.exp(log);
        // Near the maximum gain, hours hardly matter.
        fc.pre(price < 0.99 * correctHours({ mean, variance }, MOST));
        const found = bestIntervalHours({ mean, variance }, price, LEAST, MOST);
        const exact = bisect(LEAST, MOST, (hours) => correctHours({ mean, variance }, hours) - price);
        expect(found / exact).toBeCloseTo(1, 5);
      }),
      { numRuns: 2_000 },
    );
  });

  test('is optimal: no other interval has more correct views less price', () => {
    fc.assert(
      fc.property(logMean, spread, logPrice, logPrice, (mean, variance, log, other) => {
        const worth = (hours: number) => freshness({ mean, variance }, hours) - Math.exp(log) / hours;
        const best = worth(bestIntervalHours({ mean, variance }, Math.exp(log), LEAST, MOST));
        expect(best).toBeGreaterThanOrEqual(worth(Math.min(MOST, Math.max(LEAST, Math.exp(other)))) - 1e-9);
      }),
      { numRuns: 2_000 },
    );
  });

  test("solves Cho and Garcia-Molina's equation for a known rate", () => {
    fc.assert(
      fc.property(logMean, fc.double({ min: 0.001, max: 0.95, noNaN: true }), (mean, gained) => {
        const rate = Math.exp(mean);
        const hours = bestIntervalHours({ mean, variance: 0 }, gained / rate, 1e-6, 1e9);
        expect(gain(rate * hours)).toBeCloseTo(gained, 5);
      }),
    );
  });

  test('remains between its limits', () => {
    expect(bestIntervalHours({ mean: 0, variance: 0 }, 1e-12, LEAST, MOST)).toBe(LEAST);
    // A count with a lifetime of an hour is not worth five hours, even after three months.
    expect(bestIntervalHours({ mean: 0, variance: 0 }, 5, LEAST, MOST)).toBe(MOST);
  });
});
