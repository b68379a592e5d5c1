/**
 * How often a chat's count changes, learnt from what refreshes and events showed.
 *
 * The rate λ (changes an hour) of a chat is believed to be log-normal: ln λ ~ N(mean, variance). Rates of chats spread over
 * five orders of magnitude, about log-normally, so the population is a prior of the same form and a new chat starts as
 * "some chat". A refresh tells only whether anything changed since the last one, however often: interval-censored
 * observations of a Poisson process (Cho and Garcia-Molina, "Estimating frequency of change", TOIT 2003). The posterior is
 * brought back to a normal with the same mean and variance (assumed density filtering; Minka 2001): two numbers a chat.
 */

/** Belief about ln λ, λ in changes an hour. */
export interface ChangeBelief {
  readonly mean: number;
  readonly variance: number;
}

/** What was seen of a chat over `hours` (> 0). */
export type Evidence =
  /** Whether a count differed at the end from what it was at the beginning. */
  | { readonly kind: 'unchanged'; readonly hours: number }
  | { readonly kind: 'changed'; readonly hours: number }
  /** In how many quarters of an hour there was an event, of a chat whose every change is told by one. */
  | { readonly kind: 'told'; readonly hours: number; readonly quarters: number };

/** Events are counted by the quarter: a raid of ten thousand joins in ten minutes is one change of the count, or two. */
export const QUARTER_HOURS = 0.25;

/** Half the chats change at least daily; 95 % between once in seven weeks and twice an hour. */
export const UNKNOWN_POPULATION: ChangeBelief = { mean: Math.log(1 / 24), variance: 4 };

/** ln of once in eleven years and of once a second: beyond them a rate makes no difference. */
const LOWEST = Math.log(1e-5);
const HIGHEST = Math.log(3_600);
const SHORTEST_HOURS = 1 / 3_600;

/** Steps over the prior, in standard deviations. One observation narrows a normal of variance v to v / (1 + v) at most. */
const STEPS = Float64Array.from({ length: 21 }, (_, i) => (i - 10) / 2);
const WEIGHTS = STEPS.map((z) => Math.exp((-z * z) / 2));

/** The belief after the evidence, by Bayes's rule: mean and variance of prior × likelihood, summed over 21 points. */
export function learn(prior: ChangeBelief, evidence: Evidence): ChangeBelief {
  const hours = Math.max(evidence.hours, SHORTEST_HOURS);
  const deviation = Math.sqrt(prior.variance);
  const most = mostLikely(evidence, prior.mean, deviation, hours);
  let sum = 0;
  let first = 0;
  let second = 0;
  for (let i = 0; i < STEPS.length; i += 1) {
    const z = STEPS[i] ?? 0;
    const rate = Math.exp(prior.mean + deviation * z);
    const weight = (WEIGHTS[i] ?? 0) * Math.exp(logLikelihood(evidence, rate, hours) - most);
    sum += weight;
    first += weight * z;
    second += weight * z * z;
  }
  const shift = first / sum;
  return {
    mean: Math.min(HIGHEST, Math.max(LOWEST, prior.mean + deviation * shift)),
    variance: prior.variance * (second / sum - shift * shift),
  };
}

/** ln of the probability of the evidence at a rate. */
function logLikelihood(evidence: Evidence, rate: number, hours: number): number {
  switch (evidence.kind) {
    case 'unchanged':
      return -rate * hours;
    case 'changed':
      return Math.log(-Math.expm1(-rate * hours));
    case 'told': {
      const { quarters } = evidence;
      const silent = Math.max(0, hours - quarters * QUARTER_HOURS);
      const active = quarters === 0 ? 0 : quarters * Math.log(-Math.expm1(-rate * QUARTER_HOURS));
      return active - rate * silent;
    }
  }
}

/** About the largest log-likelihood of the points summed over, so that not all of them underflow. */
function mostLikely(evidence: Evidence, mean: number, deviation: number, hours: number): number {
  const lowest = Math.exp(mean + deviation * (STEPS[0] ?? 0));
  const highest = Math.exp(mean - deviation * (STEPS[0] ?? 0));
  if (evidence.kind !== 'told') return logLikelihood(evidence, evidence.kind === 'changed' ? highest : lowest, hours);
  const share = Math.min(0.999, (evidence.quarters * QUARTER_HOURS) / hours);
  const best = -Math.log1p(-share) / QUARTER_HOURS;
  return logLikelihood(evidence, Math.min(highest, Math.max(lowest, best)), hours);
}

/**
 * What is left of a belief after `hours`: rates wander, and a belief that isn't renewed returns to the population within
 * some `memoryHours` (an Ornstein-Uhlenbeck process around it; `Infinity`: rates never change).
 */
export function forget(
  belief: ChangeBelief,
  population: ChangeBelief,
  hours: number,
  memoryHours: number,
): ChangeBelief {
  const kept = Math.exp(-hours / memoryHours);
  return {
    mean: population.mean + kept * (belief.mean - population.mean),
    variance: population.variance + kept * kept * (belief.variance - population.variance),
  };
}

/** E[1/λ]: hours a count that was just read is expected to stay right. */
export function expectedLifetimeHours(belief: ChangeBelief): number {
  return Math.exp(-belief.mean + belief.variance / 2);
}
