/**
 * The arithmetic of asking MAX at an even pace: how far apart requests start, with and without the shared limiter, and
 * how the pace gives way to a 429. Pure; `lib/adapters/redis/acquire-permit-1.lua` does the shared part on Redis's clock.
 *
 * MAX allows `rps` requests in a second and doesn't say how its second is laid out. Starts that are evenly spaced satisfy
 * a fixed window, a sliding window and a token bucket alike, so even spacing is all this service does.
 */

export const pace = {
  /** Extra time one request may take to reach MAX compared with the next, ms: two starts may arrive this much closer. */
  jitterMs: 50,
  /** A permit is void when its holder (a GC pause, a frozen Lambda) would start later than this after its slot, ms. */
  latestStartMs: 30,
  /** What is left for reading the clocks: 1 ms timers, and the error of the offset to Redis's clock, ms. */
  clockErrorMs: 5,
  /** A busy process or machine may hold a request back this long between its permit and the wire, ms. */
  heldBackMs: 15,
  /**
   * Who waits for a turn asks again this long before it, ms: covers the round trip and a busy event loop. It may be granted
   * up to `leadMs` before: so a turn that one person's request has pushed back meanwhile (36 ms at 30 a second) needs no
   * further call. The lead, and the two slots then taken at once, are what a person may have to wait for: 132 ms.
   */
  returnMs: 20,
  leadMs: 60,
  /** No slot is handed out further ahead than this, ms: bounds what is still to start when Redis is lost. */
  horizonMs: 500,
  /** Throttling told several times within this time counts once, ms: it was the same second at MAX. */
  signalMs: 1_000,
  /** After throttling nothing starts for at least, and for at most, this long, ms (`Retry-After` decides in between). */
  pauseMinMs: 1_000,
  pauseMaxMs: 60_000,
  /** The pace climbs from nothing to full in this time, ms; so 95 % of it is back in 43 s. */
  recoverMs: 45_000,
  /** However long MAX refuses, this many requests a second still ask whether it has recovered. */
  floorPerSecond: 0.2,
  /** So many 5xx, timeouts and network errors, with no answer between, count as throttling; so does every further one. */
  failuresToCut: 5,
} as const;

/** Starts less than this apart (ms) may arrive within one second of MAX's. */
export const windowMs = 1_000 + pace.jitterMs + pace.latestStartMs + pace.clockErrorMs + pace.heldBackMs;

/**
 * Milliseconds between the starts of two requests to MAX, for the whole bot; `rps` ≥ 1.
 *
 * `rps + 1` starts span `rps` spacings; where these are `windowMs`, never more than `rps` arrive in a second. For 30 that is
 * 36.7 ms, 27.3 a second: 0.987 of the (30 − 1) / 1.05 that a limiter letting one request out of step could give at most.
 */
export function spacingMs(rps: number): number {
  return windowMs / rps;
}

/**
 * Milliseconds between the starts of one environment that knows of no other, at its share (0..1) of the rate.
 *
 * With a spacing of windowMs / b it places at most ⌈b⌉ starts in any window. Environments can't know each other's phase and
 * may all have a start at the window's edge, so b is a whole number: then ⌊rps·share⌋ summed over all environments is a
 * hard bound. A share of less than one request a second can't be rounded down, and is kept on average only.
 */
export function localSpacingMs(rps: number, share: number): number {
  const perWindow = rps * share;
  return windowMs / (perWindow >= 1 ? Math.floor(perWindow) : perWindow);
}

/** The slowest pace, as a share of full. */
export function floorOfPace(rps: number): number {
  return Math.min(1, (pace.floorPerSecond * spacingMs(rps)) / 1_000);
}

/** How hard MAX's throttling holds the pace back. Additive increase, multiplicative decrease (Chiu and Jain, 1989). */
export interface Brake {
  /** Share of the full pace, `floorOfPace`..1, that holds at `since` (Unix ms) and grows from then on. */
  readonly share: number;
  readonly since: number;
  /** When it was last halved, Unix ms. */
  readonly cutAt: number;
}

export const released: Brake = { share: 1, since: 0, cutAt: Number.NEGATIVE_INFINITY };

/** Share (0..1) of the full pace allowed at `now`. Computed from the time gone by, so idle environments recover too. */
export function shareAt(brake: Brake, now: number): number {
  return Math.min(1, brake.share + Math.max(0, now - brake.since) / pace.recoverMs);
}

/**
 * The brake after MAX throttled, and the time (Unix ms) before which nothing may start. Halves at most once per
 * `signalMs`; a longer `retryAfterMs` is obeyed also between. The pace recovers from the end of the pause, which is never
 * shorter than one spacing: so at the floor a refused request is followed by one every few seconds, not by a burst.
 */
export function brakeHarder(
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
