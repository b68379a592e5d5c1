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
  expectedGain,
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
 * The decisions of the background sync, without input and output: which due chats are read, which are postponed, and the price of a
 * request until the next sync. `scheduling/plan-stale.ts` runs it with the stores and queues, the freshness benchmark with a
 * simulated world.
 */

/** Limit of chats evaluated in one sync: a minimum, and some for each request of the budget. The others remain due. */
const MIN_WEIGHED = 2_000;
const WEIGHED_PER_REQUEST = 4;
/**
 * Chats that become due before the next sync are enqueued now, within the longest delay of SQS. The limit is this share of the
 * interval, so that the queue is empty again at the next sync.
 */
const AHEAD = 0.8;
const MAX_DELAY_MS = 15 * 60_000;
/** Assumed views per hour of a chat before any are counted. */
const INITIAL_VIEWS_PER_HOUR = 0.1;
/** Requests after events don't wait for the budget. Later syncs save up to this many hours of the budget for them, not more. */
const MAX_DEBT_HOURS = 2;
/** Share of the quota for first reads of new chats. */
const FIRST_READS_SHARE = 0.8;
const HOUR_MS = 3_600_000;

export interface SyncSettings extends BudgetSettings {
  readonly intervalMs: number;
  /** Coalescing window: joins and leaves of a chat within this time cost one request. */
  readonly windowMs: number;
}

/** The price of a request from one sync to the next, with the data behind it. The measured members are over the last day. */
export interface Price extends Measured {
  readonly state: PriceState;
  /** The context for schedules of chats, so that workers need not compute it. */
  readonly context: SchedulingContext;
  /** Unix ms. */
  readonly tickedAt: number;
  /** Time until which due chats are enqueued, Unix ms. A worker that schedules a chat before it must enqueue the chat too. */
  readonly plannedUntil: number;
  /** Number of due chats that were never read. */
  readonly firstReads: number;
  readonly budgetPerHour: number;
  /** Requests of the budget that are not used until the next sync. They are for chats that are due again before it. */
  readonly spare: number;
  /** Requests that the budget allows until the next sync, including the spare ones. */
  readonly allowed: number;
  /** Fraction of a request left from the budget; negative if more was spent than allowed. */
  readonly carried: number;
}

/** The data of one sync. */
export interface Sync {
  readonly settings: SyncSettings;
  readonly now: number;
  readonly chats: number;
  readonly before: Price;
  /** Results of refreshes since the previous sync. */
  readonly findings: Findings;
  readonly context: SchedulingContext;
  /** Chats due until this time are evaluated, Unix ms. */
  readonly until: number;
  /** Length of the time for the budget, hours. */
  readonly hours: number;
  /** Requests of the budget for this time, and the same rounded down. */
  readonly budget: number;
  readonly allowed: number;
}

/** Begins a sync. @param limits override those that follow from the settings; for known rates. */
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
  // After a long pause, the budget of the pause is not added.
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

/** Returns the price of a first sync, as if the previous one had been one interval ago. View rates are known within a day. */
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

/** The decision about a due chat. */
export type Weighed =
  /** The chat was never read. */
  | { readonly kind: 'first' }
  /** A refresh gains the price: it is expected to gain `correctViews`. */
  | { readonly kind: 'wanted'; readonly correctViews: number }
  /** Due, but a refresh does not gain the price. The chat gets the schedule `next`. */
  | {
      readonly kind: 'postponed';
      readonly next: ChatSchedule;
      readonly tally: Tally;
      readonly measured: Measured;
      readonly unchecked: Unchecked;
    }
  /** Not yet due, and a refresh does not gain the price. The chat remains unchanged. */
  | { readonly kind: 'waiting'; readonly unchecked: Unchecked };

/**
 * The correct views that a refresh of a chat gains that is not known to be correct: it has no trusted events, or one arrived, and
 * it was not read since the previous sync. `null`: any other chat.
 */
type Unchecked = number | null;

