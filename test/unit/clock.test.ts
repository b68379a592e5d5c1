import { afterEach, expect, test, vi } from 'vitest';
import { systemClock } from '../../lib/base/clock.ts';

afterEach(() => {
  vi.useRealTimers();
});

test('the clock of the system tells Unix ms', () => {
  const before = Date.now();
  const now = systemClock.now();
  expect(now).toBeGreaterThanOrEqual(before);
  expect(now).toBeLessThanOrEqual(Date.now());
});

test('the clock of the system sleeps for the given time', async () => {
  vi.useFakeTimers();
  let awake = false;
  const sleeping = systemClock.sleep(500).then(() => {
    awake = true;
  });
  await vi.advanceTimersByTimeAsync(499);
  expect(awake).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(awake).toBe(true);
  await sleeping;
});
