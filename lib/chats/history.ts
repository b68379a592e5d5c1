/** The changed counts of one chat on one day (UTC). Times are Unix ms. */
export interface DayOfCounts {
  readonly date: string;
  readonly first: number;
  readonly firstAt: number;
  readonly min: number;
  readonly max: number;
  readonly last: number;
  readonly lastAt: number;
}

export interface CountReading {
  readonly count: number;
  /** When the count was requested from MAX, Unix ms. */
  readonly readAt: number;
}

/**
 * Adds a reading to its day. The order of the readings does not matter, and a repeated reading changes nothing.
 * @returns `day` itself if the reading changes nothing.
 */
export function withReading(day: DayOfCounts, { count, readAt }: CountReading): DayOfCounts {
  const isFirst = readAt < day.firstAt;
  const isLast = readAt > day.lastAt;
  if (!isFirst && !isLast && count >= day.min && count <= day.max) return day;
  return {
    date: day.date,
    ...(isFirst ? { first: count, firstAt: readAt } : { first: day.first, firstAt: day.firstAt }),
    min: Math.min(day.min, count),
    max: Math.max(day.max, count),
    ...(isLast ? { last: count, lastAt: readAt } : { last: day.last, lastAt: day.lastAt }),
  };
}

/** Returns the day of a first reading. */
export const firstReading = (date: string, { count, readAt }: CountReading): DayOfCounts => ({
  ...{ date, first: count, firstAt: readAt, min: count, max: count, last: count, lastAt: readAt },
});
