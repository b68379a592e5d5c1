import { createHmac, timingSafeEqual } from 'node:crypto';
import * as z from 'zod';
import type { Position } from '../chats/sort-keys.ts';
import type { FindRequest } from '../listing/find-chats.ts';

/**
 * Cursors of listings. They are opaque to clients, tamper-evident, and valid only for their own listing. The signature covers the
 * listing too, so a cursor of another sort, search, filter or scope is refused like a forged one.
 */

const MAC_BYTES = 16;
const position = z.tuple([z.union([z.string(), z.number()]), z.number().int().nonnegative()]);

type ListingIdentity = Pick<FindRequest, 'query' | 'sort' | 'order'>;

function sign(payload: Buffer, listing: ListingIdentity, secret: string): Buffer {
  const { scope, search, department, source, statuses } = listing.query;
  const conditions = [scope, search?.text, department, source, [...statuses].sort()].map((value) => value ?? null);
  const identity = JSON.stringify([conditions, listing.sort, listing.order]);
  return createHmac('sha256', secret).update(`${identity}\0`).update(payload).digest().subarray(0, MAC_BYTES);
}

export function writeCursor(at: Position, listing: ListingIdentity, secret: string): string {
  const payload = Buffer.from(JSON.stringify([at.key, at.id]));
  return Buffer.concat([sign(payload, listing, secret), payload]).toString('base64url');
}

/** @returns `undefined` for a cursor that is malformed, forged, or of another listing. */
export function readCursor(cursor: string, listing: ListingIdentity, secret: string): Position | undefined {
  const bytes = Buffer.from(cursor, 'base64url');
  if (bytes.length <= MAC_BYTES || bytes.toString('base64url') !== cursor) return undefined;
  const payload = bytes.subarray(MAC_BYTES);
  if (!timingSafeEqual(bytes.subarray(0, MAC_BYTES), sign(payload, listing, secret))) return undefined;
  const parsed = position.safeParse(JSON.parse(payload.toString('utf8')));
  return parsed.success ? { key: parsed.data[0], id: parsed.data[1] } : undefined;
}
