/**
 * Estimates how often people view a chat's count, from sampled listings.
 *
 * One listing in four adds four to the counter of each of its chats. The counter is added to the chat's tally when the chat is
 * refreshed or postponed. Both sums of the tally decay at the same rate, so their quotient is a rate in which the weight of an hour
 * falls by a factor of e in `memoryHours`.
 */
export interface ViewTally {
  /** Views (the sampled ones divided by the sampled share), decayed. */
  readonly views: number;
  /** Hours in which they were counted, decayed. */
  readonly hours: number;
  /** Unix ms up to which views were counted. */
  readonly countedTo: number;
}

/** Weight of the prior in views. It is small, because view rates spread over several orders of magnitude. */
const PRIOR_VIEWS = 0.25;

/** Adds `views` (the sampled ones divided by the sampled share) to a tally, evenly spread between `countedTo` and `now`. */
export function countViews(tally: ViewTally, views: number, now: number, memoryHours: number): ViewTally {
  const hours = Math.max(0, now - tally.countedTo) / 3_600_000;
  if (hours === 0) return { ...tally, views: tally.views + views };
  const kept = Math.exp(-hours / memoryHours);
  /** The decayed weight of the hours since then: ∫ e^(−t/memory) dt. */
  const added = memoryHours === Number.POSITIVE_INFINITY ? hours : memoryHours * (1 - kept);
  return {
    views: tally.views * kept + (views * added) / hours,
    hours: tally.hours * kept + added,
    countedTo: now,
  };
}

/** Returns views per hour: the mean of the Gamma posterior. Its prior has the mean of all chats, `meanPerHour` (> 0). */
export function viewsPerHour(tally: ViewTally, meanPerHour: number): number {
  return (tally.views + PRIOR_VIEWS) / (tally.hours + PRIOR_VIEWS / meanPerHour);
}
