/**
 * How often people see a chat's count, from sampled listings.
 *
 * One listing in four adds four to the counter of each chat it shows. A chat's counter is added to its tally when the chat is
 * refreshed or postponed. Both sums of the tally decay alike, so their quotient is a rate in which an hour counts e times less
 * after `memoryHours`.
 */
export interface ViewTally {
  /** Reads (sampled ones divided by the share), decayed. */
  readonly views: number;
  /** Hours they were counted over, decayed. */
  readonly hours: number;
  /** Unix ms up to which views were counted. */
  readonly countedTo: number;
}

/** Strength of the prior, in views: few, since views spread over as many orders of magnitude as chats have ranks. */
const PRIOR_VIEWS = 0.25;

/** The tally with `views` more (sampled ones divided by the share), spread evenly between `countedTo` and `now`. */
export function countViews(tally: ViewTally, views: number, now: number, memoryHours: number): ViewTally {
  const hours = Math.max(0, now - tally.countedTo) / 3_600_000;
  if (hours === 0) return { ...tally, views: tally.views + views };
  const kept = Math.exp(-hours / memoryHours);
  /** What the hours since count for now, having decayed meanwhile: ∫ e^(−t/memory) dt. */
  const added = memoryHours === Number.POSITIVE_INFINITY ? hours : memoryHours * (1 - kept);
  return {
    views: tally.views * kept + (views * added) / hours,
    hours: tally.hours * kept + added,
    countedTo: now,
  };
}

/** Reads an hour: mean of the Gamma posterior whose prior has mean `meanPerHour` (> 0), that of all chats. */
export function viewsPerHour(tally: ViewTally, meanPerHour: number): number {
  return (tally.views + PRIOR_VIEWS) / (tally.hours + PRIOR_VIEWS / meanPerHour);
}
