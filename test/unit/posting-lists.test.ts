import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { newChat } from '../../lib/chats/change.ts';
import { decodeChunk, encodeChunk } from '../../lib/chats/chunk-codec.ts';
import { CHUNK_IDS, countBits, emptyBits, IdSet, offsetsOf, setBit } from '../../lib/chats/id-set.ts';
import { groupOf, type Term, type TermQuery, termKey, termsOf, valueQuery, wordQuery } from '../../lib/chats/terms.ts';
import { fields, T0 } from '../support/stores.ts';

const bitsOf = (offsets: Iterable<number>) => {
  const bits = emptyBits();
  for (const offset of offsets) setBit(bits, offset, true);
  return bits;
};

/** The offsets of all ids of a chunk. */
const EVERY = [...Array(CHUNK_IDS).keys()];

/** Sets of any density, regular and random. */
const chunk = fc
  .record({ density: fc.constantFrom(0, 0.0005, 0.02, 0.3, 0.5, 0.9, 0.999, 1), seed: fc.integer(), run: fc.boolean() })
  .map(({ density, seed, run }) => {
    let state = seed;
    const random = () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
      return (state >>> 0) / 2 ** 32;
    };
    return bitsOf(EVERY.filter((offset) => (run ? offset < density * CHUNK_IDS : random() < density)));
  });

describe('a chunk', () => {
  test('is decoded unchanged, and has less than 1 KB', () => {
    fc.assert(
      fc.property(chunk, (bits) => {
        const encoded = encodeChunk(bits);
        expect(encoded === undefined).toBe(countBits(bits) === 0);
        expect(encoded?.length ?? 0).toBeLessThanOrEqual(515);
        if (encoded) expect(decodeChunk(encoded)).toEqual(bits);
      }),
    );
  });

  test('with few ids is decoded unchanged', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(CHUNK_IDS - 1), { minLength: 1, maxLength: 40 }), (offsets) => {
        const decoded = decodeChunk(encodeChunk(bitsOf(offsets)) ?? new Uint8Array());
        expect([...offsetsOf(decoded)]).toEqual(offsets.toSorted((a, b) => a - b));
      }),
    );
  });

  test('has about the entropy of a random set: a few bytes for few ids, or for all but a few', () => {
    const bytes = (offsets: Iterable<number>) => encodeChunk(bitsOf(offsets))?.length;
    expect(bytes([CHUNK_IDS - 1])).toBeLessThanOrEqual(6);
    expect(bytes(EVERY)).toBe(3);
    expect(bytes(EVERY.filter((offset) => offset % 1_000 !== 7))).toBeLessThanOrEqual(12);
    // One in ten: 4,096 × 0.47 bits is 240 bytes.
    expect(bytes(EVERY.filter((offset) => (Math.imul(offset, 2_654_435_761) >>> 0) % 10 === 0))).toBeLessThan(270);
  });

  test.each<[string, Iterable<number>, string]>([
    ['the first id', [0], '0b 0100 0000'],
    ['one id', [5], '0b 0100 0a00'],
    ['the last id', [CHUNK_IDS - 1], '0b 0100 fd1f'],
    ['three ids', [7, 2_100, 2_101], '0a 0300 0e180b0000'],
    ['the first half', EVERY.slice(0, 2_048), `00 0008 ${'00'.repeat(256)}`],
    ['one id in two', EVERY.filter((offset) => offset % 2 === 0), `20 0000 ${'55'.repeat(512)}`],
    ['all ids but two', EVERY.filter((offset) => offset !== 9 && offset !== 3_000), '1a 0200 1298eb'],
    ['all ids but one', EVERY.slice(1), '1b 0100 0000'],
    ['all ids', EVERY, '1b 0000'],
  ])('with %s has always the same bytes, because chunks are stored', (_, offsets, hex) => {
    const encoded = Buffer.from(hex.replaceAll(' ', ''), 'hex');
    expect(Buffer.from(encodeChunk(bitsOf(offsets)) ?? [])).toEqual(encoded);
    expect(decodeChunk(encoded)).toEqual(bitsOf(offsets));
  });

  test.each([
    [16, 163],
    [8, 259],
    [4, 387],
    [3, 515],
  ])('with one id in %i has %i bytes', (n, bytes) => {
    expect(encodeChunk(bitsOf(EVERY.filter((offset) => offset % n === 0)))).toHaveLength(bytes);
  });

  test('is decoded from the middle of a larger buffer', () => {
    const bits = bitsOf(EVERY.filter((offset) => offset % 3 !== 1 || offset % 7 === 0));
    const encoded = encodeChunk(bits) ?? new Uint8Array();
    const around = new Uint8Array(encoded.length + 7);
    around.set(encoded, 5);
    expect(decodeChunk(around.subarray(5, 5 + encoded.length))).toEqual(bits);
  });
});

