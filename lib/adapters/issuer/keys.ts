import { createPublicKey } from 'node:crypto';
import type { Algorithm, FoundKey, IssuerKey, IssuerKeys } from '../../state/issuer-keys.ts';

/** Age at which keys are fetched again in the background, ms. This also removes keys that the issuer has withdrawn. */
const RENEW_MS = 10 * 60_000;
/** Age from which a request waits for the new keys, ms. An environment that was idle this long behaves like a new one. */
const RENEW_FIRST_MS = 60 * 60_000;
/** Longest time for which known keys are used while the issuer can't be reached, ms. */
const MAX_AGE_MS = 24 * 3_600_000;
/** Shortest time between two fetches while keys are known, ms, however many unknown key ids arrive. */
const REFETCH_PAUSE_MS = 30_000;
/** Shortest time between two fetches while no keys are known, ms. */
const RETRY_PAUSE_MS = 1_000;
/** Shortest RSA key (RFC 7518, 3.3). */
const MIN_RSA_BITS = 2_048;

export interface IssuerKeysDeps {
  /** Fetches and parses the JSON Web Key Set (RFC 7517). */
  readonly fetchKeySet: () => Promise<unknown>;
  /** Unix ms. */
  readonly now: () => number;
  /** Called for every failed fetch, with the age of the keys that are used instead. */
  readonly onFailure: (error: Error, ageMs: number | undefined) => void;
}

/** Creates the cache of the issuer's keys. It fetches them on first use; simultaneous requests share one fetch. */
export function createIssuerKeys({ fetchKeySet, now, onFailure }: IssuerKeysDeps): IssuerKeys {
  let held: { readonly keys: readonly IssuerKey[]; readonly fetchedAt: number } | undefined;
  let triedAt = Number.NEGATIVE_INFINITY;
  let fetching: Promise<void> | undefined;

  async function load(): Promise<void> {
    triedAt = now();
    try {
      held = { keys: readKeySet(await fetchKeySet()), fetchedAt: now() };
    } catch (error) {
      onFailure(error as Error, held && now() - held.fetchedAt);
    }
  }

  /** Joins the fetch in progress, or starts one if the pause since the last fetch is over. */
  function renew(pauseMs: number): Promise<void> | undefined {
    if (!fetching && now() - triedAt >= pauseMs) {
      fetching = load().finally(() => {
        fetching = undefined;
      });
    }
    return fetching;
  }

  return {
    async find(kid, algorithm): Promise<FoundKey> {
      const ageMs = held ? now() - held.fetchedAt : Number.POSITIVE_INFINITY;
      if (ageMs >= MAX_AGE_MS) held = undefined;
      if (!held) await renew(RETRY_PAUSE_MS);
      else if (ageMs >= RENEW_FIRST_MS) await renew(REFETCH_PAUSE_MS);
      else if (ageMs >= RENEW_MS) void renew(REFETCH_PAUSE_MS);
      if (!held) return { kind: 'unavailable', retryAfterMs: RETRY_PAUSE_MS };
      let key = pick(held.keys, kid, algorithm);
      if (!key) {
        await renew(REFETCH_PAUSE_MS);
        key = pick(held.keys, kid, algorithm);
      }
      return key ? { kind: 'found', key } : { kind: 'unknown' };
    },
  };
}

/** Returns the only key that fits. Returns none if several fit, because the token has no key id or an ambiguous one. */
function pick(keys: readonly IssuerKey[], kid: string | undefined, algorithm: Algorithm): IssuerKey | undefined {
  const fitting = keys.filter(({ jwk }) => jwk.alg === algorithm && (kid === undefined || jwk.kid === kid));
  return fitting.length === 1 ? fitting[0] : undefined;
}

/**
 * Returns the keys that can verify tokens; it ignores keys of other types and uses.
 * @throws {Error} if the document is not a key set.
 */
function readKeySet(document: unknown): IssuerKey[] {
  const keys = (document as { keys?: unknown } | null)?.keys;
  if (!Array.isArray(keys)) throw new Error('the answer is not a JSON Web Key Set');
  return keys.flatMap((key: unknown) => readKey(key) ?? []);
}

function readKey(document: unknown): IssuerKey | undefined {
  if (typeof document !== 'object' || document === null) return undefined;
  const { kty, kid, use, alg, key_ops, crv, n, e, x, y } = document as Record<string, unknown>;
  const algorithm = kty === 'RSA' ? 'RS256' : kty === 'EC' && crv === 'P-256' ? 'ES256' : undefined;
  if (algorithm === undefined || (alg !== undefined && alg !== algorithm)) return undefined;
  if (use !== undefined && use !== 'sig') return undefined;
  if (Array.isArray(key_ops) && !key_ops.includes('verify')) return undefined;
  if (kid !== undefined && typeof kid !== 'string') return undefined;
  const numbers = kty === 'RSA' ? { n, e } : { crv, x, y };
  if (!Object.values(numbers).every((number) => typeof number === 'string')) return undefined;
  const jwk = {
    ...(numbers as Record<string, string>),
    kty: String(kty),
    alg: algorithm,
    ...(kid && { kid }),
  } as const;
  try {
    const publicKey = createPublicKey({ key: jwk, format: 'jwk' });
    const bits = publicKey.asymmetricKeyDetails?.modulusLength ?? MIN_RSA_BITS;
    return bits < MIN_RSA_BITS ? undefined : { jwk, publicKey };
  } catch {
    return undefined;
  }
}
