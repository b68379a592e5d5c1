import { createRemoteJWKSet, errors, jwtVerify } from 'jose';
import type { Config } from '../runtime/config.ts';
import { type Principal, principalSchema } from './principal.ts';

/** Tokens: RS256 or ES256, signed by a key of the issuer's JWKS, for this audience, not expired. */

export type Verdict =
  | { readonly kind: 'accepted'; readonly principal: Principal }
  /** For the client: what is wrong with the token, without its content. */
  | { readonly kind: 'refused'; readonly reason: string };

/** Only asymmetric ones: with a symmetric algorithm a public key would do as the secret. */
const ALGORITHMS = ['RS256', 'ES256'];
/** jose's errors about the issuer's answer; the first is what it raises for any status but 200, and for what isn't JSON. */
const KEYS_NOT_HAD = ['ERR_JOSE_GENERIC', 'ERR_JWKS_INVALID', 'ERR_JWKS_TIMEOUT'];
/** Clocks may differ this much, s. */
const CLOCK_TOLERANCE_S = 5;

/** Rejects only when the issuer's keys can't be fetched: then nobody can be told apart. */
export function createTokenVerifier(settings: Config['auth']): (authorization: string | undefined) => Promise<Verdict> {
  const { AUTH_ISSUER, AUTH_AUDIENCE, AUTH_JWKS_URL } = settings;
  const jwks = createRemoteJWKSet(new URL(AUTH_JWKS_URL ?? `${AUTH_ISSUER.replace(/\/$/, '')}/.well-known/jwks.json`), {
    timeoutDuration: 3_000,
  });

  return async (authorization) => {
    if (!authorization) return refused('There is no Authorization header.');
    const token = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(authorization)?.[1];
    if (!token) return refused('The Authorization header must be "Bearer" and a JWT.');
    try {
      const { payload } = await jwtVerify(token, jwks, {
        issuer: AUTH_ISSUER,
        audience: AUTH_AUDIENCE,
        algorithms: ALGORITHMS,
        clockTolerance: CLOCK_TOLERANCE_S,
        requiredClaims: ['exp', 'sub'],
      });
      const principal = principalSchema.safeParse({ ...payload, subject: payload.sub });
      return principal.success
        ? { kind: 'accepted', principal: principal.data }
        : refused('The token names no role known here, or no university.');
    } catch (error) {
      if (error instanceof errors.JWTExpired) return refused('The token has expired.');
      // A key set that can't be had is the service's trouble, not the token's.
      if (!(error instanceof errors.JOSEError) || KEYS_NOT_HAD.includes(error.code)) throw error;
      return refused('The token is not valid here.');
    }
  };
}

const refused = (reason: string): Verdict => ({ kind: 'refused', reason });
