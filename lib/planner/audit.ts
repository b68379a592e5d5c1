/** A count that events vouch for is read again after this long, ms: an event may have been lost. */
export const AUDIT_INTERVAL_MS = 24 * 3_600_000;
