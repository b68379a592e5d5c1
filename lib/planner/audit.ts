/** Interval after which a count with trusted events is refreshed nevertheless, ms, because an event may have been lost. */
export const AUDIT_INTERVAL_MS = 24 * 3_600_000;
