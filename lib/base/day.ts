/** Calendar days in UTC, in the form `YYYY-MM-DD`. Their text order is their time order. */

const DAY_MS = 24 * 3_600_000;

/** Returns the day of a time in Unix ms. */
export const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** Returns the start of a day, Unix ms; `NaN` if there is no such day. */
export const startOfDay = (day: string): number => Date.parse(`${day}T00:00:00.000Z`);

export const addDays = (day: string, days: number): string => dayOf(startOfDay(day) + days * DAY_MS);

/** Returns at most `most` days, evenly spread from `from` to `to`, including both. @param most 2 or more. */
export function spreadDays(from: string, to: string, most: number): string[] {
  const gaps = Math.min(most, daysFrom(from, to)) - 1;
  return Array.from({ length: gaps + 1 }, (_, i) =>
    addDays(from, Math.round((i * (daysFrom(from, to) - 1)) / (gaps || 1))),
  );
}

/** Returns the number of days from `from` to `to`, including both. */
export const daysFrom = (from: string, to: string): number =>
  Math.round((startOfDay(to) - startOfDay(from)) / DAY_MS) + 1;