describe('a set of ids', () => {
  const ids = fc.uniqueArray(fc.oneof(fc.nat(30), fc.nat(20_000), fc.constantFrom(2 ** 40, 2 ** 53 - 1)), {
    maxLength: 60,
  });
  const ascending = (some: readonly number[]) => some.toSorted((a, b) => a - b);

  test('behaves like a Set of numbers', () => {
    fc.assert(
      fc.property(ids, ids, (a, b) => {
        const [one, other] = [IdSet.of(a), IdSet.of(b)];
        expect([...one.ids()]).toEqual(ascending(a));
        expect(one.size).toBe(a.length);
        expect(b.filter((id) => one.has(id))).toEqual(b.filter((id) => a.includes(id)));
        const common = one.common(other);
        expect([...common.ids()]).toEqual(ascending(a.filter((id) => b.includes(id))));
        common.add(7);
        expect([...one.ids()]).toEqual(ascending(a));
        one.addAll(other);
        expect([...one.ids('desc')]).toEqual(ascending([...new Set([...a, ...b])]).reverse());
        expect([...other.ids()]).toEqual(ascending(b));
      }),
    );
  });

  test('continues after any id, in both directions', () => {
    fc.assert(
      fc.property(ids, fc.oneof(fc.nat(40), fc.nat(20_000)), (some, after) => {
        const set = IdSet.of(some);
        expect([...set.ids('asc', after)]).toEqual(ascending(some).filter((id) => id > after));
        expect([...set.ids('desc', after)]).toEqual(
          ascending(some)
            .reverse()
            .filter((id) => id < after),
        );
      }),
    );
  });
});

describe('terms', () => {
  const of = (some: Parameters<typeof fields>[0]) => termsOf(newChat(1, fields(some), T0));
  const text = ({ group, word }: Term) => (word ? `${group} ${word}` : group);

  test('are prefixes of up to three characters, longer words, and values of fields', () => {
    const terms = of({
      name: 'ИВТ-21, Ёлка',
      department: 'Деканат ИВТ ',
      source: 'CRM',
      universityId: 7,
      maxChatId: '-1',
    });
    expect(terms.map(text).sort()).toEqual(
      [
        ...['^и', '^ив', '^ивт', '^2', '^21', '^е', '^ел', '^елк', '^елк елка', '^д', '^де', '^дек', '^дек деканат'],
        ...['=university 7', '=department деканат ивт', '=source crm', '=status active'],
      ].sort(),
    );
    expect(of({ name: '!', source: null }).map(text)).toEqual(['=status unlinked']);
  });

  test('support short and long words, even with characters outside of the basic plane', () => {
    expect(of({ name: '𝒶𝒷𝒸𝒹' }).map(text)).toContain('^abc abcd');
    expect(of({ name: '\u{20000}\u{20001}\u{20002}\u{20003}' }).map(text)).toContain(
      '^\u{20000}\u{20001}\u{20002} \u{20000}\u{20001}\u{20002}\u{20003}',
    );
    expect(wordQuery('\u{20000}\u{20001}\u{20002}')).toEqual({
      group: '^\u{20000}\u{20001}\u{20002}',
      word: '',
      match: 'exact',
    });
  });

  test.each<[string, TermQuery]>([
    ['и', { group: '^и', word: '', match: 'exact' }],
    ['ив', { group: '^ив', word: '', match: 'exact' }],
    ['ивт', { group: '^ивт', word: '', match: 'exact' }],
    ['ивт2', { group: '^ивт', word: 'ивт2', match: 'prefix' }],
  ])('of a search for %s are short prefixes, or words with a longer one', (word, expected) => {
    expect(wordQuery(word)).toEqual(expected);
  });

  test('of a long word have at most 900 bytes of it, for the chat and for a search', () => {
    const long = { group: '^жжж', word: 'ж'.repeat(450) };
    for (const length of [450, 451, 600]) expect(wordQuery('ж'.repeat(length))).toEqual({ ...long, match: 'prefix' });
    expect(of({ name: 'ж'.repeat(600) })).toContainEqual(long);
  });

  test('of a value have no characters that keys cannot have', () => {
    expect(valueQuery('source', 'a\tb\u0000c\ud800')).toEqual({
      ...{ group: '=source', word: 'a b c\ufffd', match: 'exact' },
    });
    expect(groupOf('university')).toBe('=university');
  });

  test('are named by their group and word', () => {
    expect(termKey({ group: '^ивт', word: 'ивт2' })).toBe('^ивт\tивт2');
    expect(termKey({ group: '^ивт', word: '' })).toBe('^ивт\t');
  });

  test('are distinct', () => {
    const keys = of({ name: 'ИВТ ивт1 ивт2', department: 'ИВТ1' }).map(termKey);
    expect(new Set(keys).size).toBe(keys.length);
  });
});
