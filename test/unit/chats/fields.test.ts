import { describe, expect, test } from 'vitest';
import { chatFields, hasAtMost, maxChatId, toChatFields } from '../../../lib/chats/fields.ts';

const messages =
  (schema: { safeParse(value: unknown): { error?: { issues: { message: string }[] } | undefined } }) =>
  (value: unknown) =>
    schema.safeParse(value).error?.issues.map(({ message }) => message) ?? [];

describe('the length of a text', () => {
  test.each([
    ['', 0, true],
    ['a', 0, false],
    ['абв', 3, true],
    ['абвг', 3, false],
    ['😀😀😀', 3, true],
    ['😀😀😀😀', 3, false],
    ['😀😀a', 3, true],
    ['😀😀aa', 3, false],
    ['aaaaaaa', 3, false],
  ])('of %j is at most %i: %j', (text, max, expected) => {
    expect(hasAtMost(text, max)).toBe(expected);
  });
});

describe('a line', () => {
  const { name, department, source, external_chat_id } = chatFields;

  test.each(['Группа', ' Группа\t', 'a', ' a\u00a0'])('%j is accepted, without blanks around it', (text) => {
    expect(name.parse(text)).toBe(text.trim());
  });

  test('has at most 200 characters, including the blanks around it', () => {
    for (const text of ['a'.repeat(200), '😀'.repeat(200), ` ${'a'.repeat(199)}`]) {
      expect(name.parse(text)).toBe(text.trim());
    }
    for (const text of ['a'.repeat(201), '😀'.repeat(201), ` ${'a'.repeat(200)}`]) {
      expect(messages(name)(text)).toEqual(['must have at most 200 characters']);
    }
  });

  test.each<[string, string[]]>([
    ['', ['must not be empty']],
    [' \u00a0\n', ['must not be empty']],
    ['a\nb', ['must not contain control or broken characters']],
    ['a\u0000', ['must not contain control or broken characters']],
    ['a\u0085b', ['must not contain control or broken characters']],
    ['a\ud800b', ['must not contain control or broken characters']],
  ])('%j is refused', (text, expected) => {
    expect(messages(name)(text)).toEqual(expected);
  });

  test.each([
    ['department', department, 200],
    ['source', source, 64],
    ['external_chat_id', external_chat_id, 128],
  ] as const)('of the field %s may be null, or has its own limit', (_, schema, max) => {
    expect(schema.parse(null)).toBeNull();
    expect(schema.parse('x'.repeat(max))).toHaveLength(max);
    expect(messages(schema)('x'.repeat(max + 1))).toEqual([`must have at most ${max} characters`]);
  });
});

describe('a MAX id', () => {
  test.each([
    '1',
    '-1',
    '-68000000500532',
    '10',
    '99',
    '9223372036854775807',
    '-9223372036854775808',
    '8999999999999999999',
  ])('%s is accepted', (id) => {
    expect(maxChatId.parse(id)).toBe(id);
  });

  test.each([
    '0',
    '-0',
    '01',
    '',
    '-',
    '+1',
    '1.0',
    ' 1',
    '9223372036854775808',
    '-9223372036854775809',
    '10000000000000000000',
  ])('%j is refused', (id) => {
    expect(messages(maxChatId)(id)).toEqual(['must be a decimal 64-bit integer other than 0, as a string']);
  });

  test('as a number is refused, because JSON numbers lose digits', () => {
    expect(messages(maxChatId)(1)).toEqual(['must be a string: MAX ids are 64-bit']);
  });
});

describe('a URL', () => {
  test.each(['https://max.ru/join/a', 'HTTP://x', 'max://chat', 'https://пример.рф/', 'https://127.0.0.1:65535/?a#b'])(
    '%s is accepted',
    (url) => {
      expect(chatFields.url.parse(` ${url} `)).toBe(url);
    },
  );

  test.each([
    'ftp://max.ru',
    'https://',
    'max.ru',
    'javascript:alert(1)',
    'https://a b',
    'https://256.0.0.1',
    'https://x:65536',
  ])('%s is refused', (url) => {
    expect(messages(chatFields.url)(url)).toEqual(['must be a URL starting with https://, http:// or max://']);
  });

  test('has at most 2,048 characters', () => {
    const url = `https://max.ru/${'a'.repeat(2_048 - 15)}`;
    expect(chatFields.url.parse(url)).toBe(url);
    expect(messages(chatFields.url)(`${url}a`)).toEqual(['must have at most 2048 characters']);
  });
});

describe('fields with the names of the API', () => {
  test('get those of the domain', () => {
    const written = {
      ...{ name: 'Группа', url: 'https://x', max_chat_id: '-1', external_chat_id: 'e', university_id: 7 },
      ...{ department: 'Деканат', source: 'crm' },
    };
    expect(toChatFields(written)).toEqual({
      ...{ name: 'Группа', url: 'https://x', maxChatId: '-1', externalChatId: 'e', universityId: 7 },
      ...{ department: 'Деканат', source: 'crm' },
    });
  });

  test('stay absent if they are, and null if they are null', () => {
    expect(toChatFields({ url: null, name: undefined })).toStrictEqual({ url: null });
    expect(toChatFields({})).toStrictEqual({});
  });

  test('are the only ones', () => {
    const more = { name: 'Группа', status: 'gone', id: 5 };
    expect(toChatFields(more)).toStrictEqual({ name: 'Группа' });
  });
});
