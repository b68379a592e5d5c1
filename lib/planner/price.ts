import { type Population, UNKNOWN_POPULATION } from './change-rate.ts';
import { correctHours } from './interval.ts';
import { addContradictions, type Contradictions, isLastEventReliable, NO_CONTRADICTIONS } from './last-event.ts';
import type { SchedulingContext, SchedulingLimits, Tally } from './plan.ts';
import { addSizeSums, fitLine, NO_SIZE_SUMS, type SizeSums } from './size-line.ts';

/**
 * Adjusts the shadow price κ of a request so that the demand of all chats equals the budget, without reading all chats.
 *
 * The demand is the number of requests that all chats would need at the present price. A refresh after T hours represents T hours
 * of its chat. At the present price, the chat would have been read T/T' times in these hours, where T' is the best interval now,
 * by what was known before the refresh. The sum over all planned refreshes of an hour is Σ 1/T' over all chats, for any times of
 * refreshes, because the hours of each chat are covered once (Horvitz and Thompson's estimator). What the refresh itself shows
 * must not be used: beliefs vary, so E[T/T''] over successive intervals would exceed 1 (Jensen), and part of the budget would
 * remain unused. This estimate has no delay, although most intervals are days long. So integral control of ln κ is stable: demand
 * is proportional to κ to a power of about −1/2.
 */
export interface PriceState extends PopulationSums {
  readonly logKappa: number;
  /** Sums over about the last day: the weight of an hour falls by a factor of e in `EXPLAIN_HOURS`. */
  readonly views: number;
  readonly correctViews: number;
  /** Chat-hours, and the expected correct ones among them. */
  readonly explainedHours: number;
  readonly correctHours: number;
  /** Temporary increase of ln κ by a backlog. */
  readonly pressure: number;
  /** Views per hour of all chats together, averaged over `VIEWS_HOURS`. */
  readonly viewsPerHour: number;
}

/** Sums over `POPULATION_HOURS`; see `Tally`. */
export type PopulationSums = Contradictions & SizeSums & Pick<Tally, 'hours' | 'logRate' | 'squaredLogRate'>;

export const NO_POPULATION_SUMS: PopulationSums = {
  ...{ hours: 0, logRate: 0, squaredLogRate: 0, ...NO_CONTRADICTIONS, ...NO_SIZE_SUMS },
};

/** The events between two adjustments of the price. */
export interface Tick {
  /** Sum of the tallies since the last adjustment. */
  readonly tally: Tally;
  /** Requests that the budget allowed in this time; fewer while MAX or the queue did not work. */
  readonly allowed: number;
  /** Chats that were due and were not read. */
  readonly backlog: number;
  /** Views since the last adjustment: the sampled ones divided by the sampled share. */
  readonly views: number;
  /** Length of this time, hours, > 0. */
  readonly hours: number;
  /** Requests an hour. */
  readonly budgetPerHour: number;
}

/** Hours in which the error of a price falls to 1/e. */
const SETTLE_HOURS = 2;
const EXPLAIN_HOURS = 24;
const POPULATION_HOURS = 7 * 24;
const VIEWS_HOURS = 24;
/** Change of ln κ per change of ln demand, as an absolute value. For short intervals T ~ √κ, so it is 2. */
const RESPONSE = 2;
/** Weight of the default population in chat-hours: a thousand chats for a day. */
const PRIOR_HOURS = 24_000;
/** Demand counts as at most this multiple of the budget, and a backlog as at most this share of it, because a burst is no trend. */
const MAX_DEMAND_FACTOR = 5;
const MAX_BACKLOG_SHARE = 0.5;
/** Lowest price. A request that gains less than a thousandth of a correct view is never made, whatever the budget. */
export const MIN_PRICE = 1e-3;
/** A backlog raises the price at once by a factor of up to e to this power. The price falls again with the backlog. */
const MAX_PRESSURE = 2;

export const NOTHING_EXPLAINED: Pick<PriceState, 'views' | 'correctViews' | 'explainedHours' | 'correctHours'> = {
  views: 0,
  correctViews: 0,
  explainedHours: 0,
  correctHours: 0,
};

/**
 * Returns the first state. Its price is a tenth of the price at which unknown chats would be read in turn, as often as the budget
 * allows. A price that is too low is detected and corrected at once, but a price that is too high makes chats wait.
 */
