import { type BudgetSettings, budgetPerHour } from './budget.ts';
import {
  addMeasured,
  type Findings,
  type Measured,
  measureEvents,
  measureRefresh,
  NOTHING_MEASURED,
} from './findings.ts';
import {
  type ChatSchedule,
  eventsTrusted,
  floorMs,
  NO_TALLY,
  type Observations,
  type Refreshed,
  SCHEDULING_LIMITS,
  type SchedulingContext,
  type SchedulingLimits,
  scheduleAfterRefresh,
  scheduleWhenDue,
  type Tally,
} from './plan.ts';
import { addTallies, adjustPrice, contextOf, firstState, type PriceState } from './price.ts';

/**
 * The background sync without its input and output: which of the due chats are read, which wait, and what a request costs until the
 * next sync. `scheduling/plan-stale.ts` drives it with the stores and queues, the benchmark of freshness with a made-up world.
 */

/** Chats weighed in one sync: these, and some for each request the budget allows. What isn't reached is due the next time. */
const MIN_WEIGHED = 2_000;
const WEIGHED_PER_REQUEST = 4;
/**
 * What becomes due until the next sync is planned ahead, as far as SQS delays: up to this share of the interval, so that the
 * queue is empty again by then.
 */
const AHEAD = 0.8;
const MAX_DELAY_MS = 15 * 60_000;
/** Views an hour of a chat, before any were counted. */
const INITIAL_VIEWS_PER_HOUR = 0.1;
/** Requests after events don't wait for the budget. What they take beyond it is saved up to this long, hours; more is forgiven. */
const MAX_DEBT_HOURS = 2;
/** Share of the quota that reading new chats for the first time may take. */
const FIRST_READS_SHARE = 0.8;
const HOUR_MS = 3_600_000;

export interface SyncSettings extends BudgetSettings {
  readonly intervalMs: number;
  /** Joins and leaves of a chat within this time cost one request. */
  readonly windowMs: number;
}

/** The price of a request and what it was made of, from one sync to the next. Measured: over the last day. */
export interface Price extends Measured {
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
  /** Requests the budget has until the next sync besides those that were planned: for chats that are due again before it. */
  readonly spare: number;
  /** Requests the budget allowed until the next sync, those that are spare included. */
  readonly allowed: number;
  /** A part of a request that the budget allowed and nobody could make; below 0 what was spent beyond it. */
  readonly carried: number;
}

/** What one sync goes by. */
export interface Sync {
  readonly settings: SyncSettings;
  readonly now: number;
  readonly chats: number;
  readonly before: Price;
  /** What was found since the sync before. */
  readonly findings: Findings;
  readonly context: SchedulingContext;
  /** Chats due until then are weighed, Unix ms. */
  readonly until: number;
  /** Length of the time that the budget is for. */
  readonly hours: number;
  /** Requests the budget has for it: all of it, and in whole requests. */
  readonly budget: number;
  readonly allowed: number;
}

/** @param limits other than those that follow from the settings, for rates that are known. */
export function beginSync(
  {
    price,
    findings,
    chats,
  }: { readonly price: Price | undefined; readonly findings: Findings; readonly chats: number },
  settings: SyncSettings,
  now: number,
  limits: SchedulingLimits = limitsOf(settings, chats),
): Sync {
  const before = price ?? firstPrice(settings, chats, now, limits);
  // After a pause the budget of the pause is not made up for.
  const hours = Math.min(Math.max(now - before.tickedAt, 0), 2 * settings.intervalMs) / HOUR_MS;
  const perHour = budgetPerHour(settings);
  const overspent = Math.max(0, findings.charged - before.allowed);
  const budget = Math.max(before.carried - overspent, -MAX_DEBT_HOURS * perHour) + perHour * hours;
  return {
    ...{ settings, now, chats, before, findings, hours, budget },
    context: contextOf(before.state, chats, limits),
    until: now + aheadMs(settings),
    allowed: Math.max(0, Math.floor(budget)),
  };
}

const aheadMs = ({ intervalMs }: SyncSettings): number => Math.min(MAX_DELAY_MS, intervalMs) * AHEAD;

const limitsOf = (settings: SyncSettings, chats: number): SchedulingLimits => ({
  ...SCHEDULING_LIMITS,
  maxIntervalMs: floorMs(SCHEDULING_LIMITS.maxIntervalMs, chats, budgetPerHour(settings)),
  eventWindowMs: settings.windowMs,
});

