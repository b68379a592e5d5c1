import { AUDIT_INTERVAL_MS } from './audit.ts';
import {
  type ChangeBelief,
  type Evidence,
  expectedLifetimeHours,
  forget,
  learn,
  type Population,
  priorOf,
} from './change-rate.ts';
import { bestIntervalHours, correctedHours, correctHours, freshness, stillCorrect } from './interval.ts';
import {
  type Activity,
  type Contradictions,
  contradicts,
  evidenceOfLastEvent,
  type LastEvent,
  NO_CONTRADICTIONS,
  type ReadingOfChat,
} from './last-event.ts';
import { NO_SIZE_SUMS, type SizeSums, sizeSums } from './size-line.ts';
import { countViews, type ViewTally, viewsPerHour } from './view-rate.ts';

/**
 * Schedules the next refresh of each chat. Every function takes the numbers of one chat and those that all chats share
 * (`SchedulingContext`), and returns the new numbers. No function needs more than one chat.
 *
 * A request is made if it is expected to gain at least κ correct views. For polled chats, see `interval.ts`. A chat whose events
 * are trusted is correct until the first event since its last read; then a refresh gains μ/λ correct views. If its events are
 * trusted only since T hours after that read, it may have changed before. Then a refresh gains μ·E[(1 − P(λT))/λ] even without an
 * event, so chats are read for the first time in the order of what that saves.
 */
export interface ChatSchedule {
  readonly change: ChangeBelief;
  readonly views: ViewTally;
  /** The last count; `null`: none. */
  readonly count: number | null;
  readonly activity: Activity;
  /** When the count was requested from MAX, Unix ms; `null`: never. */
  readonly readAt: number | null;
  /** Time of the first event since then, Unix ms; `null`: none. */
  readonly dirtyAt: number | null;
  /** Unix ms. */
  readonly dueAt: number;
}

/** The data about all chats that the schedule of one chat needs. */
export interface SchedulingContext {
  /** The shadow price of a request, in correct views. */
  readonly kappa: number;
  readonly population: Population;
  /** Whether the times of last events are evidence. */
  readonly lastEventReliable: boolean;
  /** Views per hour of the average chat, > 0. */
  readonly meanViewsPerHour: number;
  readonly limits: SchedulingLimits;
}

export interface SchedulingLimits {
  /** Shortest interval between two refreshes of a chat. */
  readonly minIntervalMs: number;
  /** Longest interval between two refreshes of a chat; see `floorMs`. */
  readonly maxIntervalMs: number;
  /** Time from the first event of a chat to its refresh. Further events in this window need no request. */
  readonly eventWindowMs: number;
  /** Longest time until a due time is computed again. */
  readonly reviewMs: number;
  /** Memory of the rates, hours. */
  readonly changeMemoryHours: number;
  readonly viewMemoryHours: number;
}

const HOUR_MS = 3_600_000;

export const SCHEDULING_LIMITS: SchedulingLimits = {
  minIntervalMs: 60_000,
  maxIntervalMs: AUDIT_INTERVAL_MS,
  eventWindowMs: 30_000,
  reviewMs: 24 * HOUR_MS,
  changeMemoryHours: 60 * 24,
  viewMemoryHours: 14 * 24,
};

/** Share of the budget for chats below the price that have waited for the longest interval. */
const FLOOR_SHARE = 0.04;

/** Due times are up to this share of the interval early, so that chats that were read together are not due together again. */
const JITTER = 0.1;

/** A due chat is still read if the price or its interval has grown by at most this factor. */
const TOLERANCE = 1.15;

/**
 * Returns the longest interval of a chat, ms: `wantedMs`, unless reading all `chats` at this interval would use more than 4 % of
 * the budget. (150,000 chats a day are 6,250 requests an hour; the daily full update makes these outside the budget.)
 */
export function floorMs(wantedMs: number, chats: number, budgetPerHour: number): number {
  return Math.max(wantedMs, (chats / (FLOOR_SHARE * budgetPerHour)) * HOUR_MS);
}

