import type { ChangeBelief } from './change-rate.ts';
import { equal, gain, shareCorrect } from './steps.ts';

/**
 * When a chat is next worth a request.
 *
 * A count read every T hours is right a share F(λT) of the time, λ being the steps (joins and leaves) an hour; see `steps.ts`.
 * With μ views an hour and requests at a price of κ right views, μF(λT) − κ/T is largest where μ·g(λT)/λ = κ with
 * g(x) = x(F(x) − P(x)), P(x) the probability that a count is right after x steps (Cho and Garcia-Molina, "Effective page
 * refresh policies for web crawlers", TODS 2003, there for changes that are never undone). Of a rate that isn't known exactly
 * the expectation counts, on both sides of the equation: so a chat little is known of is looked at from time to time, just in
 * case it is quiet.
 */

/** Gauss-Hermite quadrature over a standard normal, exact up to the ninth moment. */
const NODES = [0, 1.355626179974266, -1.355626179974266, 2.856970013872806, -2.856970013872806] as const;
const WEIGHTS = [8 / 15, 0.2220759220056126, 0.2220759220056126, 0.01125741132772069, 0.01125741132772069] as const;

/** Expected share of right views, 0 to 1, of a count read every `hours`. */
export function freshness(belief: ChangeBelief, hours: number): number {
  return expected(ratesOf(belief), (rate) => shareCorrect(rate * hours));
}

/** Probability that a count read `hours` ago is right. */
export function stillCorrect(belief: ChangeBelief, hours: number): number {
  return expected(ratesOf(belief), (rate) => equal(rate * hours));
}

/**
 * Of a count that was found changed after `hours`: the share of this time in which it was right, 0 to 1, where one found
 * unchanged is taken for right all the time; so that both together are right as often as they are.
 */
export function correctBeforeChange(belief: ChangeBelief, hours: number): number {
  const rates = ratesOf(belief);
  const unchanged = expected(rates, (rate) => equal(rate * hours));
  const right = expected(rates, (rate) => shareCorrect(rate * hours));
  return unchanged < 1 - 1e-9 ? (right - unchanged) / (1 - unchanged) : 1 / 2;
}

/** Right hours that a refresh after `hours` is expected to gain: E[g(λT)/λ], growing from 0 on. */
export function correctHours(belief: ChangeBelief, hours: number): number {
  return expected(ratesOf(belief), (rate) => gain(rate * hours) / rate);
}

/**
 * Hours between two refreshes, from `least` to `most`, that make the best of requests at a price of
 * `priceHours` = κ/μ (> 0) right hours: the T at which E[g(λT)/λ] = κ/μ, to a relative 1e-6. `most` where none is worth it.
 */
export function bestIntervalHours(belief: ChangeBelief, priceHours: number, least: number, most: number): number {
  const rates = ratesOf(belief);
  const right = (hours: number) => expected(rates, (rate) => gain(rate * hours) / rate);
  if (right(most) <= priceHours) return most;
  if (right(least) >= priceHours) return least;
  let low = least;
  let high = most;
  // g(x) < x²/2, so this lies below the solution; and ln g is concave in ln x, so Newton's steps climb towards it.
  let hours = Math.sqrt((2 * priceHours) / expected(rates, (rate) => rate));
  for (let i = 0; i < 60; i += 1) {
    // A mixture of rates may bend the other way: then a step that leaves what holds the solution halves it instead.
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

/** The rates that stand for a belief, with the weights above; one that is certain stands for itself. */
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
