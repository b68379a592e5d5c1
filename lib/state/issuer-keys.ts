import type { KeyObject } from 'node:crypto';

/** The algorithms with which tokens may be signed. Only asymmetric ones: with a symmetric one a public key would be the secret. */
export const ALGORITHMS = ['RS256', 'ES256'] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

/** A public key of the issuer, good for one algorithm. */
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
  /** Finds the key with this id or, where a token names none, the only key of this algorithm. Never rejects. */
  find(kid: string | undefined, algorithm: Algorithm): Promise<FoundKey>;
}
