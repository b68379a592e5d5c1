import fc from 'fast-check';
import { expect, test } from 'vitest';
import { countReads, type ReadTally, readsPerHour } from '../../../lib/planner/read-rate.ts';

const HOUR_MS = 3_600_000;
const none: ReadTally = { reads: 0, hours: 0, countedTo: 0 };

test('without reads a chat is read like the average chat, and less the longer nobody looks', () => {
  expect(readsPerHour(none, 0.4)).toBeCloseTo(0.4, 12);
  let last = 0.4;
  for (const hours of [1, 10, 100]) {
    const rate = readsPerHour({ ...none, hours }, 0.4);
    expect(rate).toBeLessThan(last);
    expect(rate).toBeGreaterThan(0);
    last = rate;
  }
});

test('many reads outweigh the average', () => {
  expect(readsPerHour({ reads: 5_000, hours: 1_000, countedTo: 0 }, 0.4) / 5).toBeCloseTo(1, 2);
});

test('a steady rate is found whatever the steps it was counted in', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 5, maxLength: 40 }), (steps) => {
      let tally = none;
      let now = 0;
      for (const hours of steps) {
        now += hours * HOUR_MS;
        tally = countReads(tally, 3 * hours, now, 336);
      }
      expect(tally.reads / tally.hours).toBeCloseTo(3, 9);
      expect(tally.hours).toBeLessThan(336);
      expect(tally.countedTo).toBe(now);
    }),
  );
});

test('an hour counts e times less after the memory', () => {
  const then = countReads(none, 100, HOUR_MS, 336);
  const later = countReads(then, 0, 337 * HOUR_MS, 336);
  expect(later.reads / then.reads).toBeCloseTo(1 / Math.E, 9);
  // ∫ e^(−t/336) dt over all 337 hours
  expect(later.hours).toBeCloseTo(336 * (1 - Math.exp(-337 / 336)), 9);
});

test('a memory without end adds up, and a clock that stands or goes back adds no hours', () => {
  const all = countReads(countReads(none, 5, HOUR_MS, Infinity), 7, 3 * HOUR_MS, Infinity);
  expect(all).toEqual({ reads: 12, hours: 3, countedTo: 3 * HOUR_MS });
  expect(countReads(all, 2, 3 * HOUR_MS, 336)).toEqual({ ...all, reads: 14 });
  expect(countReads(all, 2, HOUR_MS, 336)).toEqual({ ...all, reads: 14 });
});
