/**
 * Arithmetic of the request rate: the time between the starts of requests to MAX, with and without the shared limiter, and how
 * the rate falls after a 429. Pure; `lib/adapters/redis/acquire-permit-1.lua` does the shared part on Redis's clock.
 *
 * MAX allows `rps` requests in a second but does not document which window it counts in. Evenly spaced starts satisfy a fixed
 * window, a sliding window and a token bucket alike, so even spacing is sufficient.
 */

export const pace = {
  /** Jitter of the network path to MAX, ms. Two requests may arrive this much closer together than they started. */
  jitterMs: 50,
  /** Latest start after the slot, ms. A permit whose holder is later (GC pause, frozen Lambda) is void. */
  latestStartMs: 30,
  /** Largest error of the clocks, ms: 1 ms timers, and the error of the offset to Redis's clock. */
  clockErrorMs: 5,
  /** Longest time between a permit and the request on the network, ms, in a busy process or machine. */
  heldBackMs: 15,
  /**
   * A queued background caller calls the limiter again `returnMs` before its expected slot. This covers the round trip and a busy
   * event loop. The slot may be granted up to `leadMs` before its start. So if one interactive request has moved the slot back
   * meanwhile (by 36 ms at 30 requests a second), no further call is needed. An interactive caller may have to wait for the lead
   * and for the two slots that are then taken at once: 132 ms.
   */
  returnMs: 20,
  leadMs: 60,
  /** Longest time between granting a slot and its start, ms. It limits the requests that can still start after Redis is lost. */
  horizonMs: 500,
  /** Time within which several throttled responses count as one, ms, because they come from the same second at MAX. */
  signalMs: 1_000,
  /** Shortest and longest pause after a throttled response, ms. Between them `Retry-After` decides. */
  pauseMinMs: 1_000,
  pauseMaxMs: 60_000,
  /** Time in which the rate recovers linearly from zero to full, ms; 95 % of it is back after 43 s. */
  recoverMs: 45_000,
  /** Minimum requests per second, however long MAX refuses. They find out whether it has recovered. */
  floorPerSecond: 0.2,
  /** Consecutive failures (5xx, timeouts, network errors) that count as throttling. Each further consecutive failure counts too. */
  failuresToCut: 5,
} as const;

/** Two requests that start less than this apart, ms, may arrive within the same second at MAX. */
export const windowMs = 1_000 + pace.jitterMs + pace.latestStartMs + pace.clockErrorMs + pace.heldBackMs;

/**
 * Returns the time between the starts of two requests to MAX, ms, for the whole bot; `rps` ≥ 1.
 *
 * `rps + 1` starts span `rps` spacings. If these last `windowMs` together, no second holds more than `rps` arrivals. For 30
 * requests a second the spacing is 36.7 ms, or 27.3 requests a second. That is 0.987 of (30 − 1) / 1.05, the most that a limiter
 * could give which lets one request out of step.
 */
export function spacingMs(rps: number): number {
  return windowMs / rps;
}

/**
 * Returns the time between the starts of one environment without Redis, ms, at its share (0..1) of the rate.
 *
 * With a spacing of windowMs / b, an environment places at most ⌈b⌉ starts in any window. Environments don't know each other's
 * phase and may all start a request at the window's edge. So b is a whole number: then the sum of ⌊rps·share⌋ over all
 * environments is a hard limit. A share of less than one request a second can't be rounded down; it holds only on average.
 */
export function localSpacingMs(rps: number, share: number): number {
  const perWindow = rps * share;
  return windowMs / (perWindow >= 1 ? Math.floor(perWindow) : perWindow);
}

/** Returns the lowest rate, as a share (0..1) of the full rate. */
export function floorOfPace(rps: number): number {
  return Math.min(1, (pace.floorPerSecond * spacingMs(rps)) / 1_000);
}

/** The reduction of the rate after throttling. Additive increase, multiplicative decrease (Chiu and Jain, 1989). */
export interface Brake {
  /** Share of the full rate at `since` (Unix ms), from `floorOfPace` to 1. It grows from then on. */
  readonly share: number;
  readonly since: number;
  /** When the rate was last halved, Unix ms. */
  readonly cutAt: number;
}

export const fullRate: Brake = { share: 1, since: 0, cutAt: Number.NEGATIVE_INFINITY };

/**
 * Returns the share (0..1) of the full rate allowed at `now`. It depends only on the elapsed time, so idle environments recover
 * too.
 */
export function shareAt(brake: Brake, now: number): number {
  return Math.min(1, brake.share + Math.max(0, now - brake.since) / pace.recoverMs);
}

/**
 * Returns the brake after MAX throttled a request, and the time (Unix ms) before which no request may start. It halves the rate at
 * most once per `signalMs`, but always obeys a longer `retryAfterMs`. The rate recovers from the end of the pause. The pause is
 * never shorter than one spacing, so at the lowest rate the refused requests are seconds apart and do not come in bursts.
 */
export function reduceRate(
  brake: Brake,
  now: number,
  retryAfterMs: number,
  spacing: number,
  floor: number,
): { brake: Brake; pausedUntil: number } {
  const asked = Math.min(retryAfterMs, pace.pauseMaxMs);
  if (now - brake.cutAt < pace.signalMs) return { brake, pausedUntil: now + asked };
  const share = Math.max(floor, shareAt(brake, now) / 2);
  const pausedUntil = now + Math.max(asked, pace.pauseMinMs, spacing / share);
  return { brake: { share, since: pausedUntil, cutAt: now }, pausedUntil };
}
