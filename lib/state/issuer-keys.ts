import type { KeyObject } from 'node:crypto';

/** The accepted signature algorithms. All are asymmetric: with a symmetric algorithm, the public key would be the secret. */
export const ALGORITHMS = ['RS256', 'ES256'] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

/** A public key of the issuer, for one algorithm. */
export interface IssuerKey {
  readonly jwk: { readonly kty: string; readonly alg: Algorithm; readonly kid?: string };
  readonly publicKey: KeyObject;
}

export type FoundKey =
  | { readonly kind: 'found'; readonly key: IssuerKey }
  /** The issuer publishes no such key. */
  | { readonly kind: 'unknown' }
  /** No keys are known, and the issuer can't be reached. */
  | { readonly kind: 'unavailable'; readonly retryAfterMs: number };

/** The keys that the issuer of tokens publishes. */
export interface IssuerKeys {
  /** Finds the key with this id. If the token has no key id, finds the only key for this algorithm. Never rejects. */
  find(kid: string | undefined, algorithm: Algorithm): Promise<FoundKey>;
}
