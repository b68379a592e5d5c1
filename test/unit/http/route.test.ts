import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { idParam, integerParam, named } from '../../../lib/http/route.ts';
import { chatId, count } from '../../../lib/http/schemas.ts';

describe('a whole number in a path or a query', () => {
  test.each([
    ['0', 0],
    ['1', 1],
    ['42', 42],
    ['100', 100],
  ])('may be %j', (text, number) => {
    expect(integerParam(0, 100).parse(text)).toBe(number);
  });

  test.each(['', ' 1', '1 ', '+1', '-1', '01', '1.0', '1e1', '0x1', '1_0', '٣', 'x', '101', '1000', '1'.repeat(400)])(
    'may not be %j, and the error says what it may be',
    (text) => {
      const { error } = integerParam(0, 100).safeParse(text);
      expect(error?.issues.map(({ message }) => message)).toEqual([expect.stringMatching(/\bfrom 0 to 100\b/)]);
    },
  );

  test('has a smallest value', () => {
    expect(integerParam(5, 100).safeParse('5').success).toBe(true);
    expect(integerParam(5, 100).safeParse('4').success).toBe(false);
  });

  test('that is an id is positive and safe', () => {
    expect(idParam.parse('9007199254740991')).toBe(Number.MAX_SAFE_INTEGER);
    for (const text of ['0', '9007199254740992', '10000000000000000']) {
      expect(idParam.safeParse(text).success).toBe(false);
    }
  });
});

test('a named schema is created on first use, once, with its name', () => {
  let created = 0;
  const note = named('Note', () => {
    created += 1;
    return z.string();
  });
  expect(created).toBe(0);
  expect(note()).toBe(note());
  expect(note().meta()).toMatchObject({ id: 'Note' });
  expect(created).toBe(1);
});

test('a count is a whole number from 0, and an id one from 1', () => {
  for (const [schema, smallest] of [
    [count(), 0],
    [chatId(), 1],
  ] as const) {
    for (const value of [smallest, 5]) expect(schema.safeParse(value).success).toBe(true);
    for (const value of [smallest - 1, 5.5, '5', null]) expect(schema.safeParse(value).success).toBe(false);
  }
});
