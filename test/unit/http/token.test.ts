import { generateKeyPairSync, sign } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createTokenVerifier } from '../../../lib/http/token.ts';
import type { FoundKey } from '../../../lib/state/issuer-keys.ts';

/** The verdict on a token, and its reason. The integration test has hundreds of forged tokens. */

const NOW_S = Date.UTC(2026, 10, 25, 12) / 1_000;
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const found: FoundKey = {
  kind: 'found',
  key: { jwk: { ...publicKey.export({ format: 'jwk' }), kty: 'EC', alg: 'ES256', kid: 'a' }, publicKey },
};

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const anna = { iss: 'https://issuer.example', aud: 'chats', sub: 'anna', role: 'superadmin', exp: NOW_S + 60 };

/** @param claims @param header override those of a superadmin's token; an `undefined` member is absent. */
function bearer(claims: object = {}, header: object = {}, key = privateKey): string {
  const input = `${encode({ alg: 'ES256', kid: 'a', ...header })}.${encode({ ...anna, ...claims })}`;
  const signature = sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });
  return `Bearer ${input}.${signature.toString('base64url')}`;
}

let published: FoundKey;
let asked: unknown[];
const verify = createTokenVerifier({
  issuer: anna.iss,
  audience: anna.aud,
  keys: {
    async find(...which) {
      asked.push(which);
      return published;
    },
  },
});

beforeAll(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW_S * 1_000 });
});
afterAll(() => {
  vi.useRealTimers();
});
beforeEach(() => {
  published = found;
  asked = [];
});

describe('an accepted token', () => {
  test.each([
    [{}, { role: 'superadmin', subject: 'anna' }],
    [
      { role: 'curator', university_id: 7 },
      { role: 'curator', subject: 'anna', university_id: 7 },
    ],
    [
      { role: 'operator', university_id: '7', sub: 'vera' },
      { role: 'operator', subject: 'vera', university_id: 7 },
    ],
    [
      { subject: 'eve', more: true },
      { role: 'superadmin', subject: 'anna' },
    ],
  ])('with the claims %j identifies %j', async (claims, principal) => {
    expect(await verify(bearer(claims))).toEqual({ kind: 'accepted', principal });
  });

  test('may follow its scheme in any case', async () => {
    expect(await verify(bearer().replace('Bearer', 'bEARER'))).toMatchObject({ kind: 'accepted' });
  });

  test('expired at most five seconds ago', async () => {
    expect(await verify(bearer({ exp: NOW_S - 5 }))).toMatchObject({ kind: 'accepted' });
  });

  test.each(['a', undefined])('is verified by the key that its header names: %s', async (kid) => {
    await verify(bearer({}, { kid }));
    expect(asked).toEqual([[kid, 'ES256']]);
  });
});

describe('a refused token', () => {
  const malformed = /Bearer.*JWT/;
  const invalid = /not valid/;
  test.each<[string, string | undefined, RegExp]>([
    ['no Authorization header', undefined, /no Authorization/],
    ['an empty header', '', /no Authorization/],
    ['another scheme', bearer().replace('Bearer', 'Basic'), malformed],
    ['text before the scheme', `Basic ${bearer()}`, malformed],
    ['text after the token', `${bearer()} x`, malformed],
    ['two parts', 'Bearer a.b', malformed],
    ['parts that are no JSON', 'Bearer a.b.c', invalid],
    ['no algorithm', bearer({}, { alg: undefined }), invalid],
    ['the algorithm none', bearer({}, { alg: 'none' }), invalid],
    ['a critical extension', bearer({}, { crit: ['exp'] }), invalid],
    ['the key of a stranger', bearer({}, {}, stranger.privateKey), invalid],
    ['another issuer', bearer({ iss: 'https://other.example' }), invalid],
    ['another audience', bearer({ aud: 'other' }), invalid],
    ['a later start', bearer({ nbf: NOW_S + 60 }), invalid],
    ['no expiry', bearer({ exp: undefined }), invalid],
    ['no subject', bearer({ sub: undefined }), invalid],
    ['an expiry six seconds ago', bearer({ exp: NOW_S - 6 }), /expired/],
    ['an unknown role', bearer({ role: 'admin' }), /role/],
    ['no role', bearer({ role: undefined }), /role/],
    ['a curator of no university', bearer({ role: 'curator' }), /university/],
  ])('%s', async (_, header, reason) => {
    expect(await verify(header)).toEqual({ kind: 'refused', reason: expect.stringMatching(reason) });
  });

  test('is one of a key that the issuer does not publish', async () => {
    published = { kind: 'unknown' };
    expect(await verify(bearer())).toEqual({ kind: 'refused', reason: expect.stringMatching(invalid) });
  });

  test.each(['none', 'HS256', undefined])('of the algorithm %s is refused without a look at the keys', async (alg) => {
    await verify(bearer({}, { alg }));
    expect(asked).toEqual([]);
  });
});

test("no verdict is possible while the issuer's keys are not known", async () => {
  published = { kind: 'unavailable', retryAfterMs: 700 };
  expect(await verify(bearer())).toEqual({ kind: 'undecided', retryAfterMs: 700 });
});
