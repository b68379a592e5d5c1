import { logDifference, logDifferenceAfterStep } from './steps.ts';

/**
 * Estimates how often people join and leave a chat, from refreshes and events.
 *
 * The belief about the rate λ of a chat (joins and leaves per hour) is log-normal: ln λ ~ N(mean, variance). Rates of chats spread
 * over five orders of magnitude, about log-normally. So the population is a prior of the same form, and a new chat starts with it.
 * A refresh shows by how much the count differs from the previous one (`steps.ts`). Whether it differs at all would say little
 * about a chat that changes often (Cho and Garcia-Molina, "Estimating frequency of change", TOIT 2003). The posterior is
 * approximated by a normal with the same mean and variance (assumed density filtering; Minka 2001), so a chat needs two numbers.
 *
 * Stored are not the belief's two numbers, but those of the chat's own evidence: a normal likelihood, by which the prior was
 * multiplied. So if the population becomes better known, the beliefs of all chats follow at once.
 */

/** The belief about ln λ, with λ in joins and leaves per hour. */
export interface ChangeBelief {
  readonly mean: number;
  readonly variance: number;
}

/** The distribution of ln λ over all chats. */
export interface Population extends ChangeBelief {
  /**
   * Large chats change more often: the mean is a line over ln(1 + count), which reaches `mean` at `meanLogSize`. Absent before any
   * count is known.
   */
  readonly bySize?: { readonly slope: number; readonly meanLogSize: number };
}

/** Returns the prior of a chat. @param count `null`: never read. */
export function priorOf({ mean, variance, bySize }: Population, count: number | null): ChangeBelief {
  const shift = bySize && count !== null ? bySize.slope * (Math.log1p(count) - bySize.meanLogSize) : 0;
  return { mean: mean + shift, variance };
}

/** The evidence about ln λ from a chat's own observations, as a normal likelihood. `weighted`: its mean × precision. */
export interface RateEvidence {
  /** ≥ 0; 0 is no evidence. */
  readonly precision: number;
  readonly weighted: number;
}

export const NO_EVIDENCE: RateEvidence = { precision: 0, weighted: 0 };

/** Returns the belief after the evidence. */
export function beliefFrom(prior: ChangeBelief, { precision, weighted }: RateEvidence): ChangeBelief {
  const total = 1 / prior.variance + precision;
  return { mean: (prior.mean / prior.variance + weighted) / total, variance: 1 / total };
}

/** Returns the evidence that turns a prior into a belief. @param belief not wider than the prior, variance > 0. */
export function evidenceFor(belief: ChangeBelief, prior: ChangeBelief): RateEvidence {
  const precision = Math.max(0, 1 / belief.variance - 1 / prior.variance);
  return { precision, weighted: belief.mean * (precision + 1 / prior.variance) - prior.mean / prior.variance };
}

/** An observation of a chat over `hours` (> 0). */
export type Evidence =
  /** `difference`: the absolute difference between the counts at the end and at the beginning. */
  | { readonly kind: 'difference'; readonly hours: number; readonly difference: number }
  /**
   * The last event of a chat (a join, a leave or a message) happened after `hours`, and none in the `silentHours` (≥ 0) after it.
   * `difference`: as above. `messages`: number of messages in `hours`; `null`: not known.
   */
  | {
      readonly kind: 'last event';
      readonly hours: number;
      readonly difference: number;
      readonly messages: number | null;
      readonly silentHours: number;
    }
  /** Nothing happened for `hours` after the last event, of which only the time is known. */
  | { readonly kind: 'silence'; readonly hours: number }
  /** `quarters`: the number of quarters of an hour with an event, of a chat whose events are trusted. */
  | { readonly kind: 'events'; readonly hours: number; readonly quarters: number };

/** Events are counted per quarter of an hour, so that ten thousand joins in ten minutes count as one or two changes. */
export const QUARTER_HOURS = 0.25;

/** The prior of the population: half of the chats change at least daily; 95 % between once in seven weeks and twice an hour. */
export const UNKNOWN_POPULATION: ChangeBelief = { mean: Math.log(1 / 24), variance: 4 };

/** Limits of ln λ: once in eleven years, and once a second. Rates beyond them have the same effect. */
const LOWEST = Math.log(1e-5);
const HIGHEST = Math.log(3_600);
const SHORTEST_HOURS = 1 / 3_600;
const LONGEST_HOURS = 1e5;

/** Number of points of a sum. They reach as far as the posterior is more than e^−12 of its maximum. */
const POINTS = 31;
const REACH = 2.5;
const NEGLIGIBLE = -12;
/** Limit of a step towards the mode: no step multiplies a rate by more than e², and 30 steps cross all rates. */
const LONGEST_STEP = 2;
const MOST_STEPS = 30;

