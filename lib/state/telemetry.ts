import type { MaxErrorKind } from '../max-api/api.ts';

/** Facts that use cases report. The runtime converts them into metrics; tests record them. */
export interface Telemetry {
  /** Reports counts that readers looked up: all, those found in the cache, and the stale ones among the latter. */
  lookedUp(counts: { readonly lookups: number; readonly hits: number; readonly staleHits: number }): void;
  /** Reports one request to MAX. `error` is absent if MAX responded about the chat. */
  requestedMax(call: { readonly durationMs: number; readonly error?: MaxErrorKind }): void;
  /** Reports one refreshed chat. The duration is from the decision to the stored count. */
  updated(update: { readonly durationMs: number; readonly changed: boolean }): void;
  /** Reports how long a caller waited for a permit. */
  waitedForPermit(wait: { readonly durationMs: number; readonly granted: boolean }): void;
}

export const noTelemetry: Telemetry = {
  lookedUp() {},
  requestedMax() {},
  updated() {},
  waitedForPermit() {},
};
