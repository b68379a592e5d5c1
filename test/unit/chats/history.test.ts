import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CountReading, firstReading, withReading } from '../../../lib/chats/history.ts';

const DATE = '2026-11-23';
const dayOf = ([first, ...others]: readonly CountReading[]) =>
  others.reduce(withReading, firstReading(DATE, first ?? { count: 0, readAt: 0 }));
const day = dayOf([
  { count: 5, readAt: 100 },
  { count: 9, readAt: 200 },
]);

describe('a day of counts', () => {
  test('begins with one reading', () => {
    expect(firstReading(DATE, { count: 5, readAt: 100 })).toEqual({
      ...{ date: DATE, first: 5, firstAt: 100, min: 5, max: 5, last: 5, lastAt: 100 },
    });
  });

  test.each<[string, CountReading, Partial<typeof day>]>([
    ['later', { count: 7, readAt: 201 }, { last: 7, lastAt: 201 }],
    ['later and larger', { count: 10, readAt: 201 }, { max: 10, last: 10, lastAt: 201 }],
    ['later and smaller', { count: 4, readAt: 201 }, { min: 4, last: 4, lastAt: 201 }],
    ['earlier', { count: 6, readAt: 99 }, { first: 6, firstAt: 99 }],
    ['in between and larger', { count: 10, readAt: 150 }, { max: 10 }],
    ['in between and smaller', { count: 4, readAt: 150 }, { min: 4 }],
  ])('is changed by a reading that is %s', (_, reading, change) => {
    expect(withReading(day, reading)).toEqual({ ...day, ...change });
  });

  test.each<CountReading>([
    { count: 5, readAt: 100 },
    { count: 9, readAt: 200 },
    { count: 7, readAt: 150 },
    { count: 5, readAt: 150 },
    { count: 9, readAt: 150 },
  ])('is not changed by %j', (reading) => {
    expect(withReading(day, reading)).toBe(day);
  });

  test('is the same for any order of its readings', () => {
    const readings = fc.uniqueArray(fc.record({ count: fc.nat(9), readAt: fc.nat(50) }), {
      selector: ({ readAt }) => readAt,
      minLength: 1,
      maxLength: 6,
    });
    const shuffled = readings.chain((some) =>
      fc.tuple(fc.constant(some), fc.shuffledSubarray([...some], { minLength: some.length })),
    );
    fc.assert(
      fc.property(shuffled, ([readings, others]) => {
        expect(dayOf([...others, ...readings])).toEqual(dayOf(readings));
      }),
    );
  });
});