/**
 * Returns the belief after the evidence, by Bayes's rule: mean and variance of prior × likelihood, summed around its mode. A day of
 * events narrows a belief to a tenth, so points spread over the prior would miss the peak.
 */
export function learn(prior: ChangeBelief, evidence: Evidence): ChangeBelief {
  const hours = Math.min(LONGEST_HOURS, Math.max(SHORTEST_HOURS, evidence.hours));
  const deviation = Math.sqrt(prior.variance);
  if (evidence.kind !== 'events') {
    const likelihood = likelihoodOf(evidence, hours);
    const posterior = (z: number) => likelihood(Math.exp(prior.mean + deviation * z)) - (z * z) / 2;
    return momentsAbout(prior, posterior, highest(posterior, prior));
  }
  const seen = exposureOf(evidence.quarters, hours);
  const posterior = (z: number) => logPosterior(seen, prior.mean, deviation, z);
  return momentsAbout(prior, posterior, peak(seen, prior.mean, deviation));
}

/** Returns the logarithm of the likelihood of a rate λ. */
type LogLikelihood = (rate: number) => number;

function likelihoodOf(evidence: Exclude<Evidence, { kind: 'events' }>, hours: number): LogLikelihood {
  switch (evidence.kind) {
    case 'difference':
      return (rate) => logDifference(evidence.difference, rate * hours);
    case 'silence':
      return ofSilence(hours);
    case 'last event':
      return ofLastEvent(evidence, hours);
  }
}

/**
 * The last event was a join or leave with a density of λ, or a message with that of their rate. After this silence, Jeffreys's prior
 * expects 1/2 message in a time of the same length.
 */
const ofSilence =
  (hours: number): LogLikelihood =>
  (rate) =>
    Math.log(rate + 0.5 / hours) - rate * hours;

/**
 * The last event was a message, or a join or leave. M messages in `hours` happened at random times, so the last one came just at the
 * end with a density of M/hours. A join or leave came at the end with a density of λ, in addition to those before it. The silence
 * since then has the probability e^(−λ·silentHours). If the number of messages is unknown, the last event counts as a message: then
 * its time is only a bound for joins and leaves.
 */
function ofLastEvent(
  { difference, messages, silentHours }: Extract<Evidence, { kind: 'last event' }>,
  hours: number,
): LogLikelihood {
  const silent = Math.min(LONGEST_HOURS, silentHours);
  return (rate) => {
    const message = logDifference(difference, rate * hours);
    if (messages === null) return message - rate * silent;
    const step = Math.log(rate) + logDifferenceAfterStep(difference, rate * hours);
    if (messages === 0) return step - rate * silent;
    return logSum(Math.log(messages / hours) + message, step) - rate * silent;
  };
}

/** Returns ln(e^a + e^b). */
const logSum = (a: number, b: number): number => Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)));

interface Peak {
  /** Position of the maximum and width of the peak, in standard deviations of the prior; the position is relative to its mean. */
  readonly mode: number;
  readonly width: number;
}

/** @param posterior returns ln(prior × likelihood), up to a constant, at a distance from the prior's mean in deviations. */
function momentsAbout(prior: ChangeBelief, posterior: (z: number) => number, { mode, width }: Peak): ChangeBelief {
  const top = posterior(mode);
  const below = (z: number) => posterior(z) - top;
  let down = 4 * width;
  let up = 4 * width;
  // If the likelihood excludes only low rates, one side is as wide as the prior.
  while (below(mode - down) > NEGLIGIBLE) down *= 1.5;
  while (below(mode + up) > NEGLIGIBLE) up *= 1.5;
  // z = mode + αe^t − βe^(−t) + (β − α) at even steps of t: fine at the peak, coarse on a side that may be a hundred times as wide.
  // The mapping is smooth, so the sum is as exact as with evenly spread points.
  const [toRight, toLeft] = [up / Math.exp(REACH), down / Math.exp(REACH)];
  const values = Array.from({ length: POINTS }, (_, i) => {
    const t = REACH * ((2 * i) / (POINTS - 1) - 1);
    const [right, left] = [toRight * Math.exp(t), toLeft * Math.exp(-t)];
    const offset = right - left - toRight + toLeft;
    return { offset, log: posterior(mode + offset) + Math.log(right + left) };
  });
  const largest = values.reduce((most, { log }) => Math.max(most, log), Number.NEGATIVE_INFINITY);
  let sum = 0;
  let first = 0;
  let second = 0;
  for (const { offset, log } of values) {
    const weight = Math.exp(log - largest);
    sum += weight;
    first += weight * offset;
    second += weight * offset * offset;
  }
  const shift = first / sum;
  return {
    mean: Math.min(HIGHEST, Math.max(LOWEST, prior.mean + Math.sqrt(prior.variance) * (mode + shift))),
    // By Bayes's rule, the time of the last event can widen a belief, by 5 % at most: was it a message, or a join or leave? No evidence
    // has a negative precision (`RateEvidence`), so the belief keeps its width then.
    variance: prior.variance * Math.min(1, Math.max(0, second / sum - shift * shift)),
  };
}