/** As if a sync had just been one interval ago. How often chats are looked at shows within the day. */
function firstPrice(settings: SyncSettings, chats: number, now: number, limits: SchedulingLimits): Price {
  const budget = budgetPerHour(settings);
  const some = Math.max(chats, 1);
  const state = firstState(some, some * INITIAL_VIEWS_PER_HOUR, budget);
  return {
    ...NOTHING_MEASURED,
    state,
    context: contextOf(state, some, limits),
    tickedAt: now - settings.intervalMs,
    plannedUntil: now,
    firstReads: chats,
    budgetPerHour: budget,
    spare: 0,
    allowed: 0,
    carried: 0,
  };
}

/** What becomes of a due chat. */
export type Weighed =
  /** Never read yet. */
  | { readonly kind: 'first' }
  /** Worth a request that is expected to buy `correctViews`. */
  | { readonly kind: 'wanted'; readonly correctViews: number }
  /** Due and not worth a request now: it gets the plan `next`. */
  | {
      readonly kind: 'postponed';
      readonly next: ChatSchedule;
      readonly tally: Tally;
      readonly measured: Measured;
      readonly unchecked: boolean;
    }
  /** Not worth a request, and not yet due: it is left as it is. */
  | { readonly kind: 'waiting'; readonly unchecked: boolean };

/**
 * Looks at a chat as it will be when it is due, supposing that it is shown as often until then as it was. `unchecked`: nobody
 * vouches for its count, and it wasn't read since the sync before. @param random from 0 up to 1, exclusive.
 */
export function weigh(sync: Sync, plan: ChatSchedule, seen: Observations, random: number): Weighed {
  const { now, context } = sync;
  if (plan.readAt === null) return { kind: 'first' };
  const at = Math.max(now, Math.min(plan.dueAt, sync.until));
  const known = Math.max(1, now - plan.views.countedTo);
  const views = (seen.views * Math.max(known, at - plan.views.countedTo)) / known;
  const weighed = scheduleWhenDue(plan, { ...seen, views, now: at }, context, random);
  if (weighed.correctViews !== null && plan.dueAt <= sync.until) {
    return { kind: 'wanted', correctViews: weighed.correctViews };
  }
  const trusted = eventsTrusted(plan, seen.eventsTrustedSince);
  const unchecked = !(trusted && plan.dirtyAt === null) && now - plan.readAt >= sync.settings.intervalMs;
  if (plan.dueAt > now) return { kind: 'waiting', unchecked };
  const measured = trusted ? measureEvents(weighed.tally) : NOTHING_MEASURED;
  return { kind: 'postponed', next: weighed.plan, tally: weighed.tally, measured, unchecked };
}

export interface Wanted {
  readonly id: number;
  readonly dueAt: number;
  readonly correctViews: number;
}

/** What the weighing of due chats came to. */
export interface Found {
  /** Never read yet, the longest due first. */
  readonly first: Wanted[];
  /** Worth a request, the longest due first. */
  readonly read: Wanted[];
  /** Not worth a request, but nobody vouches for their counts. */
  readonly unchecked: { readonly id: number; readonly readAt: number }[];
  /** Chats that were given another time, which may come later in the same walk. */
  readonly postponed: Set<number>;
  weighed: number;
  /** Of those that were postponed. */
  tally: Tally;
  measured: Measured;
}

export const nothingFound = (): Found => ({
  ...{ first: [], read: [], unchecked: [], postponed: new Set<number>() },
  ...{ weighed: 0, tally: NO_TALLY, measured: NOTHING_MEASURED },
});

/** Adds a weighed chat. */
export function collect(found: Found, id: number, plan: ChatSchedule, weighed: Weighed): void {
  const { dueAt, readAt } = plan;
  found.weighed += 1;
  if (weighed.kind === 'first') {
    found.first.push({ id, dueAt, correctViews: Number.POSITIVE_INFINITY });
  } else if (weighed.kind === 'wanted') {
    found.read.push({ id, dueAt, correctViews: weighed.correctViews });
  } else if (weighed.unchecked && readAt !== null) found.unchecked.push({ id, readAt });
  if (weighed.kind === 'postponed') {
    found.postponed.add(id);
    found.tally = addTallies(found.tally, weighed.tally);
    found.measured = addMeasured(found.measured, weighed.measured);
  }
}

/**
 * Whether to weigh further chats. @param beyond whether these are due after the sync's `until`: they are read as far as the
 * budget has requests left that nobody else needs.
 */
export const wantsMore = (sync: Sync, found: Found, beyond: boolean): boolean =>
  found.weighed < MIN_WEIGHED + WEIGHED_PER_REQUEST * sync.allowed &&
  (!beyond || leftFor(sync, found) > found.unchecked.length);

