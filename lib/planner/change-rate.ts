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
  | { readonly kind: 'events'; readonly hours: number; readonly quarters: number };

/** Events are counted by the quarter: a raid of ten thousand joins in ten minutes is one change of the count, or two. */
export const QUARTER_HOURS = 0.25;

/** Half the chats change at least daily; 95 % between once in seven weeks and twice an hour. */
export const UNKNOWN_POPULATION: ChangeBelief = { mean: Math.log(1 / 24), variance: 4 };

/** ln of once in eleven years and of once a second: beyond them a rate makes no difference. */
const LOWEST = Math.log(1e-5);
const HIGHEST = Math.log(3_600);
const SHORTEST_HOURS = 1 / 3_600;
const LONGEST_HOURS = 1e5;

/** Points summed over, evenly spread between where the posterior is e^12 times lower than at its mode, or less. */
const POINTS = 25;
const NEGLIGIBLE = -12;
/** Of the way to the mode: no step multiplies a rate by more than e², and 30 of them cross all rates. */
const LONGEST_STEP = 2;
const MOST_STEPS = 30;

/**
 * The belief after the evidence, by Bayes's rule: mean and variance of prior × likelihood, summed about its mode. A day of
 * events narrows a belief to a tenth, so points spread over the prior would miss it.
 */
export function learn(prior: ChangeBelief, evidence: Evidence): ChangeBelief {
  const seen = exposureOf(evidence);
  const deviation = Math.sqrt(prior.variance);
  const { mode, width } = peak(seen, prior.mean, deviation);
  const highest = logPosterior(seen, prior.mean, deviation, mode);
  const below = (z: number) => logPosterior(seen, prior.mean, deviation, z) - highest;
  let down = 4 * width;
  let up = 4 * width;
  // Where all the likelihood says is "fast", one side is as wide as the prior.
  while (below(mode - down) > NEGLIGIBLE) down *= 1.5;
  while (below(mode + up) > NEGLIGIBLE) up *= 1.5;
  const step = (down + up) / (POINTS - 1);
  let sum = 0;
  let first = 0;
  let second = 0;
  for (let i = 0; i < POINTS; i += 1) {
    const offset = i * step - down;
    const weight = Math.exp(below(mode + offset));
    sum += weight;
    first += weight * offset;
    second += weight * offset * offset;
  }
  const shift = first / sum;
  return {
    mean: Math.min(HIGHEST, Math.max(LOWEST, prior.mean + deviation * (mode + shift))),
    variance: prior.variance * (second / sum - shift * shift),
  };
}

/** Changes in each of `times` spells of `spellHours`, and none in `silentHours` besides. */
interface Exposure {
  readonly times: number;
  readonly spellHours: number;
  readonly silentHours: number;
}

function exposureOf(evidence: Evidence): Exposure {
  const hours = Math.min(LONGEST_HOURS, Math.max(SHORTEST_HOURS, evidence.hours));
  switch (evidence.kind) {
    case 'unchanged':
      return { times: 0, spellHours: 0, silentHours: hours };
    case 'changed':
      return { times: 1, spellHours: hours, silentHours: 0 };
    case 'events': {
      const { quarters: times } = evidence;
      return { times, spellHours: QUARTER_HOURS, silentHours: Math.max(0, hours - times * QUARTER_HOURS) };
    }
  }
}

/** ln of prior × likelihood, but for a constant, `z` standard deviations from the prior's mean. */
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
 * Where the posterior is highest and how wide it is there, in standard deviations of the prior from its mean, by Newton's
 * method: the likelihood is log-concave in ln λ.
 */
function peak(seen: Exposure, mean: number, deviation: number): { mode: number; width: number } {
  const { times, spellHours, silentHours } = seen;
  const longest = LONGEST_STEP / deviation;
  let mode = 0;
  let width = 1;
  for (let i = 0; i < MOST_STEPS; i += 1) {
    const rate = Math.exp(mean + deviation * mode);
    const x = rate * spellHours;
    // d ln(1 − e^(−x)) / d ln x, which is 1 at 0, and the same once more
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
