import type { ChangeBelief } from './change-rate.ts';
import { equal, gain, shareCorrect } from './steps.ts';

/**
 * Computes the best interval between two refreshes of a chat.
 *
 * A count that is read every T hours is correct for a share F(λT) of the time, where λ is the steps (joins and leaves) per hour;
 * see `steps.ts`. With μ views per hour and a price of κ correct views per request, μF(λT) − κ/T is largest where μ·g(λT)/λ = κ.
 * Here g(x) = x(F(x) − P(x)), and P(x) is the probability that a count is correct after x steps (Cho and Garcia-Molina,
 * "Effective page refresh policies for web crawlers", TODS 2003, for changes that are never undone). If the rate is uncertain,
 * both sides of the equation are expectations. So a chat with an uncertain rate is read from time to time, because it may change
 * rarely.
 */

/** Gauss-Hermite quadrature over a standard normal distribution, exact up to the ninth moment. */
const NODES = [0, 1.355626179974266, -1.355626179974266, 2.856970013872806, -2.856970013872806] as const;
const WEIGHTS = [8 / 15, 0.2220759220056126, 0.2220759220056126, 0.01125741132772069, 0.01125741132772069] as const;

/** Returns the expected share of correct views, 0 to 1, of a count that is read every `hours`. */
export function freshness(belief: ChangeBelief, hours: number): number {
  return expected(ratesOf(belief), (rate) => shareCorrect(rate * hours));
}

/** Returns the probability that a count read `hours` ago is correct. */
export function stillCorrect(belief: ChangeBelief, hours: number): number {
  return expected(ratesOf(belief), (rate) => equal(rate * hours));
}

/**
 * Returns the share of `hours` in which a count was correct, 0 to 1, if it differs at the end. A count that is equal at the end
 * counts as correct for the whole time. The result compensates for that, so that the average over both cases is exact.
 */
export function correctBeforeChange(belief: ChangeBelief, hours: number): number {
  const rates = ratesOf(belief);
  const unchanged = expected(rates, (rate) => equal(rate * hours));
  const right = expected(rates, (rate) => shareCorrect(rate * hours));
  return unchanged < 1 - 1e-9 ? (right - unchanged) / (1 - unchanged) : 1 / 2;
}

/** Returns the correct hours that a refresh after `hours` is expected to gain: E[g(λT)/λ], which grows from 0. */
export function correctHours(belief: ChangeBelief, hours: number): number {
  return expected(ratesOf(belief), (rate) => gain(rate * hours) / rate);
}

/**
 * Returns the correct hours that a refresh of a chat is expected to gain whose changes have been reported for a while, but not in
 * the first `hours` after its last read: E[(1 − P(λT))/λ]. The count is wrong with probability 1 − P, and a refresh corrects it
 * until the next change.
 */
export function correctedHours(belief: ChangeBelief, hours: number): number {
  return expected(ratesOf(belief), (rate) => (1 - equal(rate * hours)) / rate);
}

/**
 * Returns the best hours between two refreshes, from `least` to `most`, at a price of `priceHours` = κ/μ (> 0) correct hours: the T
 * with E[g(λT)/λ] = κ/μ, to a relative 1e-6. Returns `most` if no interval gains the price.
 */
export function bestIntervalHours(belief: ChangeBelief, priceHours: number, least: number, most: number): number {
  const rates = ratesOf(belief);
  const right = (hours: number) => expected(rates, (rate) => gain(rate * hours) / rate);
  if (right(most) <= priceHours) return most;
  if (right(least) >= priceHours) return least;
  let low = least;
  let high = most;
  // g(x) < x²/2, so the start is below the solution. ln g is concave in ln x, so Newton's steps increase towards the solution.
  let hours = Math.sqrt((2 * priceHours) / expected(rates, (rate) => rate));
  for (let i = 0; i < 60; i += 1) {
    // A mixture of rates may not be concave. If a step leaves the bracket of the solution, the bracket is halved instead.
    if (!(hours > low && hours < high)) hours = Math.sqrt(low * high);
    const value = right(hours);
    if (value < priceHours) low = hours;
    else high = hours;
    // d ln E[g(λT)/λ] / d ln T = T E[g'(λT)] / E[g(λT)/λ], and g'(x) = P(x) − e^(−2x)
    const at = hours;
    const slope = (at * expected(rates, (rate) => equal(rate * at) - Math.exp(-2 * rate * at))) / value;
    const step = Math.log(priceHours / value) / slope;
    if (Math.abs(step) < 1e-6 || high / low < 1 + 1e-6) break;
    hours *= Math.exp(step);
  }
  return hours;
}

/** Returns the rates that represent a belief, for the weights above. A certain belief has one rate. */
function ratesOf({ mean, variance }: ChangeBelief): readonly number[] {
  if (variance === 0) return [Math.exp(mean)];
  const deviation = Math.sqrt(variance);
  return NODES.map((node) => Math.exp(mean + deviation * node));
}

function expected(rates: readonly number[], f: (rate: number) => number): number {
  if (rates.length === 1) return f(rates[0] ?? 0);
  let sum = 0;
  for (let i = 0; i < rates.length; i += 1) sum += (WEIGHTS[i] ?? 0) * f(rates[i] ?? 0);
  return sum;
}
