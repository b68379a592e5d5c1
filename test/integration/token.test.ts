import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { fetchJson } from '../../lib/adapters/issuer/fetch-json.ts';
import { createIssuerKeys } from '../../lib/adapters/issuer/keys.ts';
import { createTokenVerifier } from '../../lib/http/token.ts';

const ISSUER = 'https://issuer.example';
const AUDIENCE = 'chat-participants';
const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
/** Keys that the issuer does not know. */
const strangeRsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const strangeEc = generateKeyPairSync('ec', { namedCurve: 'P-256' });

/** Keys that the issuer publishes but that must not verify tokens. */
const weak = {
  encrypting: generateKeyPairSync('rsa', { modulusLength: 2_048 }),
  short: generateKeyPairSync('rsa', { modulusLength: 1_024 }),
  p384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
};

const jwkOf = (key: KeyObject) => key.export({ format: 'jwk' });
/** Without `alg`, which an issuer may omit: the service decides which algorithms are accepted. */
const keySet = {
  keys: [
    { ...jwkOf(rsa.publicKey), kid: 'rsa', use: 'sig' },
    { ...jwkOf(ec.publicKey), kid: 'ec', use: 'sig' },
    { ...jwkOf(weak.encrypting.publicKey), kid: 'enc', use: 'enc' },
    { ...jwkOf(weak.encrypting.publicKey), kid: 'ps', alg: 'PS256' },
    { ...jwkOf(weak.short.publicKey), kid: 'short', use: 'sig' },
    { ...jwkOf(weak.p384.publicKey), kid: 'p384', use: 'sig' },
    { kty: 'oct', kid: 'secret', k: 'AAAA' },
  ],
};

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

const now = Math.floor(Date.now() / 1_000);
const good = { iss: ISSUER, aud: AUDIENCE, sub: 'anna', role: 'superadmin', iat: now - 60, exp: now + 3_600 };
const curator = { ...good, role: 'curator', university_id: 7 };

const encode = (value: unknown) =>
  (Buffer.isBuffer(value) ? value : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))).toString(
    'base64url',
  );
type Header = Record<string, unknown>;
type Signer = (input: string) => Buffer;

const signRsa =
  (key: KeyObject = rsa.privateKey, hash = 'sha256'): Signer =>
  (input) =>
    sign(hash, Buffer.from(input), key);
const signEc =
  (key: KeyObject = ec.privateKey): Signer =>
  (input) =>
    sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });
const signHmac =
  (hash: string, secret: string | Buffer): Signer =>
  (input) =>
    createHmac(hash, secret).update(input).digest();

function jwt(header: Header, payload: unknown, signer: Signer): string {
  const input = `${encode(header)}.${encode(payload)}`;
  return `${input}.${encode(signer(input))}`;
}
const rs256 = (payload: unknown, header: Header = {}, signer = signRsa()) =>
  jwt({ alg: 'RS256', typ: 'JWT', kid: 'rsa', ...header }, payload, signer);
const es256 = (payload: unknown, header: Header = {}, signer = signEc()) =>
  jwt({ alg: 'ES256', typ: 'JWT', kid: 'ec', ...header }, payload, signer);

/** The current time of the verifiers, ms. */
let clock = 0;
const verifier = (url = jwksUrl) => {
  const fetchKeySet = () => fetchJson(new URL(url));
  const keys = createIssuerKeys({ fetchKeySet, now: () => clock, onFailure: () => {} });
  return createTokenVerifier({ issuer: ISSUER, audience: AUDIENCE, keys });
};
const without = (name: string, from: Record<string, unknown> = good) =>
  Object.fromEntries(Object.entries(from).filter(([claim]) => claim !== name));

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

/** Name, and the whole header. */
type Hostile = readonly [string, string | undefined];
const bearer = (name: string, token: string): Hostile => [name, `Bearer ${token}`];

function algNone(): Hostile[] {
  const genuine = rs256(good).split('.')[2] ?? '';
  return ['none', 'None', 'NONE', 'nOnE', 'noNE', 'none '].flatMap((alg) => {
    const input = `${encode({ alg, typ: 'JWT', kid: 'rsa' })}.${encode(good)}`;
    return [
      bearer(`alg ${alg} without a signature`, `${input}.`),
      bearer(`alg ${alg} with a genuine signature`, `${input}.${genuine}`),
      bearer(`alg ${alg} with some signature`, `${input}.AA`),
    ];
  });
}

