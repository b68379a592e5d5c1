import fc from 'fast-check';

/** Values that break programs. */

const KNOWN_NASTY = [
  ...['', ' ', '\t', '\u00a0', '\ufeff', '\u200b', '\u202e', '\u0000', '\u0007', '\u007f', '\u0085', '\u2028'],
  ...[
    '\ud800',
    '\udfff',
    '\ufffd',
    '\ufffe',
    '\uffff',
    '\u{1f469}\u200d\u{1f680}',
    'Z\u0351\u036b\u0343',
    'İ',
    'ß',
    'ﬁ',
  ],
  ...['0', '-0', '-1', '00', '1.0', '1e3', '0x10', '1e999', 'NaN', 'Infinity', '٣', '１', '+1', '1_000', ' 1', '1 '],
  ...[
    '2147483648',
    '4294967296',
    '9007199254740991',
    '9007199254740993',
    '9223372036854775807',
    '-9223372036854775808',
  ],
  ...['9223372036854775808', '9'.repeat(400)],
  ...['true', 'null', 'undefined', '[object Object]', '[]', '{}', '"', "'", '\\', '`', ',', ',,', ';', '&', '=', '%'],
  ...['%00', '%2e%2e%2f', '%zz', '%ff', '../../etc/passwd', '..\\..\\', '/', '//', '?', '#', '{id}', '*', '.', '..'],
  ...['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'then', 'toJSON'],
  ...["'; DROP TABLE chats; --", `\${jndi:ldap://x}`, '{{7*7}}', '<script>alert(1)</script>', '$(id)', '=1+1', '#N/A'],
  ...['\r\nset-cookie: a=b', 'a\nb', '{"a":', '[[[[', '-', '_', 'ё', 'Й', '1970-01-01', '0000-00-00', '2026-02-30'],
  ...['9999-12-31', '+275760-09-13', '2026-11-25T00:00:00Z', '\ud83d'],
];

/** Text: known to break programs, random, or long. */
export const text: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...KNOWN_NASTY) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 30 }) },
  { weight: 2, arbitrary: fc.string({ unit: 'grapheme', maxLength: 30 }) },
  { weight: 1, arbitrary: fc.stringMatching(/^[a-zа-яё0-9 -]{1,20}$/) },
  { weight: 1, arbitrary: fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map(String) },
  { weight: 1, arbitrary: fc.double().map(String) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(
        fc.constantFrom('a', 'я', '😀', '\u0000', '[', 'a ', '%41', '\u0301'),
        fc.constantFrom(65, 201, 2_049, 9_000),
      )
      .map(([unit, times]) => unit.repeat(times)),
  },
);

/** Any value of JSON, with members like `__proto__`. */
export const json: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 3, arbitrary: text },
  {
    weight: 3,
    arbitrary: fc.constantFrom<unknown>(
      ...[
        null,
        true,
        false,
        0,
        -1,
        1,
        1.5,
        1e308,
        -1e-308,
        2 ** 31,
        2 ** 53,
        2 ** 53 - 1,
        8.64e15,
        8.64e15 + 1,
        -8.64e15,
      ],
      ...[[], {}, [null], [[]], [0], { a: 1 }],
    ),
  },
  { weight: 1, arbitrary: fc.integer() },
  { weight: 1, arbitrary: fc.double({ noNaN: true }) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
  { weight: 1, arbitrary: fc.array(text, { maxLength: 3 }) },
  { weight: 1, arbitrary: fc.dictionary(text, text, { maxKeys: 3 }) },
);

/** JSON text of the document in which some members have other values, are missing, or are there besides. */
const mutated = (document: object, value: fc.Arbitrary<unknown> = json): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.array(fc.tuple(fc.constantFrom(...Object.keys(document)), fc.option(value, { nil: undefined })), {
        maxLength: 3,
      }),
      fc.oneof({ weight: 4, arbitrary: fc.constant([]) }, fc.array(fc.tuple(text, json), { maxLength: 2 })),
    )
    .map(([changes, additions]) =>
      JSON.stringify(Object.fromEntries([...Object.entries(document), ...changes, ...additions])),
    );

/** JSON of the document, mutated; or JSON, or text, that has nothing in common with it. */
export const body = (document: object, value?: fc.Arbitrary<unknown>): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 6, arbitrary: mutated(document, value) },
    { weight: 1, arbitrary: fc.constant(JSON.stringify(document)) },
    { weight: 1, arbitrary: json.map((any) => JSON.stringify(any)) },
    { weight: 1, arbitrary: text },
    { weight: 1, arbitrary: cut(fc.constant(JSON.stringify(document))) },
    { weight: 1, arbitrary: fc.constantFrom('['.repeat(50_000), '{"a":'.repeat(50_000), `[${'0,'.repeat(100_000)}0]`) },
  );

/** Text of which a piece is missing, doubled or replaced. */
export const cut = (whole: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(
      whole,
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.oneof(text, fc.constant('')),
    )
    .map(([given, a, b, piece]) => {
      const [from, to] = [Math.floor(Math.min(a, b) * given.length), Math.floor(Math.max(a, b) * given.length)];
      return given.slice(0, from) + piece + given.slice(to);
    });

/** Bytes of which some are missing, doubled or replaced. */
export const cutBytes = (whole: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Buffer> =>
  fc
    .tuple(
      whole,
      fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(8), fc.uint8Array({ maxLength: 8 })), {
        maxLength: 4,
      }),
    )
    .map(([given, splices]) =>
      splices.reduce<Buffer>((bytes, [at, removed, added]) => {
        const from = Math.floor(at * bytes.length);
        return Buffer.concat([bytes.subarray(0, from), added, bytes.subarray(from + removed)]);
      }, Buffer.from(given)),
    );