/** What one refresh adds to the data about all chats. All members are sums, so the tallies of several workers can be added. */
export interface Tally extends Contradictions, SizeSums {
  /** The requests at the present price that this refresh represents; see `price.ts`. */
  readonly demand: number;
  /** Views in the interval that ended, and the expected number of correct ones. */
  readonly views: number;
  readonly correctViews: number;
  /** Chat-hours, the expected correct ones, and the sums of E[ln λ] and E[ln² λ] over all chat-hours. */
  readonly hours: number;
  readonly correctHours: number;
  readonly logRate: number;
  readonly squaredLogRate: number;
}

export const NO_TALLY: Tally = {
  ...{ demand: 0, views: 0, correctViews: 0 },
  ...{ hours: 0, correctHours: 0, logRate: 0, squaredLogRate: 0 },
  ...NO_SIZE_SUMS,
  ...NO_CONTRADICTIONS,
};

/** Observations of a chat since its last schedule. */
export interface Observations {
  /** Views since `views.countedTo` of the schedule: the sampled ones divided by the sampled share. */
  readonly views: number;
  /** Time since which the chat's events are trusted, Unix ms; `null`: they are not. */
  readonly eventsTrustedSince: number | null;
  /** Number of quarters of an hour with an event since `views.countedTo`. */
  readonly eventQuarters: number;
}

export interface Refreshed extends Observations {
  /** When the count was requested from MAX, Unix ms; later than `readAt` of the schedule. */
  readonly readAt: number;
  readonly count: number;
  /** Absolute difference from the replaced count; 0 if there was none. */
  readonly difference: number;
  /** `null` or absent: not in the response. */
  readonly lastEvent?: LastEvent | null;
  /** Whether the planner caused this refresh, and not a person or a full update. */
  readonly planned: boolean;
}

export interface Scheduled {
  readonly plan: ChatSchedule;
  readonly tally: Tally;
}

/** Returns the schedule after a refresh. @param random from 0 up to 1, exclusive. */
export function scheduleAfterRefresh(
  plan: ChatSchedule,
  seen: Refreshed,
  context: SchedulingContext,
  random: number,
): Scheduled {
  const { limits } = context;
  const views = countViews(plan.views, seen.views, seen.readAt, limits.viewMemoryHours);
  const hours = plan.readAt === null ? 0 : (seen.readAt - plan.readAt) / HOUR_MS;
  let change = learnFromEvents(plan, seen, seen.readAt, context);
  const evidence = evidenceOf(plan, seen, context);
  if (evidence) change = learn(forgetIn(plan, change, hours, context), evidence);
  // After an event later than the request to MAX, the count is already outdated.
  const dirtyAt = plan.dirtyAt !== null && plan.dirtyAt > seen.readAt ? plan.dirtyAt : null;
  const activity = activityAfter(plan, seen, context);
  const next = { change, views, count: seen.count, activity, readAt: seen.readAt, dirtyAt };
  const wanted = seen.eventsTrustedSince === null ? pollEveryMs(next, context) : limits.maxIntervalMs;
  let dueAt = seen.readAt + Math.min(wanted * (1 - JITTER * random), limits.reviewMs * (1 - random / 2));
  if (dirtyAt !== null) dueAt = Math.min(dueAt, dueAfterEvent(next, dirtyAt, context));
  const once = plan.readAt === null || plan.dirtyAt !== null || seen.eventsTrustedSince !== null;
  // A dirty chat below the price was read with spare budget, so it is no demand.
  const asked = seen.planned && !(dirtyNotWorth(plan, context) && hours * HOUR_MS < limits.maxIntervalMs);
  return {
    plan: { ...next, dueAt },
    tally: {
      ...tallyViews(plan, next, seen, seen.readAt),
      ...contradictionsIn(plan, seen),
      demand: !asked ? 0 : once ? 1 : (hours * HOUR_MS) / pollEveryMs(plan, context),
    },
  };
}

/**
 * Decides about a chat that is due at `now`: refresh it, with an expected gain of `correctViews`, or evaluate it again later
 * (`null`). Counts its views and uses the present price. So a higher price takes effect at once. A lower price, or a chat that
 * became popular, takes effect within `reviewMs`.
 */
