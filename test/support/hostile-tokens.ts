import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';

/** Tokens that attackers and broken issuers send, each of which must be refused, and the keys that sign them. */

export const ISSUER = 'https://issuer.example';
export const AUDIENCE = 'chats';
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

const der = { format: 'der', type: 'spki' } as const;
const jwkOf = (key: KeyObject) => key.export({ format: 'jwk' });
/** Without `alg`, which an issuer may omit: the service decides which algorithms are accepted. */
export const keySet = {
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

export const now = Math.floor(Date.now() / 1_000);
export const good = { iss: ISSUER, aud: AUDIENCE, sub: 'anna', role: 'superadmin', iat: now - 60, exp: now + 3_600 };
export const curator = { ...good, role: 'curator', university_id: 7 };

const encode = (value: unknown) =>
  (Buffer.isBuffer(value) ? value : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))).toString(
    'base64url',
  );
type Header = Readonly<Record<string, unknown>>;
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

function jwt(header: unknown, payload: unknown, signer: Signer): string {
  const input = `${encode(header)}.${encode(payload)}`;
  return `${input}.${encode(signer(input))}`;
}
export const rs256 = (payload: unknown, header: Header = {}, signer = signRsa()) =>
  jwt({ alg: 'RS256', typ: 'JWT', kid: 'rsa', ...header }, payload, signer);
export const es256 = (payload: unknown, header: Header = {}, signer = signEc()) =>
  jwt({ alg: 'ES256', typ: 'JWT', kid: 'ec', ...header }, payload, signer);

const without = (name: string, from: Record<string, unknown> = good) =>
  Object.fromEntries(Object.entries(from).filter(([claim]) => claim !== name));

/** Name, and the whole Authorization header. */
export type Hostile = readonly [string, string | undefined];
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

function wrongClaims(): Hostile[] {
  const claims: [string, unknown][] = [
    ...['', 'other', 'Chats', `${AUDIENCE} `, [], ['other'], null, 5].map((aud) => ['aud', aud] as const),
    ...[[[AUDIENCE]], { [AUDIENCE]: true }, [null], Array(1_000).fill('other')].map((aud) => ['aud', aud] as const),
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

/** The order of the group of P-256 (FIPS 186-4, D.1.2.3). */
const P256_ORDER = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex');

/** If (r, s) is an ECDSA signature, so is (r, n − s). */
export const signEcMirrored: Signer = (input) => {
  const signature = signEc()(input);
  const order = BigInt(`0x${P256_ORDER.toString('hex')}`);
  const s = order - BigInt(`0x${signature.subarray(32).toString('hex')}`);
  return Buffer.concat([signature.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, '0'), 'hex')]);
};

function brokenSignatures(): Hostile[] {
  const signed = (change: (r: Buffer, s: Buffer) => Buffer[]) =>
    es256(good, {}, (input) => {
      const signature = signEc()(input);
      return Buffer.concat(change(signature.subarray(0, 32), signature.subarray(32)));
    });
  const zero = Buffer.alloc(32);
  const rsaWith = (change: (signature: Buffer) => Buffer) => rs256(good, {}, (input) => change(signRsa()(input)));
  return [
    bearer(
      'ES256 with r = 0',
      signed((_, s) => [zero, s]),
    ),
    bearer(
      'ES256 with s = 0',
      signed((r) => [r, zero]),
    ),
    bearer(
      'ES256 with r = s',
      signed((r) => [r, r]),
    ),
    bearer(
      'ES256 with r and s the other way round',
      signed((r, s) => [s, r]),
    ),
    bearer(
      'ES256 with r = the order',
      signed((_, s) => [P256_ORDER, s]),
    ),
    bearer(
      'ES256 with s = the order',
      signed((r) => [r, P256_ORDER]),
    ),
    bearer(
      'ES256 with both = the order',
      signed(() => [P256_ORDER, P256_ORDER]),
    ),
    bearer(
      'ES256 with ones',
      signed(() => [Buffer.alloc(64, 0xff)]),
    ),
    bearer(
      'ES256 without its last byte',
      signed((r, s) => [r, s.subarray(1)]),
    ),
    bearer(
      'ES256 with a byte after it',
      signed((r, s) => [r, s, Buffer.alloc(1)]),
    ),
    bearer(
      'ES256 with a byte before each number',
      signed((r, s) => [Buffer.alloc(1), r, Buffer.alloc(1), s]),
    ),
    bearer(
      'ES256 twice',
      signed((r, s) => [r, s, r, s]),
    ),
    bearer(
      'ES256 of SHA-512',
      es256(good, {}, (input) => sign('sha512', Buffer.from(input), ieee)),
    ),
    bearer(
      'RS256 without its last byte',
      rsaWith((signature) => signature.subarray(0, -1)),
    ),
    bearer(
      'RS256 with a zero before it',
      rsaWith((signature) => Buffer.concat([Buffer.alloc(1), signature])),
    ),
    bearer(
      'RS256 with a zero after it',
      rsaWith((signature) => Buffer.concat([signature, Buffer.alloc(1)])),
    ),
    bearer(
      'RS256 of zeros',
      rsaWith(({ length }) => Buffer.alloc(length)),
    ),
    bearer(
      'RS256 of ones',
      rsaWith(({ length }) => Buffer.alloc(length, 0xff)),
    ),
    bearer(
      'RS256 of one',
      rsaWith(() => Buffer.from([1])),
    ),
    bearer(
      'RS256 of a megabyte',
      rsaWith(() => Buffer.alloc(1_048_576, 1)),
    ),
    bearer('RS256 of SHA-1', rs256(good, {}, signRsa(rsa.privateKey, 'sha1'))),
    bearer('RS256 of SHA-512', rs256(good, {}, signRsa(rsa.privateKey, 'sha512'))),
  ];
}
const ieee = { key: ec.privateKey, dsaEncoding: 'ieee-p1363' } as const;