function keyConfusion(): Hostile[] {
  const secrets: Record<string, string | Buffer> = {
    'the RSA key as PEM': rsa.publicKey.export({ format: 'pem', type: 'spki' }),
    'the RSA key as PEM, trimmed': rsa.publicKey.export({ format: 'pem', type: 'spki' }).toString().trim(),
    'the RSA key as PKCS 1': rsa.publicKey.export({ format: 'pem', type: 'pkcs1' }),
    'the RSA key as DER': rsa.publicKey.export({ format: 'der', type: 'spki' }),
    'the RSA key as JWK': JSON.stringify(keySet.keys[0]),
    'the EC key as PEM': ec.publicKey.export({ format: 'pem', type: 'spki' }),
    'the EC key as JWK': JSON.stringify(keySet.keys[1]),
    'the key set': JSON.stringify(keySet),
    nothing: '',
  };
  return Object.entries(secrets).flatMap(([name, secret]) =>
    [256, 384, 512].map((bits) => {
      const header = { alg: `HS${bits}`, typ: 'JWT', kid: name.includes('EC') ? 'ec' : 'rsa' };
      return bearer(`HS${bits} signed with ${name}`, jwt(header, good, signHmac(`sha${bits}`, secret)));
    }),
  );
}

function otherAlgorithms(): Hostile[] {
  return [
    ...['RS384', 'RS512'].map((alg) =>
      bearer(alg, rs256(good, { alg }, signRsa(rsa.privateKey, `sha${alg.slice(2)}`))),
    ),
    ...['PS256', 'ES384', 'ES256K', 'EdDSA', 'RS1', 'rs256', 'RSA-OAEP', 'dir', 'toString', '__proto__'].map((alg) =>
      bearer(`alg ${alg}`, rs256(good, { alg })),
    ),
    ...[undefined, '', null, 0, ['RS256'], { alg: 'RS256' }].map((alg) =>
      bearer(`alg ${JSON.stringify(alg)}`, rs256(good, { alg })),
    ),
    bearer('ES256 named RS256', es256(good, { alg: 'RS256', kid: 'rsa' })),
    bearer('RS256 named ES256', rs256(good, { alg: 'ES256', kid: 'ec' })),
    bearer(
      'ES256 in DER',
      es256(good, {}, (input) => sign('sha256', Buffer.from(input), ec.privateKey)),
    ),
    bearer(
      'ES256 of zeros',
      es256(good, {}, () => Buffer.alloc(64)),
    ),
    bearer('a critical header nobody knows', rs256(good, { crit: ['pay'], pay: true })),
    bearer('an unencoded payload', rs256(good, { crit: ['b64'], b64: false })),
  ];
}

function wrongKeys(): Hostile[] {
  const jwk = jwkOf(strangeRsa.publicKey);
  const stranger = signRsa(strangeRsa.privateKey);
  return [
    bearer('a strange RSA key', rs256(good, {}, stranger)),
    bearer('a strange EC key', es256(good, {}, signEc(strangeEc.privateKey))),
    bearer('a key id nobody knows', rs256(good, { kid: 'other' })),
    bearer('the id of the other key', rs256(good, { kid: 'ec' })),
    bearer('a path for a key id', rs256(good, { kid: '../../../../dev/null' }, signHmac('sha256', ''))),
    bearer('a key id that is no text', rs256(good, { kid: { $ne: 1 } })),
    bearer('an embedded key', rs256(good, { jwk }, stranger)),
    bearer('an embedded key without id', rs256(good, { jwk, kid: undefined }, stranger)),
    bearer('an embedded key of its own id', rs256(good, { jwk: { ...jwk, kid: 'evil' }, kid: 'evil' }, stranger)),
    bearer('a key set of its own', rs256(good, { jku: 'https://evil.example/jwks.json' }, stranger)),
    bearer('a certificate of its own', rs256(good, { x5u: 'https://evil.example/cert.pem' }, stranger)),
    bearer('a key of the issuer that encrypts', rs256(good, { kid: 'enc' }, signRsa(weak.encrypting.privateKey))),
    bearer('a key of the issuer that is too short', rs256(good, { kid: 'short' }, signRsa(weak.short.privateKey))),
    bearer(
      'a key of the issuer for another algorithm',
      rs256(good, { kid: 'ps' }, signRsa(weak.encrypting.privateKey)),
    ),
    bearer('a key of the issuer on another curve', es256(good, { kid: 'p384' }, signEc(weak.p384.privateKey))),
    bearer('RS256 of the EC key', es256(good, { alg: 'RS256' })),
    bearer('a certificate with it', rs256(good, { x5c: [encode(strangeRsa.publicKey.export(der))] }, stranger)),
  ];
}
const der = { format: 'der', type: 'spki' } as const;

