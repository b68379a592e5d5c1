import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { newChat } from '../../lib/chats/change.ts';
import { decodeChunk, encodeChunk } from '../../lib/chats/chunk-codec.ts';
import { CHUNK_IDS, countBits, emptyBits, IdSet, offsetsOf, setBit } from '../../lib/chats/id-set.ts';
import { type Term, termsOf, wordQuery } from '../../lib/chats/terms.ts';
import { fields, T0 } from '../support/stores.ts';

const bitsOf = (offsets: Iterable<number>) => {
  const bits = emptyBits();
  for (const offset of offsets) setBit(bits, offset, true);
  return bits;
};

/** Sets of any density, regular and random. */
const chunk = fc
  .record({ density: fc.constantFrom(0, 0.0005, 0.02, 0.3, 0.5, 0.9, 0.999, 1), seed: fc.integer(), run: fc.boolean() })
  .map(({ density, seed, run }) => {
    let state = seed;
    const random = () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
      return (state >>> 0) / 2 ** 32;
    };
    const offsets = [...Array(CHUNK_IDS).keys()];
    return bitsOf(offsets.filter((offset) => (run ? offset < density * CHUNK_IDS : random() < density)));
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
    const all = [...Array(CHUNK_IDS).keys()];
    expect(bytes([CHUNK_IDS - 1])).toBeLessThanOrEqual(6);
    expect(bytes(all)).toBe(3);
    expect(bytes(all.filter((offset) => offset % 1_000 !== 7))).toBeLessThanOrEqual(12);
    // One in ten: 4,096 × 0.47 bits is 240 bytes.
    expect(bytes(all.filter((offset) => (Math.imul(offset, 2_654_435_761) >>> 0) % 10 === 0))).toBeLessThan(270);
  });

  test('is decoded from the middle of a larger buffer', () => {
    const bits = bitsOf([...Array(CHUNK_IDS).keys()].filter((offset) => offset % 3 !== 1 || offset % 7 === 0));
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
});
