import type { ChangeBelief } from './change-rate.ts';

/**
 * When a chat is next worth a request.
 *
 * A count read every T hours is right a share F(T) = (1 − e^(−λT)) / λT of the time. With μ reads an hour and requests at a
 * price of κ right reads, μF(T) − κ/T is largest where μ·g(λT)/λ = κ with g(x) = 1 − (1 + x)e^(−x) (Cho and Garcia-Molina,
 * "Effective page refresh policies for web crawlers", TODS 2003). Of a rate that isn't known exactly the expectation counts,
 * on both sides of the equation: so a chat little is known of is looked at from time to time, just in case it is quiet.
 */

/** Gauss-Hermite quadrature over a standard normal, exact up to the ninth moment. */
const NODES = [0, 1.355626179974266, -1.355626179974266, 2.856970013872806, -2.856970013872806] as const;
const WEIGHTS = [8 / 15, 0.2220759220056126, 0.2220759220056126, 0.01125741132772069, 0.01125741132772069] as const;

/** g(x) = 1 − (1 + x)e^(−x), from 0 at 0 to 1. By its series where the difference would cancel. */
export function gain(x: number): number {
  return x < 1e-4 ? x * x * (1 / 2 - x / 3) : -Math.expm1(-x) - x * Math.exp(-x);
}

/** (1 − e^(−x)) / x: share of the time a count is right when x changes are expected between two refreshes. */
export function shareRight(x: number): number {
  return x < 1e-8 ? 1 : -Math.expm1(-x) / x;
}

/** Expected share of right reads, 0 to 1, of a count read every `hours`. */
export function freshness(belief: ChangeBelief, hours: number): number {
  return expect(belief, (rate) => shareRight(rate * hours));
}

/** Expected right hours more, a refresh, for a longer interval: E[g(λT)/λ], growing from 0 to E[1/λ]. */
export function marginalHours(belief: ChangeBelief, hours: number): number {
  return expect(belief, (rate) => gain(rate * hours) / rate);
}

/**
 * Hours between two refreshes, from `least` to `most`, that make the best of requests at a price of
 * `priceHours` = κ/μ (> 0) right hours: the T at which E[g(λT)/λ] = κ/μ, to a relative 1e-6. `most` where none is worth it.
 */
export function bestIntervalHours(belief: ChangeBelief, priceHours: number, least: number, most: number): number {
  if (marginalHours(belief, most) <= priceHours) return most;
  if (marginalHours(belief, least) >= priceHours) return least;
  let low = least;
  let high = most;
  // g(x) < x²/2, so this lies below the solution; and ln g is concave in ln x, so Newton's steps climb towards it.
  let hours = Math.sqrt((2 * priceHours) / Math.exp(belief.mean + belief.variance / 2));
  for (let i = 0; i < 60; i += 1) {
    // A mixture of rates may bend the other way: a step out of what is known to hold the solution is halved instead.
    if (!(hours > low && hours < high)) hours = Math.sqrt(low * high);
    const value = marginalHours(belief, hours);
    if (value < priceHours) low = hours;
    else high = hours;
    // d ln E[g(λT)/λ] / d ln T = E[λT² e^(−λT)] / E[g(λT)/λ]
    const at = hours;
    const slope = expect(belief, (rate) => rate * at * at * Math.exp(-rate * at)) / value;
    const step = Math.log(priceHours / value) / slope;
    if (Math.abs(step) < 1e-6 || high / low < 1 + 1e-6) break;
    hours *= Math.exp(step);
  }
  return hours;
}

/** E[f(λ)] under the belief. */
function expect({ mean, variance }: ChangeBelief, f: (rate: number) => number): number {
  if (variance === 0) return f(Math.exp(mean));
  const deviation = Math.sqrt(variance);
  let sum = 0;
  for (let i = 0; i < NODES.length; i += 1) sum += (WEIGHTS[i] ?? 0) * f(Math.exp(mean + deviation * (NODES[i] ?? 0)));
  return sum;
}
