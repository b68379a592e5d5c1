import { generateKeyPairSync } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { createIssuerKeys } from '../../lib/adapters/issuer/keys.ts';
import type { IssuerKeys } from '../../lib/state/issuer-keys.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const setOf = (...kids: string[]) => ({ keys: kids.map((kid) => ({ ...publicKey.export({ format: 'jwk' }), kid })) });

let now: number;
let fetches: number;
let failures: (number | undefined)[];
/** The issuer's response: a key set, or undefined while it can't be reached. */
let published: object | undefined;
let keys: IssuerKeys;

beforeEach(() => {
  now = Date.UTC(2026, 10, 25);
  fetches = 0;
  failures = [];
  published = setOf('a');
  keys = createIssuerKeys({
    now: () => now,
    fetchKeySet: async () => {
      fetches += 1;
      if (!published) throw new Error('away');
      return published;
    },
    onFailure: (_, ageMs) => failures.push(ageMs),
  });
});

const find = async (kid?: string) => (await keys.find(kid, 'ES256')).kind;
/** Resolves when a fetch in the background has ended. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

test('simultaneous requests share one fetch, and later requests need none', async () => {
  expect(await Promise.all(Array.from({ length: 50 }, () => find('a')))).toEqual(Array(50).fill('found'));
  now += 9 * MINUTE;
  expect(await find('a')).toBe('found');
  expect(fetches).toBe(1);
});

describe('an unknown key id', () => {
  test('is looked up once in 30 s, for any number of requests', async () => {
    await find('a');
    for (let second = 1; second <= 120; second += 1) {
      now += SECOND;
      const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => find(`made-up-${i}`)));
      expect(new Set(answers)).toEqual(new Set(['unknown']));
    }
    expect(fetches).toBe(1 + 4);
  });

  test('is found after the issuer has published it', async () => {
    await find('a');
    published = setOf('a', 'b');
    now += 30 * SECOND;
    expect(await Promise.all([find('b'), find('b'), find('a')])).toEqual(['found', 'found', 'found']);
    expect(fetches).toBe(2);
  });

  test("is also unknown while the issuer can't be reached", async () => {
    await find('a');
    published = undefined;
    now += 30 * SECOND;
    expect(await find('b')).toBe('unknown');
    expect(await find('a')).toBe('found');
    expect(failures).toEqual([30 * SECOND]);
  });
});

describe('known keys', () => {
  test('are fetched again in the background after ten minutes', async () => {
    await find('a');
    now += 10 * MINUTE;
    published = setOf('b');
    expect(await find('a')).toBe('found');
    await settle();
    expect(fetches).toBe(2);
    expect(await find('a')).toBe('unknown');
    expect(await find('b')).toBe('found');
  });

  test('that were not used for an hour are fetched first, so that a withdrawn key is not accepted', async () => {
    await find('a');
    now += HOUR;
    published = setOf('b');
    expect(await find('a')).toBe('unknown');
  });

  test("are used for a day while the issuer can't be reached, with one attempt in 30 s", async () => {
    await find('a');
    published = undefined;
    let asked = 0;
    for (const end = now + 24 * HOUR; now + MINUTE < end; ) {
      now += MINUTE;
      asked += 1;
      expect(await find('a')).toBe('found');
      await settle();
    }
    expect(failures.length).toBeLessThanOrEqual(asked);
    expect(failures.at(-1)).toBe(24 * HOUR - MINUTE);
    const before = fetches;
    for (let i = 0; i < 10; i += 1) await find('a');
    expect(fetches).toBe(before);

    now += MINUTE;
    expect(await find('a')).toBe('unavailable');
    published = setOf('a');
    now += SECOND;
    expect(await find('a')).toBe('found');
  });
});

describe("a new environment that can't reach the issuer", () => {
  test('reports it, and tries again at most once a second', async () => {
    published = undefined;
    expect(await keys.find('a', 'ES256')).toEqual({ kind: 'unavailable', retryAfterMs: SECOND });
    for (let i = 0; i < 10; i += 1) expect(await find('a')).toBe('unavailable');
    expect(fetches).toBe(1);
    expect(failures).toEqual([undefined]);
    published = setOf('a');
    now += SECOND;
    expect(await find('a')).toBe('found');
  });
});

describe('the choice of the key', () => {
  test('without an id finds only a single key of the algorithm', async () => {
    expect(await find()).toBe('found');
    published = setOf('a', 'b');
    now += HOUR;
    expect(await find()).toBe('unknown');
    expect(await find('b')).toBe('found');
  });

  test('finds none if two keys have the same id', async () => {
    published = setOf('a', 'a');
    expect(await find('a')).toBe('unknown');
  });

  test('finds a key only for its own algorithm', async () => {
    expect((await keys.find('a', 'RS256')).kind).toBe('unknown');
  });
});
