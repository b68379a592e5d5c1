import { NO_TALLY, type SchedulingContext, type Tally } from '../planner/plan.ts';
import { addTallies, type PriceState } from '../planner/price.ts';
import type { Cursor } from './count-store.ts';

/** What the planner keeps of all chats together. */
export interface PlannerStore {
  /** Where a plan that ran out of time goes on. */
  readCursor(): Promise<Cursor | undefined>;
  writeCursor(cursor: Cursor | undefined): Promise<void>;

  readPrice(): Promise<Price | undefined>;
  /** Adds to what the next tick takes. @returns the `again` of all added before since the last tick. */
  addFindings(findings: Findings): Promise<number>;
  readFindings(): Promise<Findings>;
  /** Puts a new price into force, and takes away the findings it was made of; both or none. */
  writePrice(price: Price, made: Findings): Promise<void>;
}

/** The price of a request and what it was made of, from one tick to the next. */
export interface Price {
  readonly state: PriceState;
  /** What planning a chat needs to know, so that workers need not make it themselves. */
  readonly context: SchedulingContext;
  /** Unix ms. */
  readonly tickedAt: number;
  /** Until then due chats are planned; who sets a time before it plans it too. Unix ms. */
  readonly plannedUntil: number;
  /** Chats never read that were due then. */
  readonly firstReads: number;
  readonly budgetPerHour: number;
  /** Requests the budget has until the next tick besides those that were planned: for chats that are due again before it. */
  readonly spare: number;
  /** A part of a request that the budget allowed and nobody could make. */
  readonly carried: number;
  /** Counts shown and of them those that refreshes found to have been right, over the last day. */
  readonly measuredViews: number;
  readonly measuredCorrect: number;
}

/** Share of the counts shown over the last day that refreshes found to have been right; `null` before there were any. */
export const measuredFreshness = ({ measuredViews: shown, measuredCorrect }: Price): number | null =>
  shown > 0 ? measuredCorrect / shown : null;

/** What refreshes found between two ticks: sums, so that they add up across workers. */
export interface Findings extends Tally {
  /** Counts shown since the refreshes before, and those of them that were right. */
  readonly measuredViews: number;
  readonly measuredCorrect: number;
  /** Chats to be read again before the next tick. */
  readonly again: number;
}

export const NO_FINDINGS: Findings = { ...NO_TALLY, measuredViews: 0, measuredCorrect: 0, again: 0 };

export const addFindings = (a: Findings, b: Findings): Findings => ({
  ...addTallies(a, b),
  measuredViews: a.measuredViews + b.measuredViews,
  measuredCorrect: a.measuredCorrect + b.measuredCorrect,
  again: a.again + b.again,
});
