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
 * Parses a duration in Go's notation (`90s`, `15m`, `1h30m`, `1.5h`): one or more numbers, each with its unit, without a sign.
 * @returns milliseconds, or `undefined` if the text has another form.
 * @see https://pkg.go.dev/time#ParseDuration
 */
export function parseDuration(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined;
  let ms = 0;
  for (const [, amount, unit] of text.matchAll(/([\d.]+)(ns|us|µs|ms|s|m|h)/g)) {
    ms += Number(amount) * (UNIT_MS[unit as string] as number);
  }
  // Rounded to a nanosecond, like in Go. Otherwise the error of binary fractions would make 1.1h longer than 66 minutes.
  return Math.round(ms * 1e6) / 1e6;
}