/** JSON of the good claims with more text at its end: later members win. */
export const goodAnd = (more: string) => `${JSON.stringify(good).slice(0, -1)},${more}}`;

function brokenDocuments(): Hostile[] {
  const genuine = rs256(good);
  const deep = '['.repeat(100_000) + ']'.repeat(100_000);
  const header = { alg: 'RS256', kid: 'rsa' };
  return [
    bearer('a role given twice', rs256(goodAnd('"role":"admin"'))),
    bearer('an expiry given twice', rs256(goodAnd(`"exp":${now - 60}`))),
    bearer('an audience given twice', rs256(goodAnd('"aud":"other"'))),
    bearer('an issuer given twice', rs256(goodAnd('"iss":"https://evil.example"'))),
    bearer('an expiry that is infinite', rs256(goodAnd('"exp":1e999'))),
    bearer('a start that is infinite', rs256(goodAnd('"nbf":1e999'))),
    bearer('an algorithm given twice', jwt('{"alg":"RS256","kid":"rsa","alg":"none"}', good, signRsa())),
    bearer('a key id given twice', jwt('{"alg":"RS256","kid":"rsa","kid":"ec"}', good, signRsa())),
    bearer('claims as members of __proto__', rs256(`{"__proto__":${JSON.stringify(good)}}`)),
    bearer(
      'a role in __proto__',
      rs256(`{"__proto__":{"role":"superadmin"},${JSON.stringify(without('role')).slice(1)}`),
    ),
    bearer('claims in an array', rs256([good])),
    bearer('claims in an object', rs256({ claims: good })),
    bearer('roles in an object', rs256({ ...without('role'), realm_access: { roles: ['superadmin'] } })),
    bearer('a scope for a role', rs256({ ...without('role'), scope: 'superadmin' })),
    bearer('a token in a token', rs256(genuine, { cty: 'JWT' })),
    bearer('a token as JSON text', rs256(JSON.stringify(genuine), { cty: 'JWT' })),
    bearer('compressed claims', rs256(deflateRawSync(JSON.stringify(good)), { zip: 'DEF' })),
    bearer('claims in UTF-16', rs256(Buffer.from(JSON.stringify(good), 'utf16le'))),
    bearer('claims after a byte order mark', rs256(Buffer.from(`\ufeff${JSON.stringify(good)}`))),
    bearer('claims with a NUL at their end', rs256(`${JSON.stringify(good)}\0`)),
    bearer('a role that is not UTF-8', rs256(notUtf8('role', 'superadmin'))),
    bearer('an issuer that is not UTF-8', rs256(notUtf8('iss', ISSUER))),
    bearer('an audience that is not UTF-8', rs256(notUtf8('aud', AUDIENCE))),
    bearer('a header that is not UTF-8', jwt(Buffer.from([0x7b, 0xff, 0x7d]), good, signRsa())),
    bearer('claims that are not JSON but JavaScript', rs256("{role:'superadmin'}")),
    bearer('claims with a comma too many', rs256(`${JSON.stringify(good).slice(0, -1)},}`)),
    bearer('100,000 arrays in each other', rs256(deep)),
    bearer('100,000 arrays in the audience', rs256(goodAnd(`"aud":${deep}`))),
    bearer('100,000 arrays in the header', jwt(`{"alg":"RS256","kid":${deep}}`, good, signRsa())),
    bearer('a role of a megabyte', rs256({ ...good, role: 'superadmin'.repeat(100_000) })),
    bearer('a key id of a megabyte', rs256(good, { kid: 'rsa'.repeat(300_000) })),
    bearer('a megabyte of one letter', 'A'.repeat(1_048_576)),
    bearer('a megabyte of dots', '.'.repeat(1_048_576)),
    bearer('a megabyte of short parts', 'a.'.repeat(524_288)),
    ...['__proto__', 'constructor', 'toString', 'rsa\0', 'RSA', ' rsa', 'rsa ', '*', "' OR 1=1 --", '../rsa'].map(
      (kid) => bearer(`the key id ${JSON.stringify(kid)}`, rs256(good, { kid })),
    ),
    ...[null, 0, true, [], ['rsa'], ''].map((kid) => bearer(`the key id ${JSON.stringify(kid)}`, rs256(good, { kid }))),
    ...[null, [], '', ['exp']].map((crit) => bearer(`crit ${JSON.stringify(crit)}`, rs256(good, { crit }))),
    ...['null', '[]', '"RS256"', '5', '{', ''].map((text) => bearer(`the header ${text}`, jwt(text, good, signRsa()))),
    bearer('a header in a header', jwt({ header }, good, signRsa())),
  ];
}

/** JSON of the good claims, in which this one has a byte more that UTF-8 never contains. */
function notUtf8(name: string, value: string): Buffer {
  const [before = '', after = ''] = JSON.stringify({ ...good, [name]: 'HERE' }).split('HERE');
  return Buffer.concat([Buffer.from(before + value), Buffer.from([0xff]), Buffer.from(after)]);
}

/** Authorization headers that must be refused. Only keys of `keySet` and strange keys sign them. */
export const hostileTokens = (): Hostile[] => [
  ...algNone(),
  ...keyConfusion(),
  ...otherAlgorithms(),
  ...wrongKeys(),
  ...wrongClaims(),
  ...torn(),
  ...brokenSignatures(),
  ...brokenDocuments(),
  ...otherSchemes(),
];
