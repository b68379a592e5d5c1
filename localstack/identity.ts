import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { link, mkdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose';

/** The local issuer of tokens. Its tokens have the form of an identity provider's, so the service verifies both in the same way. */
export interface Identity {
  readonly issuer: string;
  readonly audience: string;
  sign(claims: TokenClaims, expiresInS: number): Promise<string>;
  /** The public keys, as a JSON Web Key Set. */
  readonly jwks: { readonly keys: readonly JWK[] };
}

export const ROLES = ['superadmin', 'curator', 'operator'] as const;
export type Role = (typeof ROLES)[number];

export interface TokenClaims {
  readonly role: Role;
  /** Required for curators and operators. */
  readonly universityId?: number | undefined;
  readonly subject: string;
}

/** The name of the issuer. No server has this address; the keys are at AUTH_JWKS_URL. */
const ISSUER = 'http://chat-participants.localhost';
const AUDIENCE = 'chat-participants';
const TOKEN_LIFETIME_S = 12 * 3_600;

/** Reads the key pair in `dataDir`; creates it if there is none. */
export async function openIdentity(dataDir: string): Promise<Identity> {
  const privateJwk = JSON.parse(await keptSecret(dataDir, 'identity.json', newPrivateKey)) as JWK;
  const { d: _, ...publicJwk } = privateJwk;
  const key = await importJWK(privateJwk, 'ES256');
  return {
    issuer: ISSUER,
    audience: AUDIENCE,
    jwks: { keys: [publicJwk] },
    sign({ role, universityId, subject }, expiresInS) {
      return new SignJWT({ role, ...(universityId !== undefined && { university_id: universityId }) })
        .setProtectedHeader({ alg: 'ES256', kid: privateJwk.kid ?? '', typ: 'JWT' })
        .setSubject(subject)
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setIssuedAt()
        .setExpirationTime(`${expiresInS}s`)
        .sign(key);
    },
  };
}

async function newPrivateKey(): Promise<string> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = await exportJWK(privateKey);
  return JSON.stringify({ ...jwk, kid: await calculateJwkThumbprint(jwk), alg: 'ES256', use: 'sig' });
}

/** Returns a secret of the local service; creates it on first use. */
export const openSecret = (dataDir: string, name: string): Promise<string> =>
  keptSecret(dataDir, name, async () => randomBytes(32).toString('base64url'));

/** Returns the content of a file that only its owner can read. Creates a missing file; of several processes only one does so. */
async function keptSecret(dataDir: string, name: string, make: () => Promise<string>): Promise<string> {
  const path = join(dataDir, name);
  await mkdir(dataDir, { recursive: true });
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  await writeFile(draft, await make(), { mode: 0o600 });
  try {
    await link(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await unlink(draft);
  }
  return readFile(path, 'utf8');
}

/** One token for each role, valid for 12 h. The curator and the operator belong to university 1. */
export type Tokens = Readonly<Record<Role, string>>;

export async function tokensOfAll(identity: Identity): Promise<Tokens> {
  const token = (role: Role) => {
    const universityId = role === 'superadmin' ? undefined : 1;
    return identity.sign({ role, universityId, subject: `local-${role}` }, TOKEN_LIFETIME_S);
  };
  return {
    superadmin: await token('superadmin'),
    curator: await token('curator'),
    operator: await token('operator'),
  };
}

export interface KeyServer {
  readonly jwksUrl: string;
  stop(): Promise<void>;
}

/** Publishes the public keys on a free loopback port. */
export async function startKeyServer({ jwks }: Identity): Promise<KeyServer> {
  const body = JSON.stringify(jwks);
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'max-age=300' }).end(body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    jwksUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`,
    async stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}
