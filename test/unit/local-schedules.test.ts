import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Schedule } from '../../localstack/runner/declared.ts';
import { cronPattern, rateMs, startSchedules } from '../../localstack/runner/schedules.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 10, 23, 12) });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Times of the runs, in ISO format. */
function runsOf(schedule: Partial<Schedule>) {
  const runs: string[] = [];
  const running = startSchedules(
    [{ functionKey: 'f', schedule: { expression: '', timezone: 'UTC', enabled: true, input: { a: 1 }, ...schedule } }],
    (functionKey, input) => {
      expect([functionKey, input]).toEqual(['f', { a: 1 }]);
      runs.push(new Date().toISOString());
    },
  );
  return { runs, running };
}

test('a rate runs soon after the start, then at each interval, until it is stopped', () => {
  const { runs, running } = runsOf({ expression: 'rate(15 minutes)' });
  vi.advanceTimersByTime(31 * 60_000);
  running.stop();
  vi.advanceTimersByTime(31 * 60_000);
  expect(runs.map((run) => run.slice(11, 19))).toEqual(['12:00:01', '12:15:00', '12:30:00']);
});

test.each([
  [
    'cron(0 3 * * ? *)',
    'Europe/Moscow',
    ['2026-11-24T00:00:00.000Z', '2026-11-25T00:00:00.000Z', '2026-11-26T00:00:00.000Z'],
  ],
  // Sunday is 1, so Wednesday is 4.
  ['cron(30 8 ? * 4 *)', 'UTC', ['2026-11-25T08:30:00.000Z']],
  ['cron(0 12 24 * ? *)', 'UTC', ['2026-11-24T12:00:00.000Z']],
])('%s in %s', (expression, timezone, expected) => {
  const { runs, running } = runsOf({ expression, timezone });
  vi.advanceTimersByTime(2.5 * 86_400_000);
  running.stop();
  expect(runs).toEqual(expected);
});

test('a disabled schedule does not run', () => {
  const { runs } = runsOf({ expression: 'rate(1 minute)', enabled: false });
  vi.advanceTimersByTime(600_000);
  expect(runs).toEqual([]);
});

test('expressions', () => {
  expect([rateMs('rate(1 minute)'), rateMs('rate(2 hours)'), rateMs('rate(60 days)')]).toEqual([
    60_000,
    7_200_000,
    2 ** 31 - 1,
  ]);
  expect(rateMs('cron(0 3 * * ? *)')).toBeUndefined();
  expect(cronPattern('cron(0 3 ? * MON-FRI 2027)')).toBe('0 0 3 * * MON-FRI 2027');
  for (const wrong of ['rate(15 min)', 'cron(0 3 * * ?)', ''])
    expect(() => cronPattern(wrong)).toThrow('is no schedule');
});