/**
 * Evaluates a chat at the time when it is due, and assumes its present view rate until then. @param random from 0 up to 1,
 * exclusive.
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
  const checked = (trusted && plan.dirtyAt === null) || now - plan.readAt < sync.settings.intervalMs;
  const unchecked = checked ? null : expectedGain(weighed.plan, seen.eventsTrustedSince, at, context);
  if (plan.dueAt > now) return { kind: 'waiting', unchecked };
  const measured = trusted ? measureEvents(weighed.tally) : NOTHING_MEASURED;
  return { kind: 'postponed', next: weighed.plan, tally: weighed.tally, measured, unchecked };
}

export interface Wanted {
  readonly id: number;
  readonly dueAt: number;
  readonly correctViews: number;
}

/** The result of evaluating due chats. */
export interface Found {
  /** Chats that were never read, in order of due times. */
  readonly first: Wanted[];
  /** Chats whose refresh gains the price, in order of due times. */
  readonly read: Wanted[];
  /** Chats below the price that are not known to be correct. */
  readonly unchecked: { readonly id: number; readonly correctViews: number }[];
  /** Postponed chats. They may appear again later in the same walk. */
  readonly postponed: Set<number>;
  weighed: number;
  /** Sum over the postponed chats. */
  tally: Tally;
  measured: Measured;
}

export const nothingFound = (): Found => ({
  ...{ first: [], read: [], unchecked: [], postponed: new Set<number>() },
  ...{ weighed: 0, tally: NO_TALLY, measured: NOTHING_MEASURED },
});

/** Adds an evaluated chat. */
export function collect(found: Found, id: number, { dueAt }: ChatSchedule, weighed: Weighed): void {
  found.weighed += 1;
  if (weighed.kind === 'first') {
    found.first.push({ id, dueAt, correctViews: Number.POSITIVE_INFINITY });
  } else if (weighed.kind === 'wanted') {
    found.read.push({ id, dueAt, correctViews: weighed.correctViews });
  } else if (weighed.unchecked !== null) found.unchecked.push({ id, correctViews: weighed.unchecked });
  if (weighed.kind === 'postponed') {
    found.postponed.add(id);
    found.tally = addTallies(found.tally, weighed.tally);
    found.measured = addMeasured(found.measured, weighed.measured);
  }
}

/**
 * Returns whether to evaluate further chats. @param beyond whether these are due after `until` of the sync. They use only requests
 * of the budget that no other chat needs.
 */
export const wantsMore = (sync: Sync, found: Found, beyond: boolean): boolean =>
  found.weighed < MIN_WEIGHED + WEIGHED_PER_REQUEST * sync.allowed &&
  (!beyond || leftFor(sync, found) > found.unchecked.length);

/**
 * Requests kept for chats that are due again before the next sync, as many as there were before this one, and up to half of all:
 * each of these refreshes gains the price, even while other chats wait.
 */
const keptFor = (sync: Sync): number => Math.ceil(Math.min(sync.findings.again, sync.allowed / 2));

/** Returns the requests that remain for chats whose refresh gains less than the price. */
function leftFor(sync: Sync, found: Found): number {
  const first = sync.settings.maxCallsPerHour === undefined ? 0 : Math.min(found.first.length, sync.allowed);
  return sync.allowed - first - found.read.length - keptFor(sync);
}

/** The chats that a sync enqueues, and the rest. */
export interface Selection {
  /** `inMs`: delay from now. First reads start at once; the others when they are due, at most at the rate of the budget. */
  readonly first: readonly { readonly id: number; readonly inMs: number }[];
  readonly read: readonly { readonly id: number; readonly inMs: number }[];
  /** Number of chats that gain the price but exceed the budget. */
  readonly leftOver: number;
  /** Requests of the budget that remain. */
  readonly spare: number;
}

/**
 * Selects the chats to read. All new chats get a first read. Of the others, those with the largest gain are read, within the
 * budget. The rest of the budget reads chats that are not known to be correct, again those with the largest gain. Only these reads
 * show whether the price is too high. The gain grows with the age of a count, so each chat has its turn.
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
    .toSorted((a, b) => b.correctViews - a.correctViews)
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

/** Returns the price from now on. @param views of all chats since the previous sync; `undefined`: not known. */
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

/** Returns the schedule after a refresh, and the findings. */
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

/** Returns how many chats that are due again before the next sync can be read. @param asked the number found before. */
export const affordableAgain = (price: Price, asked: number): number => Math.max(0, price.spare - asked);
