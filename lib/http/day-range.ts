import * as z from 'zod';
import { addDays, dayOf, daysFrom, startOfDay } from '../base/day.ts';
import { Problem } from './problem.ts';

/** The parameters `from` and `to`: a range of days. */

/** Longest range: two years, including the first and the last day. */
const MAX_DAYS = 732;
const DEFAULT_DAYS = 90;

const EARLIEST = '0001-01-01';

const isDay = (text: string): boolean =>
  /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(startOfDay(text)) && dayOf(startOfDay(text)) === text;

const dayParam = z.string().refine(isDay, 'must be a day that exists, written like 2026-11-25').optional();

export const dayRange = z.object({
  from: dayParam.meta({
    format: 'date',
    description: `The first day (UTC). The range has at most ${MAX_DAYS} days; ${DEFAULT_DAYS} by default`,
    examples: ['2026-08-28'],
  }),
  to: dayParam.meta({
    format: 'date',
    description: 'The last day (UTC); today by default',
    examples: ['2026-11-25'],
  }),
});

/**
 * Returns the requested range, with its defaults.
 * @param now Unix ms.
 * @throws {Problem} 400 if it ends before it begins, or is too long.
 */
export function readDayRange(
  query: { readonly from?: string | undefined; readonly to?: string | undefined },
  now: number,
): { readonly from: string; readonly to: string } {
  const to = query.to ?? dayOf(now);
  const from = query.from ?? laterOf(EARLIEST, addDays(to, 1 - DEFAULT_DAYS));
  const days = daysFrom(from, to);
  if (days < 1) throw refused(`must not be after to, which is ${to}`);
  if (days > MAX_DAYS) {
    throw refused(
      `must be ${addDays(to, 1 - MAX_DAYS)} or later: a range has at most ${MAX_DAYS} days, this one ${days}`,
    );
  }
  return { from, to };
}

const laterOf = (a: string, b: string): string => (startOfDay(a) > startOfDay(b) ? a : b);

const refused = (message: string) =>
  new Problem('invalid_request', {
    detail: 'The range of days is not valid; see errors.',
    errors: [{ field: 'from', message }],
  });
