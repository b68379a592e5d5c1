import { createHash, timingSafeEqual } from 'node:crypto';

/** Compares the digests of both texts, so that the duration reveals neither the content nor the length of the secret. */
export function sameSecret(given: string | undefined, secret: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given ?? ''), digest(secret)) && given !== undefined;
}