export function firstState(chats: number, viewsPerHour: number, budgetPerHour: number): PriceState {
  const hours = chats / budgetPerHour;
  return {
    logKappa: Math.log(0.1 * (viewsPerHour / chats) * correctHours(UNKNOWN_POPULATION, hours)),
    ...NOTHING_EXPLAINED,
    ...NO_POPULATION_SUMS,
    pressure: 0,
    viewsPerHour,
  };
}

/** Returns the price and the data about all chats after a tick. */
export function adjustPrice(state: PriceState, tick: Tick): PriceState {
  const { tally, allowed, budgetPerHour } = tick;
  const settle = budgetPerHour * SETTLE_HOURS;
  const demand = Math.min(tally.demand, MAX_DEMAND_FACTOR * allowed);
  const leftOver = Math.min(tick.backlog / settle, MAX_BACKLOG_SHARE) * allowed;
  const kept = (over: number) => Math.exp(-tick.hours / over);
  const explain = kept(EXPLAIN_HOURS);
  const population = kept(POPULATION_HOURS);
  const views = kept(VIEWS_HOURS);
  return {
    logKappa: Math.max(Math.log(MIN_PRICE), state.logKappa + (RESPONSE * (demand + leftOver - allowed)) / settle),
    views: state.views * explain + tally.views,
    correctViews: state.correctViews * explain + tally.correctViews,
    explainedHours: state.explainedHours * explain + tally.hours,
    correctHours: state.correctHours * explain + tally.correctHours,
    hours: state.hours * population + tally.hours,
    logRate: state.logRate * population + tally.logRate,
    squaredLogRate: state.squaredLogRate * population + tally.squaredLogRate,
    ...addContradictions(state, tally, population),
    ...addSizeSums(state, tally, population),
    pressure: Math.min((RESPONSE * tick.backlog) / settle, MAX_PRESSURE),
    viewsPerHour: state.viewsPerHour * views + (tick.views / tick.hours) * (1 - views),
  };
}

/** Returns the context for the schedules of chats until the next tick. */
export function contextOf(state: PriceState, chats: number, limits: SchedulingLimits): SchedulingContext {
  return {
    kappa: Math.exp(state.logKappa + state.pressure),
    population: populationOf(state),
    lastEventReliable: isLastEventReliable(state),
    // At least one view per chat and month, so that a service without views still refreshes its counts.
    meanViewsPerHour: Math.max(state.viewsPerHour / Math.max(chats, 1), 1 / 720),
    limits,
  };
}

/** Returns the expected share of correct views over the last day, 0 to 1; `null` before the first tally. */
export function expectedFreshness({ views, correctViews }: PriceState): number | null {
  return views > 0 ? correctViews / views : null;
}

/** Returns the expected correct share of all counts, viewed or not; `null` before the first tally. */
export function expectedAccuracy({ explainedHours, correctHours }: PriceState): number | null {
  return explainedHours > 0 ? correctHours / explainedHours : null;
}

/**
 * Returns the distribution of change rates over all chats. It starts with the default population, whose rates do not depend on the
 * size. The beliefs begin with the former result, so the repeated fit is an expectation-maximisation (Dempster, Laird and Rubin
 * 1977).
 */
function populationOf(state: PriceState): Population {
  const { mean: m, variance: v } = UNKNOWN_POPULATION;
  const hours = state.hours + PRIOR_HOURS;
  const mean = (state.logRate + m * PRIOR_HOURS) / hours;
  const square = (state.squaredLogRate + (m * m + v) * PRIOR_HOURS) / hours;
  const line = fitLine(state, PRIOR_HOURS);
  // The variance around the line excludes the part that the line explains.
  const variance = Math.max(0.25, square - mean * mean - (line ? line.explained / hours : 0));
  return { mean, variance, ...(line ? { bySize: line.bySize } : {}) };
}

export const addTallies = (a: Tally, b: Tally): Tally => ({
  demand: a.demand + b.demand,
  views: a.views + b.views,
  correctViews: a.correctViews + b.correctViews,
  hours: a.hours + b.hours,
  correctHours: a.correctHours + b.correctHours,
  logRate: a.logRate + b.logRate,
  squaredLogRate: a.squaredLogRate + b.squaredLogRate,
  ...addContradictions(a, b),
  ...addSizeSums(a, b),
});
