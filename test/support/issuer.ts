import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An issuer of tokens with its own key. */
export interface TestIssuer {
  /** The environment variables of functions that use this issuer. */
  readonly env: { readonly AUTH_ISSUER: string; readonly AUTH_AUDIENCE: string; readonly AUTH_JWKS_URL: string };
  /** Returns the value of an Authorization header. @param claims override those of a superadmin. */
  bearer(claims?: Readonly<Record<string, unknown>>): string;
  /** Number of fetches of its keys so far. */
  readonly fetches: number;
  /** Keys that it publishes beside its own. */
  alsoPublishes: readonly object[];
  /** Called before each response with the keys, which waits until it resolves. If it rejects, there is no response. */
  beforeKeys: () => Promise<void>;
  stop(): void;
}

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

export async function startTestIssuer(): Promise<TestIssuer> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const kid = randomUUID();
  let fetches = 0;
  const server = createServer(async (_, response) => {
    fetches += 1;
    try {
      await issuer.beforeKeys();
    } catch {
      response.destroy();
      return;
    }
    response.end(JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid }, ...issuer.alsoPublishes] }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const env = {
    AUTH_ISSUER: 'https://issuer.example',
    AUTH_AUDIENCE: 'chats',
    AUTH_JWKS_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`,
  };
  const issuer: TestIssuer = {
    env,
    bearer(claims = {}) {
      const payload = {
        ...{ iss: env.AUTH_ISSUER, aud: env.AUTH_AUDIENCE, exp: Math.floor(Date.now() / 1_000) + 3_600 },
        ...{ sub: 'anna', role: 'superadmin', ...claims },
      };
      const input = `${encode({ alg: 'ES256', kid })}.${encode(payload)}`;
      const signature = sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' });
      return `Bearer ${input}.${signature.toString('base64url')}`;
    },
    get fetches() {
      return fetches;
    },
    alsoPublishes: [],
    beforeKeys: async () => {},
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
  return issuer;
}
