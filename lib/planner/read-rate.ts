/**
 * How often people see a chat's count, from sampled listings.
 *
 * One listing in 1/share adds one to the counter of each chat it shows. A chat's counter is folded into its tally when the
 * chat is refreshed, or when it is among the most read since: both sums of the tally decay alike, so that their quotient is a
 * rate in which an hour counts e times less after `memoryHours`.
 */
export interface ReadTally {
  /** Reads (sampled ones divided by the share), decayed. */
  readonly reads: number;
  /** Hours they were counted over, decayed. */
  readonly hours: number;
  /** Unix ms up to which reads were counted. */
  readonly countedTo: number;
}

/** Strength of the prior, in reads: few, since reads spread over as many orders of magnitude as chats have ranks. */
const PRIOR_READS = 0.25;

/** The tally with `reads` more (sampled ones divided by the share), spread evenly between `countedTo` and `now`. */
export function countReads(tally: ReadTally, reads: number, now: number, memoryHours: number): ReadTally {
  const hours = Math.max(0, now - tally.countedTo) / 3_600_000;
  if (hours === 0) return { ...tally, reads: tally.reads + reads };
  const kept = Math.exp(-hours / memoryHours);
  /** What the hours since count for now, having decayed meanwhile: ∫ e^(−t/memory) dt. */
  const added = memoryHours === Number.POSITIVE_INFINITY ? hours : memoryHours * (1 - kept);
  return {
    reads: tally.reads * kept + (reads * added) / hours,
    hours: tally.hours * kept + added,
    countedTo: now,
  };
}

/** Reads an hour: mean of the Gamma posterior whose prior has mean `meanPerHour` (> 0), that of all chats. */
export function readsPerHour(tally: ReadTally, meanPerHour: number): number {
  return (tally.reads + PRIOR_READS) / (tally.hours + PRIOR_READS / meanPerHour);
}
