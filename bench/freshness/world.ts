import { at, normalQuantile, type Random, seeded } from './random.ts';

/** The simulated chats: rates per hour, which only the benchmark knows. */
export interface World {
  /** Joins and leaves an hour of each chat, and which share of them are joins: each as likely as any other. */
  readonly changes: Float64Array;
  readonly balances: Float64Array;
  /** Participants of each chat, and messages per hour. */
  readonly sizes: Float64Array;
  readonly messages: Float64Array;
  /** Views per hour of each chat, the most viewed first. */
  readonly views: Float64Array;
  readonly viewsPerHour: number;
}

const CHANGES_PER_HOUR_OF_150_000 = 45_500;
/** Spread of ln λ. With 2, the optima are the reference values (with 1.5 they are .70 .81 .89). */
export const SPREAD = 2;
/** Views per hour: 20 listings of 50 chats a minute. Learning depends on it, but the optima do not. */
const READS_PER_HOUR_OF_150_000 = 60_000;

/** Properties in which worlds differ. */
export interface Kind {
  /** Spread of ln λ. */
  readonly spread: number;
  /** Correlation of ln(size) with ln λ. */
  readonly sizeCorrelation: number;
  /** Messages for each join or leave, over all chats. */
  readonly messagesPerChange: number;
  /** Share of the chats in which nothing ever happens. */
  readonly dead: number;
}

export const USUAL: Kind = { spread: SPREAD, sizeCorrelation: 0, messagesPerChange: 10, dead: 0 };

/** Joins and leaves of a dead chat in an hour: one in a thousand centuries. */
const DEAD_RATE = 1e-9;
/** Half of the chats have more participants. */
const MEDIAN_SIZE = 40;
export const SIZE_SPREAD = 1.2;

/**
 * Creates the world. Change rates are the quantiles of the log-normal distribution, randomly assigned to chats.
 * @param exponent of Zipf's law for views
 */
export function createWorld(chats: number, exponent: number, random: Random, kind: Kind = USUAL): World {
  const { spread } = kind;
  const changes = Float64Array.from({ length: chats }, (_, i) => Math.exp(spread * normalQuantile((i + 0.5) / chats)));
  for (let i = chats - 1; i > 0; i -= 1) {
    const j = Math.floor(random.uniform() * (i + 1));
    const other = at(changes, j);
    changes[j] = at(changes, i);
    changes[i] = other;
  }
  const views = Float64Array.from({ length: chats }, (_, i) => (i + 1) ** -exponent);
  const size = chats / 150_000;
  scaleTo(changes, CHANGES_PER_HOUR_OF_150_000 * size);
  const viewsPerHour = READS_PER_HOUR_OF_150_000 * size;
  scaleTo(views, viewsPerHour);
  const balances = Float64Array.from({ length: chats }, () => random.uniform());
  return { balances, views, viewsPerHour, ...activityOf(changes, kind) };
}

/** Returns sizes, messages and change rates. They have random numbers of their own, so that kinds of worlds differ in nothing else. */
function activityOf(changes: Float64Array, kind: Kind): Pick<World, 'changes' | 'sizes' | 'messages'> {
  const random = seeded(5);
  const normal = () => normalQuantile(random.uniform() * (1 - 2e-9) + 1e-9);
  const total = changes.reduce((a, b) => a + b, 0);
  const logMean = changes.reduce((sum, rate) => sum + Math.log(rate), 0) / changes.length;
  const { sizeCorrelation: r } = kind;
  const sizes = changes.map((rate) => {
    const z = r * ((Math.log(rate) - logMean) / kind.spread) + Math.sqrt(1 - r * r) * normal();
    return Math.round(MEDIAN_SIZE * Math.exp(SIZE_SPREAD * z));
  });
  const messages = changes.map(() => Math.exp(SPREAD * normal()));
  scaleTo(messages, total * kind.messagesPerChange);
  const dead = changes.map(() => (random.uniform() < kind.dead ? 1 : 0));
  const silent = (rates: Float64Array) => rates.map((rate, i) => (at(dead, i) ? DEAD_RATE : rate));
  return { changes: silent(changes), sizes, messages: silent(messages) };
}

/** Points on the half circle in `correctUntil`: enough for a hundred steps, after which a count is hardly ever right. */
const ANGLES = Float64Array.from({ length: 24 }, (_, i) => Math.cos((Math.PI * (i + 0.5)) / 24));

/**
 * Expected hours, of the first `hours` after a read, in which a count equals MAX's: the integral of e^(−x) I₀(2x√(b(1 − b))),
 * Skellam's distribution at 0, with I₀ as the mean of e^(z cos θ) over the half circle. @param stepsBefore expected joins and leaves
 * between the read and the beginning of these hours.
 */
export function correctUntil(hours: number, changesPerHour: number, balance: number, stepsBefore = 0): number {
  const spread = 2 * Math.sqrt(balance * (1 - balance));
  let sum = 0;
  for (const cosine of ANGLES) {
    const share = 1 - spread * cosine;
    const rate = changesPerHour * share;
    const right = rate * hours < 1e-9 ? hours : -Math.expm1(-rate * hours) / rate;
    sum += stepsBefore === 0 ? right : right * Math.exp(-stepsBefore * share);
  }
  return sum / ANGLES.length;
}

/** Returns the probability that a count equals MAX's after some hours: e^(−x) I₀(2x√(b(1 − b))). */
export function probabilityEqual(hours: number, changesPerHour: number, balance: number): number {
  const spread = 2 * Math.sqrt(balance * (1 - balance));
  let sum = 0;
  for (const cosine of ANGLES) sum += Math.exp(-changesPerHour * hours * (1 - spread * cosine));
  return sum / ANGLES.length;
}

/** Draws joins and leaves, of `steps` expected ones. */
export function drawSteps(steps: number, balance: number, random: Random): { readonly joins: number; leaves: number } {
  return { joins: drawPoisson(steps * balance, random), leaves: drawPoisson(steps * (1 - balance), random) };
}

/** By counting exponentials; of a large mean by the normal distribution. */
export function drawPoisson(mean: number, random: Random): number {
  if (mean > 50) {
    const normal = Math.sqrt(2 * random.exponential()) * Math.cos(2 * Math.PI * random.uniform());
    return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal));
  }
  let n = 0;
  for (let sum = random.exponential(); sum < mean; sum += random.exponential()) n += 1;
  return n;
}

function scaleTo(values: Float64Array, total: number): void {
  const sum = values.reduce((a, b) => a + b, 0);
  for (let i = 0; i < values.length; i += 1) values[i] = (at(values, i) * total) / sum;
}