export function scheduleWhenDue(
  plan: ChatSchedule,
  seen: Observations & { readonly now: number },
  context: SchedulingContext,
  random: number,
): Scheduled & { readonly correctViews: number | null } {
  const { limits } = context;
  const { now } = seen;
  const next = {
    ...plan,
    change: learnFromEvents(plan, seen, now, context),
    views: countViews(plan.views, seen.views, now, limits.viewMemoryHours),
  };
  const tally = tallyViews(plan, next, seen, now);
  if (plan.readAt === null) return { plan: next, tally, correctViews: Number.POSITIVE_INFINITY };
  const age = now - plan.readAt;
  const polled = seen.eventsTrustedSince === null;
  const wanted = polled ? pollEveryMs(next, context) : limits.maxIntervalMs;
  const gain = expectedGain(next, seen.eventsTrustedSince, now, context);
  const old = age * TOLERANCE >= wanted;
  if (old || (!(polled && plan.dirtyAt === null) && gain * TOLERANCE >= context.kappa)) {
    // A chat whose events are trusted is read after the longest interval too, as if it were polled: an event may have been lost.
    const correctViews = old ? Math.max(gain, expectedGain(next, null, now, context)) : gain;
    return { plan: next, tally, correctViews };
  }
  const again = now + limits.reviewMs * (1 - random / 2);
  return {
    plan: { ...next, dueAt: Math.min(plan.readAt + wanted * (1 - JITTER * random), again) },
    tally,
    correctViews: null,
  };
}

/**
 * Whether a chat about which an event came at `now` is worth a request at the present price. @param seen what happened before
 * this event; that it came so soon, or so late, says how often the chat changes.
 */
export function isWorthReading(
  plan: ChatSchedule,
  seen: Observations,
  now: number,
  context: SchedulingContext,
): boolean {
  if (plan.readAt === null) return true;
  const told = { ...seen, eventQuarters: seen.eventQuarters + 1 };
  return worth({ ...plan, change: learnFromEvents(plan, told, now, context) }, context) >= context.kappa;
}

/** Returns the correct views that a refresh at `now` is expected to gain. */
export function expectedGain(
  plan: ChatSchedule,
  eventsTrustedSince: number | null,
  now: number,
  context: SchedulingContext,
): number {
  const { change, readAt, dirtyAt } = plan;
  if (readAt === null) return Number.POSITIVE_INFINITY;
  if (dirtyAt !== null) return worth(plan, context);
  const hours =
    eventsTrustedSince === null
      ? correctHours(change, (now - readAt) / HOUR_MS)
      : correctedHours(change, unreportedHours(readAt, eventsTrustedSince));
  return viewsPerHour(plan.views, context.meanViewsPerHour) * hours;
}

/** Returns the correct views that a refresh of a dirty chat is expected to gain: μ·E[1/λ]. */
function worth(plan: Pick<ChatSchedule, 'change' | 'views'>, context: SchedulingContext): number {
  return viewsPerHour(plan.views, context.meanViewsPerHour) * expectedLifetimeHours(plan.change);
}

/** Returns the belief after events. They cost no request, and need no refresh of the chat. */
function learnFromEvents(
  plan: ChatSchedule,
  seen: Observations,
  now: number,
  context: SchedulingContext,
): ChangeBelief {
  const from = plan.views.countedTo;
  const hours = (now - from) / HOUR_MS;
  if (seen.eventsTrustedSince === null || seen.eventsTrustedSince > from || hours <= 0) return plan.change;
  return learn(forgetIn(plan, plan.change, hours, context), { kind: 'events', hours, quarters: seen.eventQuarters });
}

/** Returns a belief about the chat after `hours` without evidence. */
const forgetIn = (plan: ChatSchedule, change: ChangeBelief, hours: number, context: SchedulingContext): ChangeBelief =>
  forget(change, priorOf(context.population, plan.count), hours, context.limits.changeMemoryHours);

/** Returns the reading of a polled chat with the time of its last event; `null`: there is none. */
const readingOf = ({ readAt }: ChatSchedule, seen: Refreshed): ReadingOfChat | null =>
  seen.eventsTrustedSince === null && seen.lastEvent
    ? { previousAt: readAt, at: seen.readAt, difference: seen.difference, lastEvent: seen.lastEvent }
    : null;

