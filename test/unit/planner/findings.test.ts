import { expect, test } from 'vitest';
import {
  addFindings,
  addMeasured,
  type Findings,
  measuredAccuracy,
  measuredFreshness,
  NO_FINDINGS,
  NOTHING_MEASURED,
} from '../../../lib/planner/findings.ts';

const some = { measuredViews: 8, measuredCorrect: 6, measuredHours: 40, measuredCorrectHours: 10 };

test('the findings of two workers are added, number by number', () => {
  const numbered = (first: number): Findings => {
    const names = Object.keys(NO_FINDINGS) as (keyof Findings)[];
    return Object.fromEntries(names.map((name, i) => [name, first + i])) as Record<keyof Findings, number>;
  };
  const [one, other] = [numbered(1), numbered(100)];
  const sum = addFindings(one, other);
  for (const name of Object.keys(NO_FINDINGS) as (keyof Findings)[]) expect(sum[name]).toBe(one[name] + other[name]);
});

test('older measurements weigh less', () => {
  expect(addMeasured(some, { ...some, measuredViews: 1 }, 0.5)).toEqual({
    ...{ measuredViews: 5, measuredCorrect: 9, measuredHours: 60, measuredCorrectHours: 15 },
  });
});

test('shares are of what was measured, and unknown if nothing was', () => {
  expect(measuredFreshness(some)).toBe(0.75);
  expect(measuredAccuracy(some)).toBe(0.25);
  expect(measuredFreshness({ ...some, measuredViews: 0, measuredCorrect: 0 })).toBeNull();
  expect(measuredAccuracy({ ...some, measuredHours: 0, measuredCorrectHours: 0 })).toBeNull();
  expect(measuredFreshness(NOTHING_MEASURED)).toBeNull();
});
