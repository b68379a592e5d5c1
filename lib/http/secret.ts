import { createHash, timingSafeEqual } from 'node:crypto';

/** Compares in a time that tells nothing of the secret, its length included: digests of equal length are compared. */
export function sameSecret(given: string | undefined, secret: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given ?? ''), digest(secret)) && given !== undefined;
}