/** Returns the evidence of the reading of a polled chat; `null`: none. */
function evidenceOf(plan: ChatSchedule, seen: Refreshed, context: SchedulingContext): Evidence | null {
  if (seen.eventsTrustedSince !== null) return null;
  const reading = readingOf(plan, seen);
  if (reading && context.lastEventReliable) {
    return evidenceOfLastEvent(reading, plan.activity, context.limits.changeMemoryHours);
  }
  const hours = plan.readAt === null ? 0 : (seen.readAt - plan.readAt) / HOUR_MS;
  return hours > 0 ? { kind: 'difference', hours, difference: seen.difference } : null;
}

const activityAfter = (plan: ChatSchedule, seen: Refreshed, context: SchedulingContext): Activity => ({
  messages: seen.lastEvent?.messages ?? null,
  silenceUsedUntil: readingOf(plan, seen) && context.lastEventReliable ? seen.readAt : plan.activity.silenceUsedUntil,
});

/** Returns whether a polled chat's count differs, and whether that contradicts the time of the last event. */
function contradictionsIn(plan: ChatSchedule, seen: Refreshed): Contradictions {
  const reading = readingOf(plan, seen);
  if (!reading || reading.difference === 0 || reading.previousAt === null) return NO_CONTRADICTIONS;
  return { differences: 1, contradicted: contradicts(reading) ? 1 : 0 };
}

const dirtyNotWorth = (plan: ChatSchedule, context: SchedulingContext): boolean =>
  plan.readAt !== null && plan.dirtyAt !== null && worth(plan, context) * TOLERANCE < context.kappa;

/** Returns the hours after a read in which changes of a chat were not reported, because its events were not yet trusted. */
const unreportedHours = (readAt: number, eventsTrustedSince: number): number =>
  Math.max(0, eventsTrustedSince - readAt) / HOUR_MS;

/** Returns whether events have been trusted since the last read, so that MAX sent an event for any change since then. */
export function eventsTrusted(plan: Pick<ChatSchedule, 'readAt'>, eventsTrustedSince: number | null): boolean {
  return eventsTrustedSince !== null && plan.readAt !== null && eventsTrustedSince <= plan.readAt;
}

/** Returns the best interval of a polled chat at the present price, ms. */
function pollEveryMs(plan: Pick<ChatSchedule, 'change' | 'views'>, context: SchedulingContext): number {
  const { kappa, meanViewsPerHour, limits } = context;
  const price = kappa / viewsPerHour(plan.views, meanViewsPerHour);
  return (
    bestIntervalHours(plan.change, price, limits.minIntervalMs / HOUR_MS, limits.maxIntervalMs / HOUR_MS) * HOUR_MS
  );
}

/** Returns when a dirty chat is due, Unix ms; `Infinity` if a refresh does not gain the price. */
function dueAfterEvent(plan: Pick<ChatSchedule, 'change' | 'views'>, at: number, context: SchedulingContext): number {
  return worth(plan, context) < context.kappa ? Number.POSITIVE_INFINITY : at + context.limits.eventWindowMs;
}

/** Returns the views since they were last counted, the expected correct ones, and the belief over these hours. */
function tallyViews(
  plan: ChatSchedule,
  learnt: Pick<ChatSchedule, 'change' | 'count'>,
  seen: Observations,
  now: number,
): Tally {
  const from = plan.views.countedTo;
  const hours = (now - from) / HOUR_MS;
  if (hours <= 0) return NO_TALLY;
  const { change, readAt, dirtyAt } = plan;
  // Before the first event, the count was correct (with trusted events) or correct with the probability of polling. After it,
  // wrong.
  const cleanUntil = dirtyAt === null ? now : Math.min(now, Math.max(from, dirtyAt));
  let right = (cleanUntil - from) / (now - from);
  if (readAt === null) right = 0;
  else if (seen.eventsTrustedSince !== null && seen.eventsTrustedSince <= from) {
    right *= stillCorrect(change, unreportedHours(readAt, seen.eventsTrustedSince));
  } else {
    const until = (now - readAt) / HOUR_MS;
    const since = Math.max(0, until - hours);
    right *= (until * freshness(change, until) - since * freshness(change, since)) / (until - since);
  }
  return {
    ...NO_TALLY,
    views: seen.views,
    correctViews: seen.views * right,
    hours,
    correctHours: hours * right,
    logRate: learnt.change.mean * hours,
    squaredLogRate: (learnt.change.mean ** 2 + learnt.change.variance) * hours,
    ...sizeSums(learnt.count, hours, learnt.change.mean),
  };
}
