import { describe, expect, test } from 'vitest';
import { parseJsonWithIds } from '../../lib/base/json.ts';

const parse = (text: string) => parseJsonWithIds(text, 'chat_id');

describe('an id in JSON', () => {
  test.each([
    ['9223372036854775807', 9_223_372_036_854_775_807n],
    ['-9007199254740993', -9_007_199_254_740_993n],
    ['15', 15n],
    ['0', 0n],
  ])('that is the integer %s keeps its digits', (digits, id) => {
    expect(parse(`{"chat_id":${digits}}`)).toEqual({ chat_id: id });
  });

  test.each([
    ['1.5', 1.5],
    ['15e2', 1_500],
    ['-1E-2', -0.01],
    ['"15"', '15'],
    ['null', null],
    ['true', true],
    ['["15"]', ['15']],
  ])('that is %s is no integer, and stays as it is', (json, value) => {
    expect(parse(`{"chat_id":${json}}`)).toEqual({ chat_id: value });
  });

  test('is one at any depth, and under no other name', () => {
    expect(parse('{"chats":[{"chat_id":1,"user_id":2}],"chat":{"chat_id":3},"count":4}')).toEqual({
      chats: [{ chat_id: 1n, user_id: 2 }],
      chat: { chat_id: 3n },
      count: 4,
    });
  });
});

test.each(['', '{', '<html>', '{"chat_id":15n}'])('the text %j is not JSON', (text) => {
  expect(parse(text)).toBeUndefined();
});
