import { expect, test } from 'vitest';
import { addDays, dayOf, daysFrom, spreadDays, startOfDay } from '../../lib/base/day.ts';

test.each([
  ['2026-03-01', '2026-03-01', 5, ['2026-03-01']],
  ['2026-03-01', '2026-03-02', 5, ['2026-03-01', '2026-03-02']],
  ['2026-02-27', '2026-03-02', 5, ['2026-02-27', '2026-02-28', '2026-03-01', '2026-03-02']],
  ['2026-01-01', '2026-01-31', 4, ['2026-01-01', '2026-01-11', '2026-01-21', '2026-01-31']],
  ['2025-12-31', '2026-12-31', 2, ['2025-12-31', '2026-12-31']],
])('days from %s to %s, at most %i, are spread evenly', (from, to, most, days) => {
  expect(spreadDays(from, to, most)).toEqual(days);
});

test('a day is one in UTC, from its first to its last millisecond', () => {
  const start = Date.UTC(2026, 10, 25);
  expect(startOfDay('2026-11-25')).toBe(start);
  expect([start - 1, start, start + 86_399_999, start + 86_400_000].map(dayOf)).toEqual([
    ...['2026-11-24', '2026-11-25', '2026-11-25', '2026-11-26'],
  ]);
});

test.each(['2026-13-01', '2026-11-32', 'today', ''])('%j is no day', (text) => {
  expect(startOfDay(text)).toBeNaN();
});

test.each([
  ['2026-02-28', 1, '2026-03-01'],
  ['2028-02-28', 1, '2028-02-29'],
  ['2026-01-01', -1, '2025-12-31'],
  ['2026-11-25', 0, '2026-11-25'],
])('%s and %i days are %s', (day, days, sum) => {
  expect(addDays(day, days)).toBe(sum);
  expect(daysFrom(day, sum)).toBe(days + 1);
});