function wrongClaims(): Hostile[] {
  const claims: [string, unknown][] = [
    ...['', 'other', 'Chat-Participants', `${AUDIENCE} `, [], ['other'], null, 5].map((aud) => ['aud', aud] as const),
    ...['', 'https://evil.example', `${ISSUER}/`, ISSUER.toUpperCase(), [ISSUER, 'x'], null].map(
      (iss) => ['iss', iss] as const,
    ),
    ...[now - 10, 0, -1, `${now + 3_600}`, null, [now + 3_600], true].map((exp) => ['exp', exp] as const),
    ...[now + 600, `${now - 10}`, {}].map((nbf) => ['nbf', nbf] as const),
    ...[null, 5, ['anna'], {}, ''].map((sub) => ['sub', sub] as const),
    ...['admin', 'Superadmin', 'superadmin ', 'SUPERADMIN', '', '*', null, 0, true].map(
      (role) => ['role', role] as const,
    ),
    ...[['superadmin'], ['curator', 'superadmin'], { superadmin: true }].map((role) => ['role', role] as const),
    ...['constructor', '__proto__', 'superadmin\u0000', 'ѕuperadmin'].map((role) => ['role', role] as const),
  ].map(([name, value]) => [name, value]);
  const universities: unknown[] = [
    ...[0, -1, 1.5, 2 ** 53, 1e300, null, true, false],
    ...['x', '', '0', '-1', '1.5', '1e3', '0x10', ' 7', '7,8', '9007199254740993', 'Infinity'],
    ...[[], [7], [7, 8], {}, { $gt: 0 }],
  ];
  return [
    ...['iss', 'aud', 'exp', 'sub', 'role'].map((name) => bearer(`no ${name}`, rs256(without(name)))),
    ...claims.map(([name, value]) => bearer(`${name} ${JSON.stringify(value)}`, rs256({ ...good, [name]: value }))),
    ...['curator', 'operator'].flatMap((role) => [
      bearer(`${role} of no university`, es256({ ...good, role })),
      ...universities.map((university_id) =>
        bearer(`${role} of university ${JSON.stringify(university_id)}`, es256({ ...curator, role, university_id })),
      ),
    ]),
    ...['null', '[]', '"text"', '5', '', '{', '{"role":"superadmin"'].map((payload) =>
      bearer(`the payload ${payload}`, rs256(payload)),
    ),
  ];
}

function torn(): Hostile[] {
  const token = rs256(good);
  const [header = '', payload = '', signature = ''] = token.split('.');
  const [, other = ''] = rs256({ ...good, sub: 'boris' }).split('.');
  const promoted = encode({ ...curator, role: 'superadmin' });
  const flipped = (at: number) => {
    const letter = token[at] === 'A' ? 'B' : 'A';
    return `${token.slice(0, at)}${letter}${token.slice(at + 1)}`;
  };
  return [
    ...[0.1, 0.3, 0.5, 0.7, 0.9].map((part) => bearer(`cut at ${part}`, token.slice(0, token.length * part))),
    bearer('without its last letter', token.slice(0, -1)),
    ...[0, 10, header.length + 5, header.length + 50, token.length - 100].map((at) =>
      bearer(`another letter at ${at}`, flipped(at)),
    ),
    bearer('no signature', `${header}.${payload}`),
    bearer('no payload', `${header}..${signature}`),
    bearer('no header', `.${payload}.${signature}`),
    bearer('four parts', `${token}.${signature}`),
    bearer('five parts, like a JWE', `${header}.${payload}.${signature}.${payload}.${signature}`),
    bearer('another token’s payload', `${header}.${other}.${signature}`),
    bearer('a better role under an old signature', `${header}.${promoted}.${signature}`),
    bearer('the signature of another algorithm’s token', `${header}.${payload}.${es256(good).split('.')[2]}`),
    bearer('parts the other way round', `${payload}.${header}.${signature}`),
    bearer('padding', `${header}=.${payload}==.${signature}==`),
    bearer('nothing but dots', '..'),
  ];
}

function otherSchemes(): Hostile[] {
  const token = rs256(good);
  return [
    ...['Basic', 'Token', 'JWT', 'DPoP', 'Bearer:', 'Bearer,', 'BearerX', 'X-Bearer', 'Негодный'].map(
      (scheme) => [`the scheme ${scheme}`, `${scheme} ${token}`] as const,
    ),
    ['no scheme', token],
    ['no token', 'Bearer'],
    ['a scheme and a space', 'Bearer '],
    ['no Authorization', undefined],
    ['an empty header', ''],
    ['two spaces', `Bearer  ${token}`],
    ['a tab', `Bearer\t${token}`],
    ['a line break', `Bearer\n${token}`],
    ['a space before', ` Bearer ${token}`],
    ['a space after it', `Bearer ${token} `],
    ['a line break after it', `Bearer ${token}\n`],
    ['a space in between', `Bearer ${token.replace('.', '. ')}`],
    ['a no-break space', `Bearer\u00a0${token}`],
    ['a zero-width space', `Bearer ${token}\u200b`],
    ['a NUL', `Bearer ${token}\u0000`],
    ['quotes', `Bearer "${token}"`],
    ['two tokens', `Bearer ${token}, Bearer ${token}`],
    ['a token and one more', `Bearer ${token} ${token}`],
    ['a name', `Bearer token=${token}`],
    ['Basic with the token for a password', `Basic ${Buffer.from(`anna:${token}`).toString('base64')}`],
  ];
}

describe('refused is', () => {
  const hostile = [
    ...algNone(),
    ...keyConfusion(),
    ...otherAlgorithms(),
    ...wrongKeys(),
    ...wrongClaims(),
    ...torn(),
    ...otherSchemes(),
  ];
  let verify: ReturnType<typeof createTokenVerifier>;
  beforeAll(() => {
    verify = verifier();
  });

  test('at least a hundred tokens', () => {
    expect(hostile.length).toBeGreaterThan(100);
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
