import { JwtExpiredError } from 'aws-jwt-verify/error';
import { decomposeUnverifiedJwt } from 'aws-jwt-verify/jwt';
import { verifyJwtSync } from 'aws-jwt-verify/jwt-verifier';
import { ALGORITHMS, type IssuerKeys } from '../state/issuer-keys.ts';
import { type Principal, principalSchema } from './principal.ts';

/**
 * Verifies tokens. A valid token is signed with RS256 or ES256 by a key of the issuer, names this audience and has not expired.
 */

export type Verdict =
  | { readonly kind: 'accepted'; readonly principal: Principal }
  /** `reason` describes the error to the client, without the content of the token. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** The issuer's keys can't be fetched, so no token can be verified. */
  | { readonly kind: 'undecided'; readonly retryAfterMs: number };

/** Largest accepted difference between the clocks of the issuer and the service, s. */
const CLOCK_TOLERANCE_S = 5;

export interface TokenSettings {
  readonly issuer: string;
  readonly audience: string;
  readonly keys: IssuerKeys;
}

export type VerifyToken = (authorization: string | undefined) => Promise<Verdict>;

export function createTokenVerifier({ issuer, audience, keys }: TokenSettings): VerifyToken {
  return async (authorization) => {
    if (!authorization) return refused('There is no Authorization header.');
    const token = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(authorization)?.[1];
    if (!token) return refused('The Authorization header must be "Bearer" and a JWT.');
    const header = readHeader(token);
    if (!header) return notValid;
    const found = await keys.find(header.kid, header.algorithm);
    if (found.kind === 'unavailable') return { kind: 'undecided', retryAfterMs: found.retryAfterMs };
    if (found.kind === 'unknown') return notValid;
    const { jwk, publicKey } = found.key;
    try {
      const options = { issuer, audience, graceSeconds: CLOCK_TOLERANCE_S };
      const payload = verifyJwtSync(token, { ...jwk }, options, () => publicKey);
      // The library accepts a token without an expiry as one that never expires.
      if (typeof payload.exp !== 'number' || typeof payload.sub !== 'string') return notValid;
      const principal = principalSchema.safeParse({ ...payload, subject: payload.sub });
      return principal.success
        ? { kind: 'accepted', principal: principal.data }
        : refused('The token names no role known here, or no university.');
    } catch (error) {
      // Any error, including errors of OpenSSL, means that the token is not accepted.
      return error instanceof JwtExpiredError ? refused('The token has expired.') : notValid;
    }
  };
}

const refused = (reason: string): Verdict => ({ kind: 'refused', reason });
const notValid = refused('The token is not valid here.');

/** @returns `undefined` for malformed tokens, for other algorithms, and for critical extensions (RFC 7515, 4.1.11). */
function readHeader(token: string) {
  try {
    const { header } = decomposeUnverifiedJwt(token);
    const algorithm = ALGORITHMS.find((known) => known === header.alg);
    return algorithm && !('crit' in header) ? { algorithm, kid: header.kid } : undefined;
  } catch {
    return undefined;
  }
}
