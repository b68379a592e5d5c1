/** Statistics of repeated measurements. Noise of a shared machine only adds time, so use medians and quantiles, never means. */

export const quantile = (values: readonly number[], q: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))] ?? Number.NaN;

export const median = (values: readonly number[]): number => quantile(values, 0.5);

export const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

export const round = (value: number, digits = 2): number => Number(value.toFixed(digits));

/** Returns the largest number of events in any window of `windowMs`. */
export function worstWindow(times: readonly number[], windowMs: number): number {
  const sorted = times.toSorted((a, b) => a - b);
  let from = 0;
  let worst = 0;
  sorted.forEach((time, i) => {
    while ((sorted[from] ?? time) <= time - windowMs) from += 1;
    worst = Math.max(worst, i - from + 1);
  });
  return worst;
}

export const kb = (bytes: number): string => `${Math.round(bytes / 1_024)} KB`;
export const mb = (bytes: number): string => `${round(bytes / 1_048_576, 1)} MB`;
