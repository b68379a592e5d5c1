import { describe, expect, test } from 'vitest';
import { seeded } from '../../../bench/freshness/random.ts';
import { addSizeSums, fitLine, NO_SIZE_SUMS, type SizeSums, sizeSums } from '../../../lib/planner/size-line.ts';

/** Chats of random sizes, whose mean ln λ grows by `slope` with ln(1 + count) and varies by up to 2 beside it. */
function sumsOf(chats: number, slope: number): SizeSums {
  const random = seeded(2);
  let sums = NO_SIZE_SUMS;
  for (let i = 0; i < chats; i += 1) {
    const x = 2 + 4 * random.uniform();
    sums = addSizeSums(sums, sizeSums(Math.expm1(x), 24, -4 + slope * (x - 4) + 4 * (random.uniform() - 0.5)));
  }
  return sums;
}

describe('the line of change rates over sizes', () => {
  test.each([0, 0.6, 1, -0.5])('has a slope of %d', (slope) => {
    const line = fitLine(sumsOf(20_000, slope), 24_000)?.bySize;
    expect(line?.slope).toBeCloseTo(slope, 1);
    expect(line?.meanLogSize).toBeCloseTo(4, 1);
  });

  test('is level while few chats are known, and never steeper than 2', () => {
    expect(fitLine(sumsOf(20, 1), 24_000)?.bySize.slope).toBeLessThan(0.05);
    expect(fitLine(sumsOf(20_000, 9), 24_000)?.bySize.slope).toBe(2);
    expect(fitLine(NO_SIZE_SUMS, 24_000)).toBeUndefined();
  });

  test('explains the variance between sizes', () => {
    // x is uniform over a range of 4, so its variance is 4/3.
    const { explained = 0 } = fitLine(sumsOf(20_000, 1), 0) ?? {};
    expect(explained / (20_000 * 24)).toBeCloseTo(4 / 3, 1);
  });

  test('does not contain chats without a count', () => {
    expect(sizeSums(null, 24, -1)).toEqual(NO_SIZE_SUMS);
    expect(sizeSums(0, 2, -1)).toMatchObject({ sizedHours: 2, logSize: 0, sizedLogRate: -2 });
  });
});
