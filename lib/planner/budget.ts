/** How many requests the planner may plan, of those MAX allows. */
export interface BudgetSettings {
  /** Requests a second that MAX allows. */
  readonly rps: number;
  /** Share of them for the background, above 0 to 1: the rest is for people. */
  readonly backgroundShare: number;
  /** The most requests an hour, first views included; `undefined`: what the share comes to. */
  readonly maxCallsPerHour: number | undefined;
}

export const budgetPerHour = ({ rps, backgroundShare, maxCallsPerHour }: BudgetSettings): number =>
  Math.min(rps * backgroundShare * 3_600, maxCallsPerHour ?? Number.POSITIVE_INFINITY);
