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

/** The results of refreshes between two syncs. They are sums, so the results of several workers can be added. */
export interface Findings extends Tally {
  /** Views in the intervals that ended (the chat's rate times the length), and the correct ones among them. */
  readonly measuredViews: number;
  readonly measuredCorrect: number;
  /** Hours of the same intervals, and the hours in which the count was correct. */
  readonly measuredHours: number;
  readonly measuredCorrectHours: number;
  /** Number of chats that are due again before the next sync. */
  readonly again: number;
  /** Requests that count against the planner's budget. */
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

/** Adds two measurements. @param kept the weight of `a`, 0 to 1. */
export const addMeasured = (a: Measured, b: Measured, kept = 1): Measured => ({
  measuredViews: a.measuredViews * kept + b.measuredViews,
  measuredCorrect: a.measuredCorrect * kept + b.measuredCorrect,
  measuredHours: a.measuredHours * kept + b.measuredHours,
  measuredCorrectHours: a.measuredCorrectHours * kept + b.measuredCorrectHours,
});

/** Returns the share of views that refreshes found to be correct; `null` if there were none. */
export const measuredFreshness = ({ measuredViews, measuredCorrect }: Measured): number | null =>
  measuredViews > 0 ? measuredCorrect / measuredViews : null;

/** Returns the correct share of all counts, viewed or not; `null` if none was measured. */
export const measuredAccuracy = ({ measuredHours, measuredCorrectHours }: Measured): number | null =>
  measuredHours > 0 ? measuredCorrectHours / measuredHours : null;

/**
 * Measures how long the count that a refresh replaced was correct. If the count is equal, this is the whole interval. The views
 * of the interval follow from the chat's view rate, because the counted views cover only the time since the last evaluation.
 * @param plan the schedule of the chat before the refresh. @param after its view rate and tally after the refresh.
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
  // If the count has changed, the change rate tells how long it was probably correct.
  const correct = seen.difference > 0 ? correctBeforeChange(plan.change, measuredHours) : 1;
  const measuredViews = measuredHours * viewsPerHour(after.views, context.meanViewsPerHour);
  return {
    measuredViews,
    measuredCorrect: measuredViews * correct,
    measuredHours,
    measuredCorrectHours: measuredHours * correct,
  };
}

/** Measures a chat whose events are trusted. Its events show how long the count was correct, even without a refresh. */
export const measureEvents = ({ views, correctViews, hours, correctHours }: Tally): Measured => ({
  measuredViews: views,
  measuredCorrect: correctViews,
  measuredHours: hours,
  measuredCorrectHours: correctHours,
});
