import { at } from './random.ts';
import type { World } from './world.ts';

/**
 * The optimum, and the results of simpler services, in closed form over the true rates. It uses no code of the planner, so that
 * an error there can't affect both.
 */

/** Returns the share of correct views if every chat is read at the same interval. */
export function uniformPolling({ changes, views, viewsPerHour }: World, budget: number): number {
  const every = changes.length / budget;
  let right = 0;
  for (let i = 0; i < changes.length; i += 1) right += at(views, i) * evenShare(at(changes, i) * every);
  return right / viewsPerHour;
}

/** Returns the best polling at even intervals for known rates (Cho and Garcia-Molina 2003): κ by bisection over all chats. */
export function bestPolling(world: World, budget: number): { freshness: number; kappa: number } {
  const { changes, views, viewsPerHour } = world;
  const evaluate = (logKappa: number) => {
    const kappa = Math.exp(logKappa);
    let requests = 0;
    let right = 0;
    for (let i = 0; i < changes.length; i += 1) {
      const x = inverseGain((kappa * at(changes, i)) / at(views, i));
      requests += at(changes, i) / x;
      right += at(views, i) * evenShare(x);
    }
    return { requests, right };
  };
  const logKappa = bisect(-40, 40, (log) => evaluate(log).requests > budget);
  return { freshness: evaluate(logKappa).right / viewsPerHour, kappa: Math.exp(logKappa) };
}

/**
 * Returns the optimum with an event for every change. Each request corrects one change, so chats with the largest μ/λ are read
 * first.
 */
export function bestWithEvents({ changes, views, viewsPerHour }: World, budget: number): number {
  const order = Array.from(changes.keys()).sort(
    (a, b) => at(views, b) / at(changes, b) - at(views, a) / at(changes, a),
  );
  let left = budget;
  let right = 0;
  for (const i of order) {
    const share = Math.min(1, left / at(changes, i));
    right += at(views, i) * share;
    left -= at(changes, i) * share;
    if (left <= 0) break;
  }
  return right / viewsPerHour;
}

export interface PlainCache {
  readonly freshness: number;
  readonly requestsPerHour: number;
  /** Share of views that wait for MAX. */
  readonly waiting: number;
  readonly ttlHours: number;
}

/** Returns the result of a cache whose values expire after `ttlHours`. The next reader fetches the value and waits. */
function plainCache({ changes, views, viewsPerHour }: World, ttlHours: number): PlainCache {
  let right = 0;
  let requests = 0;
  for (let i = 0; i < changes.length; i += 1) {
    // One lifetime of a value: a miss, which is correct, and then the hits within its TTL.
    const perHour = at(views, i);
    const lives = 1 / (ttlHours + 1 / perHour);
    requests += lives;
    right += lives * (1 + perHour * ttlHours * evenShare(at(changes, i) * ttlHours));
  }
  return { freshness: right / viewsPerHour, requestsPerHour: requests, waiting: requests / viewsPerHour, ttlHours };
}

/** Returns the cache whose TTL makes its requests match the budget. */
export function plainCacheWithin(world: World, budget: number): PlainCache {
  return plainCache(
    world,
    Math.exp(bisect(-20, 20, (log) => plainCache(world, Math.exp(log)).requestsPerHour > budget)),
  );
}

/**
 * A count is right where as many have left as joined. Over all balances, of x expected steps, with probability
 * P(x) = (1 − e^(−2x)) / 2x; H, its integral from 0 to x, and the gain g = H − xP, by Simpson's rule over ln x.
 */
const STEP = 0.005;
const FIRST = -14;
const LENGTH = 5_600;
const integrals = (() => {
  const [h, g] = [new Float64Array(LENGTH), new Float64Array(LENGTH)];
  const slopeOfH = (u: number) => -Math.expm1(-2 * Math.exp(u)) / 2;
  const slopeOfG = (u: number) => slopeOfH(u) - Math.exp(u - 2 * Math.exp(u));
  h[0] = Math.exp(FIRST);
  g[0] = Math.exp(2 * FIRST) / 2;
  const rule = (f: (u: number) => number, u: number) => (STEP / 6) * (f(u) + 4 * f(u + STEP / 2) + f(u + STEP));
  for (let i = 1; i < LENGTH; i += 1) {
    const u = FIRST + (i - 1) * STEP;
    h[i] = at(h, i - 1) + rule(slopeOfH, u);
    g[i] = at(g, i - 1) + rule(slopeOfG, u);
  }
  return { h, g };
})();

function between(values: Float64Array, place: number): number {
  const i = Math.min(Math.max(Math.floor(place), 0), LENGTH - 2);
  const share = Math.min(Math.max(place - i, 0), 1);
  return at(values, i) * (1 - share) + at(values, i + 1) * share;
}

/** H(x) / x: share of the time that a count is right which is read every x expected steps. */
const evenShare = (x: number) => (x < 1e-5 ? 1 : between(integrals.h, (Math.log(x) - FIRST) / STEP) / x);

/** x with g(x) = y > 0. */
function inverseGain(y: number): number {
  const { g } = integrals;
  if (y <= at(g, 0)) return Math.sqrt(2 * y);
  let low = 0;
  let high = LENGTH - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (at(g, middle) < y) low = middle;
    else high = middle;
  }
  const share = Math.min(1, (y - at(g, low)) / (at(g, high) - at(g, low)));
  return Math.exp(FIRST + (low + share) * STEP);
}

/** The least point, to 1e-7, from which on `tooLow` is false. */
function bisect(low: number, high: number, tooLow: (middle: number) => boolean): number {
  let [from, to] = [low, high];
  while (to - from > 1e-7) {
    const middle = (from + to) / 2;
    if (tooLow(middle)) from = middle;
    else to = middle;
  }
  return to;
}
