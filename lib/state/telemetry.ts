import type { MaxErrorKind } from '../max-api/api.ts';

/**
 * What the use cases tell the operators, as facts. The runtime turns them into metrics; tests listen to them.
 */
export interface Telemetry {
  /** Counts looked up for readers: found in the cache, and of those the stale ones. */
  lookedUp(counts: { readonly lookups: number; readonly hits: number; readonly staleHits: number }): void;
  /** One request to MAX. `error` is absent when MAX answered about the chat. */
  requestedMax(call: { readonly durationMs: number; readonly error?: MaxErrorKind }): void;
  /** One chat brought up to date, from the decision to the written count. */
  updated(update: { readonly durationMs: number; readonly changed: boolean }): void;
  /** How long a caller waited for a permit. */
  waitedForPermit(wait: { readonly durationMs: number; readonly granted: boolean }): void;
}

export const noTelemetry: Telemetry = {
  lookedUp() {},
  requestedMax() {},
  updated() {},
  waitedForPermit() {},
};
