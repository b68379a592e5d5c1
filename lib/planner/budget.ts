/** The settings of the planner's request budget. */
export interface BudgetSettings {
  /** Requests per second that MAX allows. */
  readonly rps: number;
  /** Share for background requests, above 0, at most 1. The rest is for interactive requests. */
  readonly backgroundShare: number;
  /** Upper limit in requests per hour, including first reads; `undefined`: only the share limits them. */
  readonly maxCallsPerHour: number | undefined;
}

export const budgetPerHour = ({ rps, backgroundShare, maxCallsPerHour }: BudgetSettings): number =>
  Math.min(rps * backgroundShare * 3_600, maxCallsPerHour ?? Number.POSITIVE_INFINITY);
