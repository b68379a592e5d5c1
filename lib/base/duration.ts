const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

/**
 * Reads a duration in Go's notation (`90s`, `15m`, `1h30m`, `1.5h`): numbers, each with its unit, without a sign.
 * @returns milliseconds, or `undefined` for anything else.
 * @see https://pkg.go.dev/time#ParseDuration
 */
export function parseDuration(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined;
  let ms = 0;
  for (const [, amount, unit] of text.matchAll(/([\d.]+)(ns|us|µs|ms|s|m|h)/g)) {
    ms += Number(amount) * (UNIT_MS[unit as string] as number);
  }
  // To the nanosecond, as Go counts: 1.1h are 66 minutes, not a ten-millionth of a second more.
  return Math.round(ms * 1e6) / 1e6;
}
