import { at } from './random.ts';
import type { World } from './world.ts';

/**
 * The optima of goals.md and what simpler services would reach, all in closed form over the true rates. Written without
 * the planner, so that a mistake there can't hide here.
 */

/** Share of right views when every chat is read at the same even pace. */
export function uniformPolling({ changes, views, viewsPerHour }: World, budget: number): number {
  const every = changes.length / budget;
  let right = 0;
  for (let i = 0; i < changes.length; i += 1) right += at(views, i) * evenShare(at(changes, i) * every);
  return right / viewsPerHour;
}

/** The best evenly timed polling (Cho and Garcia-Molina 2003): κ by bisection over all chats. */
export function bestPolling(world: World, budget: number): { freshness: number; kappa: number } {
  const { changes, views, viewsPerHour } = world;
  const evaluate = (logKappa: number) => {
    const kappa = Math.exp(logKappa);
    let requests = 0;
    let right = 0;
    for (let i = 0; i < changes.length; i += 1) {
      const y = (kappa * at(changes, i)) / at(views, i);
      if (y >= 1) continue;
      const x = inverseGain(y);
      requests += at(changes, i) / x;
      right += at(views, i) * evenShare(x);
    }
    return { requests, right };
  };
  const logKappa = bisect(-40, 40, (log) => evaluate(log).requests > budget);
  return { freshness: evaluate(logKappa).right / viewsPerHour, kappa: Math.exp(logKappa) };
}

/** The best randomly timed polling (Azar et al. 2018): f = max(0, √(μλ/κ) − λ). */
export function bestRandomPolling({ changes, views, viewsPerHour }: World, budget: number): number {
  const evaluate = (logKappa: number) => {
    let requests = 0;
    let right = 0;
    for (let i = 0; i < changes.length; i += 1) {
      const rate = at(changes, i);
      const often = Math.sqrt((at(views, i) * rate) / Math.exp(logKappa)) - rate;
      if (often <= 0) continue;
      requests += often;
      right += (at(views, i) * often) / (often + rate);
    }
    return { requests, right };
  };
  return evaluate(bisect(-40, 40, (log) => evaluate(log).requests > budget)).right / viewsPerHour;
}

/** With an event for every change: each request repairs one, so the budget goes by μ/λ, largest first. */
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

/** A cache whose values expire after `ttlHours` and are read again by whoever comes next, and waits. */
function plainCache({ changes, views, viewsPerHour }: World, ttlHours: number): PlainCache {
  let right = 0;
  let requests = 0;
  for (let i = 0; i < changes.length; i += 1) {
    // One life of a value: the miss that views it (and is right), then a time to live of hits.
    const perHour = at(views, i);
    const lives = 1 / (ttlHours + 1 / perHour);
    requests += lives;
    right += lives * (1 + perHour * ttlHours * evenShare(at(changes, i) * ttlHours));
  }
  return { freshness: right / viewsPerHour, requestsPerHour: requests, waiting: requests / viewsPerHour, ttlHours };
}

/** The plain cache whose time to live makes its requests match the budget. */
export function plainCacheWithin(world: World, budget: number): PlainCache {
  return plainCache(
    world,
    Math.exp(bisect(-20, 20, (log) => plainCache(world, Math.exp(log)).requestsPerHour > budget)),
  );
}

const evenShare = (x: number) => (x < 1e-8 ? 1 : -Math.expm1(-x) / x);

/** x with 1 − (1 + x)e^(−x) = y, 0 < y < 1, by Halley's method. */
function inverseGain(y: number): number {
  const root = Math.sqrt(2 * y);
  const tail = -Math.log1p(-y);
  let x = y < 0.8 ? root * (1 + root / 3) : tail + Math.log1p(tail);
  for (let i = 0; i < 8; i += 1) {
    const e = Math.exp(-x);
    const newton = (-Math.expm1(-x) - x * e - y) / (x * e);
    const step = newton / (1 - (newton * (1 - x)) / (2 * x));
    x -= step;
    if (Math.abs(step) < 1e-9 * x) break;
  }
  return x;
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
