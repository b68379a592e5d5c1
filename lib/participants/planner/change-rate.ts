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

/** What was seen of a chat over `hours` (> 0) since its count was known to be right. */
export interface Evidence {
  /** `unchanged`: nothing by the end; `changed`: something, at an unknown time; `event`: the first change at the end. */
  readonly kind: 'unchanged' | 'changed' | 'event';
  readonly hours: number;
}

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
  const lowest = Math.exp(prior.mean + deviation * (STEPS[0] ?? 0));
  let sum = 0;
  let first = 0;
  let second = 0;
  for (let i = 0; i < STEPS.length; i += 1) {
    const z = STEPS[i] ?? 0;
    const rate = Math.exp(prior.mean + deviation * z);
    const weight = (WEIGHTS[i] ?? 0) * likelihood(evidence.kind, rate, lowest, hours);
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

/** Likelihood of a rate, up to a factor that is the same for all rates and keeps it from underflowing for the lowest. */
function likelihood(kind: Evidence['kind'], rate: number, lowest: number, hours: number): number {
  switch (kind) {
    case 'unchanged':
      return Math.exp((lowest - rate) * hours);
    case 'changed':
      return -Math.expm1(-rate * hours);
    case 'event':
      return (rate / lowest) * Math.exp((lowest - rate) * hours);
  }
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
