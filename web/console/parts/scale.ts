/** Round steps for an axis: 1, 2 or 5 times a power of ten. */
export function ticks(min: number, max: number, wanted: number): number[] {
  const span = Math.max(1, max - min);
  const rough = span / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power);
  const first = Math.floor(min / step) * step;
  const found: number[] = [];
  for (let at = first; at <= max + step * 0.999; at += step) found.push(at);
  return found;
}

export const DAY_MS = 86_400_000;
export const dayMs = (day: string): number => Date.parse(`${day}T00:00:00Z`);
export const dayText = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
