import { at, normalQuantile, type Random } from './random.ts';

/** The simulated chats: rates per hour, which only the benchmark knows. */
export interface World {
  /** Joins and leaves an hour of each chat, and which share of them are joins: each as likely as any other. */
  readonly changes: Float64Array;
  readonly balances: Float64Array;
  /** Views per hour of each chat, the most viewed first. */
  readonly views: Float64Array;
  readonly viewsPerHour: number;
}

const CHANGES_PER_HOUR_OF_150_000 = 45_500;
/** Spread of ln λ. With 2, the optima are the reference values (with 1.5 they are .70 .81 .89). */
export const SPREAD = 2;
/** Views per hour: 20 listings of 50 chats a minute. Learning depends on it, but the optima do not. */
const READS_PER_HOUR_OF_150_000 = 60_000;

/**
 * Creates the world. Change rates are the quantiles of the log-normal distribution, randomly assigned to chats.
 * @param exponent of Zipf's law for views
 * @param spread of ln λ
 */
export function createWorld(chats: number, exponent: number, random: Random, spread = SPREAD): World {
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
  return { changes, balances, views, viewsPerHour };
}

/** Points on the half circle in `correctUntil`: enough for a hundred steps, after which a count is hardly ever right. */
const ANGLES = Float64Array.from({ length: 24 }, (_, i) => Math.cos((Math.PI * (i + 0.5)) / 24));

/**
 * Expected hours, of the first `hours` after a read, in which a count equals MAX's: the integral of e^(−x) I₀(2x√(b(1 − b))),
 * Skellam's distribution at 0, with I₀ as the mean of e^(z cos θ) over the half circle.
 */
export function correctUntil(hours: number, changesPerHour: number, balance: number): number {
  const spread = 2 * Math.sqrt(balance * (1 - balance));
  let sum = 0;
  for (const cosine of ANGLES) {
    const rate = changesPerHour * (1 - spread * cosine);
    sum += rate * hours < 1e-9 ? hours : -Math.expm1(-rate * hours) / rate;
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

/** Draws the difference of a count after some hours. */
export function drawDifference(hours: number, changesPerHour: number, balance: number, random: Random): number {
  const steps = hours * changesPerHour;
  return Math.abs(drawPoisson(steps * balance, random) - drawPoisson(steps * (1 - balance), random));
}

/** By counting exponentials; of a large mean by the normal distribution. */
function drawPoisson(mean: number, random: Random): number {
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
