import { at, normalQuantile, type Random } from './random.ts';

/** The chats of goals.md, P7: rates an hour, known to the benchmark alone. */
export interface World {
  /** Changes an hour of each chat. */
  readonly changes: Float64Array;
  /** Reads an hour of each chat, most read first. */
  readonly views: Float64Array;
  readonly viewsPerHour: number;
}

const CHANGES_PER_HOUR_OF_150_000 = 45_500;
/** Spread of ln λ. Not in goals.md; with 2 the optima are its reference values (with 1.5 they are .70 .81 .89). */
export const SPREAD = 2;
/** Counts shown an hour: 20 listings of 50 chats a minute. The optima don't depend on it, learning does. */
const READS_PER_HOUR_OF_150_000 = 60_000;

/**
 * Change rates are the quantiles of the log-normal distribution, dealt out at random: only the pairing is left to chance.
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
  return { changes, views, viewsPerHour };
}

function scaleTo(values: Float64Array, total: number): void {
  const sum = values.reduce((a, b) => a + b, 0);
  for (let i = 0; i < values.length; i += 1) values[i] = (at(values, i) * total) / sum;
}
