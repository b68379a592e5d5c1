import { Cron } from 'croner';
import { DeclarationError, type Schedule } from './declared.ts';

export interface RunningSchedules {
  stop(): void;
}

const UNIT_MS: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/** Time until the first run, ms: after the stack has printed that it is ready. */
const FIRST_RUN_MS = 1_000;

/**
 * Runs the enabled schedules like EventBridge Scheduler. A rate runs at the start and then at each interval, a cron expression in
 * its time zone.
 * @throws {DeclarationError} for an invalid expression.
 */
export function startSchedules(
  schedules: readonly { readonly functionKey: string; readonly schedule: Schedule }[],
  run: (functionKey: string, input: unknown) => void,
): RunningSchedules {
  const stops: (() => void)[] = [];
  for (const { functionKey, schedule } of schedules) {
    if (schedule.enabled) stops.push(start(schedule, () => run(functionKey, schedule.input)));
  }
  return {
    stop() {
      for (const stop of stops) stop();
    },
  };
}

function start({ expression, timezone }: Schedule, run: () => void): () => void {
  const intervalMs = rateMs(expression);
  if (intervalMs !== undefined) {
    const first = setTimeout(run, FIRST_RUN_MS);
    const next = setInterval(run, intervalMs);
    return () => {
      clearTimeout(first);
      clearInterval(next);
    };
  }
  const job = new Cron(cronPattern(expression), { timezone, alternativeWeekdays: true }, run);
  return () => job.stop();
}

/** Longest delay of a timer in Node, ms: nearly 25 days. */
const LONGEST_MS = 2 ** 31 - 1;

/** Returns the interval of a rate like `rate(15 minutes)`, ms; `undefined` for other expressions. */
export function rateMs(expression: string): number | undefined {
  const [, amount, unit = ''] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression) ?? [];
  return amount === undefined ? undefined : Math.min(Number(amount) * (UNIT_MS[unit] ?? 0), LONGEST_MS);
}

/**
 * Converts AWS's six fields (minutes to years, Sunday is 1, `?` for any value) into croner's seven, which start with seconds.
 * @throws {DeclarationError} for other expressions.
 */
export function cronPattern(expression: string): string {
  const fields = /^cron\((.*)\)$/.exec(expression)?.[1]?.trim().split(/\s+/) ?? [];
  if (fields.length !== 6) {
    throw new DeclarationError(`"${expression}" is no schedule; allowed: rate(N minutes), or cron() with six fields`);
  }
  return ['0', ...fields.map((field) => (field === '?' ? '*' : field))].join(' ');
}
