import { type ChangeBelief, UNKNOWN_POPULATION } from './change-rate.ts';
import { correctHours } from './interval.ts';
import type { SchedulingContext, SchedulingLimits, Tally } from './plan.ts';

/**
 * The price κ of a request, steered so that what falls due matches the budget, without ever looking at all chats.
 *
 * What would all chats ask for at the present price? A refresh after T hours stands for T hours of its chat's life; for those,
 * at the present price, the chat would have been read T/T' times, T' being the interval that what was known of it then makes
 * best now. Added up over all planned refreshes of an hour that is Σ 1/T' over all chats, whatever times they were read at
 * (each chat's life is covered once: Horvitz and Thompson's estimator). What the refresh itself teaches doesn't count: as
 * beliefs move up and down, E[T/T''] over successive intervals is above 1 (Jensen), and part of the budget would go unused.
 * So the answer doesn't lag behind by the intervals, which are days for most chats, and integral control of ln κ is stable:
 * demand goes with κ to a power of about −1/2.
 */
export interface PriceState {
  readonly logKappa: number;
  /** Sums over the last day or so, each hour counting e times less than one a `EXPLAIN_HOURS` later. */
  readonly views: number;
  readonly correctViews: number;
  /** Chat-hours, and those of them expected to have been right. */
  readonly explainedHours: number;
  readonly correctHours: number;
  /** The same over `POPULATION_HOURS`. */
  readonly hours: number;
  readonly logRate: number;
  readonly squaredLogRate: number;
  /** By how much a backlog raises ln κ for the time being. */
  readonly pressure: number;
  /** Reads an hour of all chats together, averaged over `VIEWS_HOURS`. */
  readonly viewsPerHour: number;
}

/** What happened between two ticks. */
export interface Tick {
  /** The sum of the tallies since the last tick. */
  readonly tally: Tally;
  /** Requests the budget allowed in this time; less while MAX or the queue stood still. */
  readonly allowed: number;
  /** Chats that were due and are left over. */
  readonly backlog: number;
  /** Reads since the last tick: sampled ones divided by the share. */
  readonly views: number;
  /** Length of this time, hours, > 0. */
  readonly hours: number;
  /** Requests an hour. */
  readonly budgetPerHour: number;
}

/** A wrong price is corrected by all but 1/e within so many hours. */
const SETTLE_HOURS = 2;
const EXPLAIN_HOURS = 24;
const POPULATION_HOURS = 7 * 24;
const VIEWS_HOURS = 24;
/** ln of the demand's change per ln of the price's, inverted: for short intervals T ~ √κ. */
const RESPONSE = 2;
/** The default population counts as much as this many chat-hours: a thousand chats for a day. */
const PRIOR_HOURS = 24_000;
/** Demand counts up to so many times the budget, and a backlog as at most this share of it: a burst is no trend. */
const MAX_DEMAND_FACTOR = 5;
const MAX_BACKLOG_SHARE = 0.5;
/** Few requests are a promise too: one that buys less than a thousandth of a right count isn't made, whatever the budget. */
export const MIN_PRICE = 1e-3;
/** A backlog raises the price at once by up to e to this power, and as it goes the price comes back. */
const MAX_PRESSURE = 2;

export const NOTHING_EXPLAINED: Pick<PriceState, 'views' | 'correctViews' | 'explainedHours' | 'correctHours'> = {
  views: 0,
  correctViews: 0,
  explainedHours: 0,
  correctHours: 0,
};

/**
 * A tenth of the price at which chats nothing is known of would be read in turn, each as often as the budget allows: a price that
 * is too low is noticed and corrected at once, one that is too high leaves chats waiting.
 */
export function firstState(chats: number, viewsPerHour: number, budgetPerHour: number): PriceState {
  const hours = chats / budgetPerHour;
  return {
    logKappa: Math.log(0.1 * (viewsPerHour / chats) * correctHours(UNKNOWN_POPULATION, hours)),
    ...NOTHING_EXPLAINED,
    hours: 0,
    logRate: 0,
    squaredLogRate: 0,
    pressure: 0,
    viewsPerHour,
  };
}

/** One step of the price and of what is known of all chats. */
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
    pressure: Math.min((RESPONSE * tick.backlog) / settle, MAX_PRESSURE),
    viewsPerHour: state.viewsPerHour * views + (tick.views / tick.hours) * (1 - views),
  };
}

/** What the planning of a chat needs to know, until the next tick. */
export function contextOf(state: PriceState, chats: number, limits: SchedulingLimits): SchedulingContext {
  return {
    kappa: Math.exp(state.logKappa + state.pressure),
    population: populationOf(state),
    // A service nobody looks at for a day still keeps its counts: by one read a chat in a month.
    meanViewsPerHour: Math.max(state.viewsPerHour / Math.max(chats, 1), 1 / 720),
    limits,
  };
}

/** Expected share of right counts among those shown, 0 to 1, over the last day; `null` before anything was weighed. */
export function expectedFreshness({ views, correctViews }: PriceState): number | null {
  return views > 0 ? correctViews / views : null;
}

/** The same share of all counts, whether shown or not. */
export function expectedAccuracy({ explainedHours, correctHours }: PriceState): number | null {
  return explainedHours > 0 ? correctHours / explainedHours : null;
}

/** How often chats change: mean and variance of ln λ over all, beginning with the default. */
function populationOf(state: PriceState): ChangeBelief {
  const { mean: m, variance: v } = UNKNOWN_POPULATION;
  const hours = state.hours + PRIOR_HOURS;
  const mean = (state.logRate + m * PRIOR_HOURS) / hours;
  const square = (state.squaredLogRate + (m * m + v) * PRIOR_HOURS) / hours;
  return { mean, variance: Math.max(0.25, square - mean * mean) };
}

/** The sum of two tallies. */
export function addTallies(a: Tally, b: Tally): Tally {
  return {
    demand: a.demand + b.demand,
    views: a.views + b.views,
    correctViews: a.correctViews + b.correctViews,
    hours: a.hours + b.hours,
    correctHours: a.correctHours + b.correctHours,
    logRate: a.logRate + b.logRate,
    squaredLogRate: a.squaredLogRate + b.squaredLogRate,
  };
}