/** Range of the first search for the peak, in deviations of the prior. The probability outside is negligible. */
const LIKELY = 8;
/** Precision of the peak in deviations of the prior, and a second precision for a narrow peak. */
const CLOSE = 0.05;
const CLOSER = 0.002;
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** Returns the peak of a posterior with one maximum, by golden-section search. A parabola through three points gives its width. */
function highest(posterior: (z: number) => number, { mean, variance }: ChangeBelief): Peak {
  let mode = goldenSection(posterior, -LIKELY, LIKELY, CLOSE);
  // The prior considers the evidence impossible. Searches up to the highest rate, or down to the lowest one.
  const deviation = Math.sqrt(variance);
  if (mode > LIKELY - 1) {
    mode = goldenSection(posterior, LIKELY - 2, LIKELY + Math.max(0, HIGHEST - mean) / deviation, CLOSE);
  } else if (mode < 1 - LIKELY) {
    mode = goldenSection(posterior, -LIKELY - Math.max(0, mean - LOWEST) / deviation, 2 - LIKELY, CLOSE);
  }
  const peak = withWidth(posterior, mode, CLOSE);
  if (peak.width > 4 * CLOSE) return peak;
  return withWidth(posterior, goldenSection(posterior, mode - CLOSE, mode + CLOSE, CLOSER), CLOSER);
}

function withWidth(posterior: (z: number) => number, mode: number, h: number): Peak {
  const bend = (2 * posterior(mode) - posterior(mode - h) - posterior(mode + h)) / (h * h);
  return { mode, width: 1 / Math.sqrt(Math.max(bend, 1)) };
}

function goldenSection(f: (z: number) => number, from: number, to: number, close: number): number {
  let [low, high] = [from, to];
  let left = high - GOLDEN * (high - low);
  let right = low + GOLDEN * (high - low);
  let atLeft = f(left);
  let atRight = f(right);
  while (high - low > close) {
    if (atLeft > atRight) {
      high = right;
      right = left;
      atRight = atLeft;
      left = high - GOLDEN * (high - low);
      atLeft = f(left);
    } else {
      low = left;
      left = right;
      atLeft = atRight;
      right = low + GOLDEN * (high - low);
      atRight = f(right);
    }
  }
  return (low + high) / 2;
}

/** Changes in each of `times` periods of `spellHours`, and no change in another `silentHours`. */
interface Exposure {
  readonly times: number;
  readonly spellHours: number;
  readonly silentHours: number;
}

function exposureOf(times: number, hours: number): Exposure {
  return { times, spellHours: QUARTER_HOURS, silentHours: Math.max(0, hours - times * QUARTER_HOURS) };
}

/** Returns ln(prior × likelihood), up to a constant, at `z` standard deviations from the prior's mean. */
function logPosterior(
  { times, spellHours, silentHours }: Exposure,
  mean: number,
  deviation: number,
  z: number,
): number {
  const rate = Math.exp(mean + deviation * z);
  const changed = times === 0 ? 0 : times * Math.log(-Math.expm1(-rate * spellHours));
  return changed - rate * silentHours - (z * z) / 2;
}

/**
 * Returns the peak of the posterior by Newton's method, which converges because the likelihood is log-concave in ln λ.
 */
function peak(seen: Exposure, mean: number, deviation: number): Peak {
  const { times, spellHours, silentHours } = seen;
  const longest = LONGEST_STEP / deviation;
  let mode = 0;
  let width = 1;
  for (let i = 0; i < MOST_STEPS; i += 1) {
    const rate = Math.exp(mean + deviation * mode);
    const x = rate * spellHours;
    // d ln(1 − e^(−x)) / d ln x, which is 1 at 0, and the second derivative
    const slope = times === 0 ? 0 : times * (x < 1e-8 ? 1 : x / Math.expm1(x));
    const bend = times === 0 ? 0 : slope * (x < 1e-8 ? 0 : 1 + x / Math.expm1(-x));
    const silent = rate * silentHours;
    width = 1 / Math.sqrt(1 - deviation * deviation * (bend - silent));
    const step = width * width * (deviation * (slope - silent) - mode);
    if (Math.abs(step) < width / 10) break;
    mode += Math.min(longest, Math.max(-longest, step));
  }
  return { mode, width };
}

/**
 * Returns a belief after `hours` without evidence. Rates change over time, so an old belief returns to the population within about
 * `memoryHours` (an Ornstein-Uhlenbeck process; with `Infinity`, rates never change).
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

/** Returns E[1/λ], the expected hours for which a count that was just read remains correct. */
export function expectedLifetimeHours(belief: ChangeBelief): number {
  return Math.exp(-belief.mean + belief.variance / 2);
}
