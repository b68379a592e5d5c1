import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { fetchJson } from '../../lib/adapters/issuer/fetch-json.ts';
import { createIssuerKeys } from '../../lib/adapters/issuer/keys.ts';
import { createTokenVerifier } from '../../lib/http/token.ts';
import {
  AUDIENCE,
  curator,
  es256,
  good,
  goodAnd,
  hostileTokens,
  ISSUER,
  keySet,
  now,
  rs256,
  signEcMirrored,
} from '../support/hostile-tokens.ts';

let server: Server;
let jwksUrl: string;
let fetched: number;
let respond: () => { status: number; body: string } | undefined;

beforeAll(async () => {
  server = createServer((_, response) => {
    fetched += 1;
    const answer = respond();
    if (answer) response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  jwksUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`;
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});
beforeEach(() => {
  fetched = 0;
  respond = () => ({ status: 200, body: JSON.stringify(keySet) });
});

/** The current time of the verifiers, ms. */
let clock = 0;
const verifier = (url = jwksUrl) => {
  const fetchKeySet = () => fetchJson(new URL(url));
  const keys = createIssuerKeys({ fetchKeySet, now: () => clock, onFailure: () => {} });
  return createTokenVerifier({ issuer: ISSUER, audience: AUDIENCE, keys });
};

describe('accepted is', () => {
  test.each<[string, () => string, object]>([
    ['RS256', () => rs256(good), { role: 'superadmin', subject: 'anna' }],
    ['ES256', () => es256(good), { role: 'superadmin', subject: 'anna' }],
    ['a curator', () => es256(curator), { role: 'curator', subject: 'anna', university_id: 7 }],
    ['an operator', () => es256({ ...curator, role: 'operator' }), { role: 'operator', university_id: 7 }],
    ['a university in digits', () => es256({ ...curator, university_id: '7' }), { university_id: 7 }],
    ['one audience of several', () => rs256({ ...good, aud: ['other', AUDIENCE] }), { role: 'superadmin' }],
    ['a clock 3 s ahead', () => rs256({ ...good, exp: now - 3 }), { role: 'superadmin' }],
    ['no key id, when one key fits', () => rs256(good, { kid: undefined }), { role: 'superadmin' }],
    ['claims nobody knows', () => rs256({ ...good, subject: 'eve', extra: [1] }), { subject: 'anna' }],
    // Nothing identifies a token by its signature, so another form of a genuine one grants nothing more.
    ['the other ES256 signature of the same claims', () => es256(good, {}, signEcMirrored), { subject: 'anna' }],
    ['a claim given twice, by its last value', () => rs256(goodAnd('"sub":"boris"')), { subject: 'boris' }],
  ])('%s', async (_, token, principal) => {
    const verify = verifier();
    expect(await verify(`Bearer ${token()}`)).toMatchObject({ kind: 'accepted', principal });
    expect(await verify(`bearer ${token()}`)).toMatchObject({ kind: 'accepted' });
  });

  test('with a single fetch of the keys', async () => {
    const verify = verifier();
    await Promise.all(Array.from({ length: 20 }, () => verify(`Bearer ${es256(good)}`)));
    expect(fetched).toBe(1);
  });
});

describe('refused is', () => {
  const hostile = hostileTokens();
  let verify: ReturnType<typeof createTokenVerifier>;
  beforeAll(() => {
    verify = verifier();
  });

  test('at least three hundred tokens', () => {
    expect(hostile.length).toBeGreaterThan(300);
    const names = hostile.map(([name]) => name);
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  });

  test.each(hostile)('%s', async (_, header) => {
    const verdict = await verify(header);
    expect(verdict).toEqual({ kind: 'refused', reason: expect.any(String) });
    // The reason is sent to the client, so it must not contain content of the token.
    const [, payload = ''] = header?.split('.') ?? [];
    if (payload.length > 3) expect(JSON.stringify(verdict)).not.toContain(payload);
  });

  test('an expired token, with a helpful reason', async () => {
    expect(await verify(`Bearer ${rs256({ ...good, exp: now - 10 })}`)).toEqual({
      kind: 'refused',
      reason: 'The token has expired.',
    });
  });

  test('a key that the issuer does not publish, without a fetch for each token', async () => {
    fetched = 0;
    const fresh = verifier();
    for (let i = 0; i < 30; i += 1) await fresh(`Bearer ${rs256(good, { kid: `made-up-${i}` })}`);
    expect(fetched).toBeLessThanOrEqual(2);
  });
});

describe("while the issuer's keys can't be fetched, no token is accepted or refused", () => {
  const undecided = async (url?: string) =>
    expect(await verifier(url)(`Bearer ${rs256(good)}`)).toEqual({ kind: 'undecided', retryAfterMs: 1_000 });

  test.each<[string, () => ReturnType<typeof respond>]>([
    ['an error', () => ({ status: 500, body: '{}' })],
    ['a page', () => ({ status: 200, body: '<html></html>' })],
    ['no key set', () => ({ status: 200, body: '{"keys":"none"}' })],
    ['nothing for three seconds', () => undefined],
  ])('%s', async (_, answer) => {
    respond = answer;
    await undecided();
  });

  test('no connection', async () => {
    await undecided('http://127.0.0.1:1/jwks.json');
  });

  test('but a malformed token is refused', async () => {
    respond = () => ({ status: 500, body: '' });
    expect(await verifier()('Bearer x')).toMatchObject({ kind: 'refused' });
  });

  test('and tokens are accepted when the keys are available again', async () => {
    const verify = verifier();
    respond = () => ({ status: 503, body: '' });
    expect(await verify(`Bearer ${rs256(good)}`)).toMatchObject({ kind: 'undecided' });
    clock += 1_000;
    respond = () => ({ status: 200, body: JSON.stringify(keySet) });
    expect(await verify(`Bearer ${rs256(good)}`)).toMatchObject({ kind: 'accepted' });
  });
});
