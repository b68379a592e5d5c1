import { correctBeforeChange } from './interval.ts';
import {
  type ChatSchedule,
  eventsTrusted,
  NO_TALLY,
  type Refreshed,
  type SchedulingContext,
  type Tally,
} from './plan.ts';
import { addTallies } from './price.ts';
import { type ViewTally, viewsPerHour } from './view-rate.ts';

/** What refreshes found between two syncs: sums, so that they add up across workers. */
export interface Findings extends Tally {
  /** Of the intervals that ended: views (the chat's rate times the length), and those of them that were right. */
  readonly measuredViews: number;
  readonly measuredCorrect: number;
  /** Of the same intervals: their hours, and those of them in which the count was right. */
  readonly measuredHours: number;
  readonly measuredCorrectHours: number;
  /** Chats to be read again before the next sync. */
  readonly again: number;
  /** Requests that the planner's budget pays for. */
  readonly charged: number;
}

export type Measured = Pick<Findings, 'measuredViews' | 'measuredCorrect' | 'measuredHours' | 'measuredCorrectHours'>;

export const NOTHING_MEASURED: Measured = {
  measuredViews: 0,
  measuredCorrect: 0,
  measuredHours: 0,
  measuredCorrectHours: 0,
};

export const NO_FINDINGS: Findings = { ...NO_TALLY, ...NOTHING_MEASURED, again: 0, charged: 0 };

export const addFindings = (a: Findings, b: Findings): Findings => ({
  ...addTallies(a, b),
  ...addMeasured(a, b),
  again: a.again + b.again,
  charged: a.charged + b.charged,
});

/** @param kept share of `a` that still counts, 0 to 1. */
export const addMeasured = (a: Measured, b: Measured, kept = 1): Measured => ({
  measuredViews: a.measuredViews * kept + b.measuredViews,
  measuredCorrect: a.measuredCorrect * kept + b.measuredCorrect,
  measuredHours: a.measuredHours * kept + b.measuredHours,
  measuredCorrectHours: a.measuredCorrectHours * kept + b.measuredCorrectHours,
});

/** Share of the counts shown that refreshes found to have been right; `null` before there were any. */
export const measuredFreshness = ({ measuredViews, measuredCorrect }: Measured): number | null =>
  measuredViews > 0 ? measuredCorrect / measuredViews : null;

/** The same share of all counts, whether shown or not. */
export const measuredAccuracy = ({ measuredHours, measuredCorrectHours }: Measured): number | null =>
  measuredHours > 0 ? measuredCorrectHours / measuredHours : null;

/**
 * How long the count that a refresh replaced was right: always, if nothing has changed. Views are those of the whole interval,
 * by the chat's rate: what was counted since the chat was last weighed would stand for the interval's end alone.
 * @param plan of the chat before the refresh. @param after what is known of it now.
 */
export function measureRefresh(
  plan: ChatSchedule,
  seen: Refreshed,
  after: { readonly views: ViewTally; readonly tally: Tally },
  context: SchedulingContext,
): Measured {
  const { readAt } = plan;
  if (readAt === null) return NOTHING_MEASURED;
  if (eventsTrusted(plan, seen.eventsTrustedSince)) return measureEvents(after.tally);
  const measuredHours = Math.max(0, seen.readAt - readAt) / 3_600_000;
  // The change rate says how long a count that has changed was probably right.
  const correct = seen.difference > 0 ? correctBeforeChange(plan.change, measuredHours) : 1;
  const measuredViews = measuredHours * viewsPerHour(after.views, context.meanViewsPerHour);
  return {
    measuredViews,
    measuredCorrect: measuredViews * correct,
    measuredHours,
    measuredCorrectHours: measuredHours * correct,
  };
}

/** Where every change is told by an event, how long the count was right is known without a refresh. */
export const measureEvents = ({ views, correctViews, hours, correctHours }: Tally): Measured => ({
  measuredViews: views,
  measuredCorrect: correctViews,
  measuredHours: hours,
  measuredCorrectHours: correctHours,
});
