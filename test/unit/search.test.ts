import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { matches, normalize, searchWords, wordsOf } from '../../lib/chats/search.ts';

const chat = (name: string, department: string | null = null) => ({ name, department });
const found = (query: string, name: string, department: string | null = null) =>
  matches(searchWords(chat(name, department)), wordsOf(query));

describe('words', () => {
  test.each<[string, string[]]>([
    ['Группа ИВТ-21-3', ['группа', 'ивт', '21', '3']],
    ['Ёлка, ЁЛКА и елка', ['елка', 'и']],
    ['е\u0308лка', ['елка']],
    ['Общежитие № 5', ['общежитие', 'no', '5']],
    ['ﬁzika ｆｕｌｌ Ⅳ ½', ['fizika', 'full', 'iv', '1', '2']],
    ['Йошкар-Ола', ['йошкар', 'ола']],
    ['И\u0306ошкар', ['йошкар']],
    ["O'Neill & co_op", ['o', 'neill', 'co', 'op']],
    ['🎓 «Важное» — !!!', ['важное']],
    ['日本語 한국어', ['日本語', '한국어']],
    ['', []],
    [' \t\n.,;', []],
    ['a a A á', ['a', 'á']],
  ])('of %j are %j', (text, words) => {
    expect(wordsOf(text)).toEqual(words);
  });

  test('that are prefixes of another word are omitted', () => {
    expect(searchWords(chat('Физика физик физ-ра', 'Физфак'))).toEqual(['ра', 'физика', 'физфак']);
    expect(searchWords(chat('аа а б аб', null))).toEqual(['аа', 'аб', 'б']);
  });
});

describe('a search', () => {
  test.each<[boolean, string, string, string | null]>([
    [true, 'физ', 'Физический факультет', null],
    [true, 'ФИЗИЧЕСКИЙ', 'Физический факультет', null],
    [true, 'фак физ', 'Физический факультет', null],
    [true, 'елк', 'Новогодняя Ёлка', null],
    [true, 'ёлк', 'Новогодняя елка', null],
    [true, 'ивт 21', 'Группа ИВТ-21-3', null],
    [true, 'группа кафедра', 'Группа 1', 'Кафедра физики'],
    [true, 'ⅳ', 'Курс IV', null],
    [true, 'физ физ', 'Физика', null],
    [false, 'изика', 'Физика', null],
    [false, 'физика химия', 'Физика', null],
    [false, 'физикам', 'Физика', null],
    [false, 'null', 'Физика', null],
    [false, 'й', 'Информатика', null],
    [false, 'группакафедра', 'Группа', 'Кафедра'],
  ])('%j: %j in %j, %j', (expected, query, name, department) => {
    expect(found(query, name, department)).toBe(expected);
  });

  test('without words finds everything', () => {
    expect(matches([], [])).toBe(true);
    expect(matches(['физика'], [])).toBe(true);
    expect(matches([], ['ф'])).toBe(false);
  });
});

describe('for any text', () => {
  /** Few letters, so that words are often prefixes of each other. */
  const text = fc.oneof(
    fc.string({ unit: fc.constantFrom('а', 'Б', 'ё', 'Е', 'е\u0308', ' ', '-', '1', '😀', 'ﬁ') }),
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: 'binary' }),
  );

  test('the omitted words never change the results', () => {
    fc.assert(
      fc.property(text, text, text, (name, department, query) => {
        const all = wordsOf(`${name} ${department}`);
        const beginning = all.map((word) => [...word].slice(0, 1).join(''));
        for (const words of [wordsOf(query), beginning, all.slice(0, 2)]) {
          expect(matches(searchWords(chat(name, department)), words)).toBe(matches(all, words));
        }
      }),
      { numRuns: 300 },
    );
  });

  test('a text is found by its own words, in any case and with ё or е', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('а', 'Б', 'ё', 'Е', ' ', '1') }), (name) => {
        const query = name.toUpperCase().replaceAll('Ё', 'Е');
        expect(found(query, name)).toBe(true);
      }),
    );
  });

  test('normalization is idempotent for the letters that people use', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (name) => {
        const once = normalize(name);
        expect(normalize(once)).toBe(once);
      }),
    );
  });
});
