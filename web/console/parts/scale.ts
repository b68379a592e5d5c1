/** Returns round whole numbers for the marks of an axis from `min` to `max`. The first one is at `min` or below. */
export function ticks(min: number, max: number, wanted: number): number[] {
  const rough = Math.max(1, max - min) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const factors = power >= 10 ? [1, 2, 2.5, 5, 10] : [1, 2, 5, 10];
  const step = Math.max(1, (factors.find((factor) => factor * power >= rough) ?? 10) * power);
  const found: number[] = [];
  for (let at = Math.floor(min / step) * step; at <= max; at += step) found.push(at);
  return found;
}

export const DAY_MS = 86_400_000;
export const dayMs = (day: string): number => Date.parse(`${day}T00:00:00Z`);
export const dayText = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
