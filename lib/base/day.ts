/** Calendar days in UTC, written `YYYY-MM-DD`. They sort as text. */

const DAY_MS = 24 * 3_600_000;

/** The day of a moment given in Unix ms. */
export const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** Unix ms at which the day begins; `NaN` if there is no such day. */
export const startOfDay = (day: string): number => Date.parse(`${day}T00:00:00.000Z`);

export const addDays = (day: string, days: number): string => dayOf(startOfDay(day) + days * DAY_MS);

/** Days from `from` to `to`, both included. */
export const daysFrom = (from: string, to: string): number =>
  Math.round((startOfDay(to) - startOfDay(from)) / DAY_MS) + 1;
