import { describe, expect, test } from 'vitest';
import { dayRange, readDayRange } from '../../../lib/http/day-range.ts';
import type { Problem } from '../../../lib/http/problem.ts';

const NOW = Date.UTC(2026, 10, 25, 23, 59);

function messageOf(query: { from?: string; to?: string }): string | undefined {
  try {
    readDayRange(query, NOW);
    return undefined;
  } catch (error) {
    return (error as Problem).details.errors?.map(({ field, message }) => `${field} ${message}`).join();
  }
}

describe('a range of days', () => {
  test('is the last 90 days by default', () => {
    expect(readDayRange({}, NOW)).toEqual({ from: '2026-08-28', to: '2026-11-25' });
    expect(readDayRange({ to: '2026-03-31' }, NOW)).toEqual({ from: '2026-01-01', to: '2026-03-31' });
    expect(readDayRange({ to: '0001-01-02' }, NOW)).toEqual({ from: '0001-01-01', to: '0001-01-02' });
    expect(readDayRange({ from: '2026-11-25' }, NOW)).toEqual({ from: '2026-11-25', to: '2026-11-25' });
  });

  test('must not end before it starts', () => {
    expect(messageOf({ from: '2026-11-26' })).toBe('from must not be after to, which is 2026-11-25');
    expect(messageOf({ from: '2026-02-02', to: '2026-02-01' })).toContain('2026-02-01');
    expect(messageOf({ from: '2026-02-01', to: '2026-02-01' })).toBeUndefined();
  });

  test('that is refused is a problem of the field from', () => {
    expect(() => readDayRange({ from: '2026-11-26' }, NOW)).toThrow(
      expect.objectContaining({
        type: 'invalid_request',
        details: { detail: expect.stringContaining('errors'), errors: [expect.objectContaining({ field: 'from' })] },
      }),
    );
  });

  test('has at most two years', () => {
    expect(messageOf({ from: '2024-11-24' })).toBeUndefined();
    expect(messageOf({ from: '2024-11-23' })).toBe(
      'from must be 2024-11-24 or later: a range has at most 732 days, this one 733',
    );
  });

  test.each(['2026-02-30', '2026-13-01', '26-01-01', '2026-1-1', '+012026-01', 'today', '2026-01-01T00:00:00Z', ''])(
    'refuses %j as a day',
    (from) => {
      expect(dayRange.safeParse({ from })).toMatchObject({ success: false });
    },
  );

  test('takes days that exist', () => {
    expect(dayRange.safeParse({ from: '2024-02-29', to: '0001-01-01' })).toMatchObject({ success: true });
  });
});
