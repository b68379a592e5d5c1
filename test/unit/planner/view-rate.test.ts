import fc from 'fast-check';
import { expect, test } from 'vitest';
import { countViews, type ViewTally, viewsPerHour } from '../../../lib/planner/view-rate.ts';

const HOUR_MS = 3_600_000;
const none: ViewTally = { views: 0, hours: 0, countedTo: 0 };

test('without views a chat has the rate of the average chat, which falls while no view occurs', () => {
  expect(viewsPerHour(none, 0.4)).toBeCloseTo(0.4, 12);
  let last = 0.4;
  for (const hours of [1, 10, 100]) {
    const rate = viewsPerHour({ ...none, hours }, 0.4);
    expect(rate).toBeLessThan(last);
    expect(rate).toBeGreaterThan(0);
    last = rate;
  }
});

test('many views outweigh the average', () => {
  expect(viewsPerHour({ views: 5_000, hours: 1_000, countedTo: 0 }, 0.4) / 5).toBeCloseTo(1, 2);
});

test('a steady rate is found for any length of steps', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 5, maxLength: 40 }), (steps) => {
      let tally = none;
      let now = 0;
      for (const hours of steps) {
        now += hours * HOUR_MS;
        tally = countViews(tally, 3 * hours, now, 336);
      }
      expect(tally.views / tally.hours).toBeCloseTo(3, 9);
      expect(tally.hours).toBeLessThan(336);
      expect(tally.countedTo).toBe(now);
    }),
  );
});

test('an hour counts e times less after the memory', () => {
  const then = countViews(none, 100, HOUR_MS, 336);
  const later = countViews(then, 0, 337 * HOUR_MS, 336);
  expect(later.views / then.views).toBeCloseTo(1 / Math.E, 9);
  // ∫ e^(−t/336) dt over all 337 hours
  expect(later.hours).toBeCloseTo(336 * (1 - Math.exp(-337 / 336)), 9);
});

test('a memory without end adds all hours; a clock that stands still or goes back adds none', () => {
  const all = countViews(countViews(none, 5, HOUR_MS, Infinity), 7, 3 * HOUR_MS, Infinity);
  expect(all).toEqual({ views: 12, hours: 3, countedTo: 3 * HOUR_MS });
  expect(countViews(all, 2, 3 * HOUR_MS, 336)).toEqual({ ...all, views: 14 });
  expect(countViews(all, 2, HOUR_MS, 336)).toEqual({ ...all, views: 14 });
});