/**
 * Requests kept for chats that are due again before the next sync, as many as there were before this one, and up to half of all:
 * each of them is worth the price, whoever waits.
 */
const keptFor = (sync: Sync): number => Math.ceil(Math.min(sync.findings.again, sync.allowed / 2));

/** Requests that are left for chats that aren't worth one. */
function leftFor(sync: Sync, found: Found): number {
  const first = sync.settings.maxCallsPerHour === undefined ? 0 : Math.min(found.first.length, sync.allowed);
  return sync.allowed - first - found.read.length - keptFor(sync);
}

/** What a sync has read, and what not. */
export interface Selection {
  /** When, in ms from now. First views at once; the others when they are due, and no faster than the budget flows. */
  readonly first: readonly { readonly id: number; readonly inMs: number }[];
  readonly read: readonly { readonly id: number; readonly inMs: number }[];
  /** Worth a request that the budget doesn't have. */
  readonly leftOver: number;
  /** Requests the budget has besides. */
  readonly spare: number;
}

/**
 * First views are owed whatever they cost; of the others those that buy most, as far as the budget goes. What it has left
 * reads counts that nobody vouches for, the oldest first: whether a price that is too high or a chat believed to be quiet is
 * a mistake shows only so.
 */
export function select(sync: Sync, found: Found): Selection {
  const { settings, allowed, hours } = sync;
  const most =
    settings.maxCallsPerHour === undefined
      ? Math.max(0, Math.floor(settings.rps * 3_600 * hours * FIRST_READS_SHARE) - allowed)
      : allowed;
  const first = found.first.slice(0, most);
  const left = settings.maxCallsPerHour === undefined ? allowed : allowed - first.length;
  const room = Math.max(0, left - keptFor(sync));
  const best =
    found.read.length > room
      ? found.read.toSorted((a, b) => b.correctViews - a.correctViews).slice(0, room)
      : found.read;
  const even = found.unchecked
    .toSorted((a, b) => a.readAt - b.readAt)
    .slice(0, Math.max(0, leftFor(sync, found)))
    .map(({ id }) => ({ id, dueAt: sync.now }));
  const read = [...best.toSorted((a, b) => a.dueAt - b.dueAt), ...even];
  return {
    first: first.map(({ id }) => ({ id, inMs: 0 })),
    read: read.map(({ id, dueAt }, nth) => ({
      id,
      inMs: Math.max(dueAt - sync.now, (nth / allowed) * aheadMs(settings)),
    })),
    leftOver: found.read.length - best.length,
    spare: left - read.length,
  };
}

/** The price from now on. @param views of all chats since the sync before; `undefined`: not known. */
export function endSync(sync: Sync, found: Found, selection: Selection, views: number | undefined): Price {
  const { settings, now, before, findings, hours, budget, allowed } = sync;
  const perHour = budgetPerHour(settings);
  const state = adjustPrice(before.state, {
    tally: addTallies(findings, found.tally),
    allowed: perHour * hours,
    backlog: selection.leftOver,
    views: views ?? before.state.viewsPerHour * hours,
    hours: Math.max(hours, 1 / 3_600),
    budgetPerHour: perHour,
  });
  return {
    ...addMeasured(before, addMeasured(findings, found.measured), Math.exp(-hours / 24)),
    state,
    context: contextOf(state, sync.chats, sync.context.limits),
    tickedAt: now,
    plannedUntil: sync.until,
    firstReads: found.first.length,
    budgetPerHour: perHour,
    spare: selection.spare,
    allowed,
    carried: budget - allowed,
  };
}

/** The plan after MAX was read, and what was found. */
export function learnFromRefresh(
  plan: ChatSchedule,
  seen: Refreshed,
  price: Pick<Price, 'context' | 'plannedUntil'>,
  random: number,
): { readonly plan: ChatSchedule; readonly findings: Findings } {
  const outcome = scheduleAfterRefresh(plan, seen, price.context, random);
  const { tally } = outcome;
  const { dueAt, views } = outcome.plan;
  const again = dueAt < price.plannedUntil ? 1 : 0;
  const measured = measureRefresh(plan, seen, { views, tally }, price.context);
  const charged = seen.planned ? 1 : 0;
  return { plan: outcome.plan, findings: { ...tally, ...measured, again, charged } };
}

/** How many of the chats that are due again before the next sync can be read then. @param asked how many were found before. */
export const affordableAgain = (price: Price, asked: number): number => Math.max(0, price.spare - asked);
