import { AUDIT_INTERVAL_MS } from './audit.ts';
import { type ChangeBelief, expectedLifetimeHours, forget, learn } from './change-rate.ts';
import { bestIntervalHours, correctHours, freshness } from './interval.ts';
import { countViews, type ViewTally, viewsPerHour } from './view-rate.ts';

/**
 * When each chat is to be read again. A chat carries a few numbers; every function here takes them, and what is true of all
 * chats (`SchedulingContext`), and gives the new ones. Nothing looks at more than one chat.
 *
 * A request is worth making where it buys κ right views or more, whatever kind of chat it goes to: see `interval.ts` for
 * chats that are polled; a chat whose every change is told by an event is fresh until the first event since its last
 * read, and then reading it again buys μ/λ right views.
 */
export interface ChatSchedule {
  readonly change: ChangeBelief;
  readonly views: ViewTally;
  /** When MAX was asked for the count, Unix ms; `null`: never. */
  readonly readAt: number | null;
  /** The first event since then, Unix ms; `null`: none. */
  readonly dirtyAt: number | null;
  /** Unix ms. */
  readonly dueAt: number;
}

/** What the planning of one chat needs to know of all. */
export interface SchedulingContext {
  /** The price of a request in right views. */
  readonly kappa: number;
  readonly population: ChangeBelief;
  /** Reads an hour of the average chat, > 0. */
  readonly meanViewsPerHour: number;
  readonly limits: SchedulingLimits;
}

export interface SchedulingLimits {
  /** No chat is read more often than this. */
  readonly minIntervalMs: number;
  /** No chat waits longer than this; see `floorMs`. */
  readonly maxIntervalMs: number;
  /** A chat is read this long after its first event, so that those that follow cost nothing. */
  readonly eventWindowMs: number;
  /** A due time is set anew after this long at the latest. */
  readonly reviewMs: number;
  /** How long rates are remembered, hours. */
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

/** Share of the budget that may go to chats that aren't worth a request but have waited long enough. */
const FLOOR_SHARE = 0.04;

/** Due times are up to this share early, so that chats that came together part. */
const JITTER = 0.1;

/** A due chat is still read when its price has risen, or its interval grown, by no more than this factor. */
const TOLERANCE = 1.15;

/**
 * The longest a chat waits, ms: `wantedMs`, unless reading each of `chats` as often would take more than 4 % of the budget.
 * (150,000 chats daily are 6,250 requests an hour: the daily full update does that, beside the budget.)
 */
export function floorMs(wantedMs: number, chats: number, budgetPerHour: number): number {
  return Math.max(wantedMs, (chats / (FLOOR_SHARE * budgetPerHour)) * HOUR_MS);
}

/** What one refresh or event adds to what is known of all chats; sums, so that they add up across workers. */
export interface Tally {
  /** Requests that this chat's refresh stands for at the present price; see `price.ts`. */
  readonly demand: number;
  /** Reads, and those of them expected to have been right, of the interval that ended. */
  readonly views: number;
  readonly correctViews: number;
  /** Chat-hours, those of them expected to have been right, and the sums of E[ln λ] and E[ln² λ] over all of them. */
  readonly hours: number;
  readonly correctHours: number;
  readonly logRate: number;
  readonly squaredLogRate: number;
}

export const NO_TALLY: Tally = {
  ...{ demand: 0, views: 0, correctViews: 0 },
  ...{ hours: 0, correctHours: 0, logRate: 0, squaredLogRate: 0 },
};

/** What is known of a chat besides its plan. */
export interface Observations {
  /** Reads counted since the plan's `views.countedTo`: sampled ones divided by the share. */
  readonly views: number;
  /** Since when every change of this chat is told by an event, Unix ms; `null`: it isn't. */
  readonly eventsTrustedSince: number | null;
  /** Quarters of an hour with an event, since `views.countedTo`. */
  readonly eventQuarters: number;
}

export interface Refreshed extends Observations {
  /** When MAX was asked, Unix ms; later than the plan's `readAt`. */
  readonly readAt: number;
  /** By how much the count differed from the one it replaced, up or down; 0 where there was none. */
  readonly difference: number;
  /** Whether the planner asked for this refresh, not a person or a full update. */
  readonly planned: boolean;
}

export interface Scheduled {
  readonly plan: ChatSchedule;
  readonly tally: Tally;
}

/** The plan after MAX was read. @param random from 0 up to 1, exclusive. */
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
  if (seen.eventsTrustedSince === null && hours > 0) {
    change = forget(change, context.population, hours, limits.changeMemoryHours);
    change = learn(change, { kind: 'difference', hours, difference: seen.difference });
  }
  // An event that came after MAX was asked says that the count is out of date already.
  const dirtyAt = plan.dirtyAt !== null && plan.dirtyAt > seen.readAt ? plan.dirtyAt : null;
  const next = { change, views, readAt: seen.readAt, dirtyAt };
  const wanted = seen.eventsTrustedSince === null ? pollEveryMs(next, context) : limits.maxIntervalMs;
  let dueAt = seen.readAt + Math.min(wanted * (1 - JITTER * random), limits.reviewMs * (1 - random / 2));
  if (dirtyAt !== null) dueAt = Math.min(dueAt, dueAfterEvent(next, dirtyAt, context));
  const once = plan.readAt === null || plan.dirtyAt !== null || seen.eventsTrustedSince !== null;
  // A dirty chat that isn't worth the price was read with what the budget had left: nobody asked for it.
  const asked = seen.planned && !(dirtyNotWorth(plan, context) && hours * HOUR_MS < limits.maxIntervalMs);
  return {
    plan: { ...next, dueAt },
    tally: {
      ...tallyViews(plan, seen, seen.readAt),
      demand: !asked ? 0 : once ? 1 : (hours * HOUR_MS) / pollEveryMs(plan, context),
    },
  };
}

/**
 * What to do with a chat that has come due at `now`: read it, which is expected to buy `correctViews`, or look again later
 * (`null`). Counts its views and weighs it at the present price. So a price that rose takes effect at once; and a
 * price that fell, or a chat that has become popular, within `reviewMs`.
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
  const tally = tallyViews(plan, seen, now);
  if (plan.readAt === null) return { plan: next, tally, correctViews: Number.POSITIVE_INFINITY };
  const perHour = viewsPerHour(next.views, context.meanViewsPerHour);
  const dirty = plan.dirtyAt !== null;
  const age = now - plan.readAt;
  const wanted = eventsTrusted(plan, seen.eventsTrustedSince) ? limits.maxIntervalMs : pollEveryMs(next, context);
  if ((dirty && worth(next, context) * TOLERANCE >= context.kappa) || age * TOLERANCE >= wanted) {
    const hours = dirty ? expectedLifetimeHours(next.change) : correctHours(next.change, age / HOUR_MS);
    return { plan: next, tally, correctViews: perHour * hours };
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

/** Right views that reading a dirty chat is expected to buy: μ·E[1/λ]. */
function worth(plan: Pick<ChatSchedule, 'change' | 'views'>, context: SchedulingContext): number {
  return viewsPerHour(plan.views, context.meanViewsPerHour) * expectedLifetimeHours(plan.change);
}

/** Events tell rates for nothing, whether the chat is read or not. */
function learnFromEvents(
  plan: ChatSchedule,
  seen: Observations,
  now: number,
  context: SchedulingContext,
): ChangeBelief {
  const from = plan.views.countedTo;
  const hours = (now - from) / HOUR_MS;
  if (seen.eventsTrustedSince === null || seen.eventsTrustedSince > from || hours <= 0) return plan.change;
  const before = forget(plan.change, context.population, hours, context.limits.changeMemoryHours);
  return learn(before, { kind: 'events', hours, quarters: seen.eventQuarters });
}

const dirtyNotWorth = (plan: ChatSchedule, context: SchedulingContext): boolean =>
  plan.readAt !== null && plan.dirtyAt !== null && worth(plan, context) * TOLERANCE < context.kappa;

/** Whether any change since the last read was told by an event. */
export function eventsTrusted(plan: Pick<ChatSchedule, 'readAt'>, eventsTrustedSince: number | null): boolean {
  return eventsTrustedSince !== null && plan.readAt !== null && eventsTrustedSince <= plan.readAt;
}

/** The best interval of a polled chat at the present price, ms. */
function pollEveryMs(plan: Pick<ChatSchedule, 'change' | 'views'>, context: SchedulingContext): number {
  const { kappa, meanViewsPerHour, limits } = context;
  const price = kappa / viewsPerHour(plan.views, meanViewsPerHour);
  return (
    bestIntervalHours(plan.change, price, limits.minIntervalMs / HOUR_MS, limits.maxIntervalMs / HOUR_MS) * HOUR_MS
  );
}

/** When a dirty chat is to be read, Unix ms; `Infinity` where that isn't worth the price. */
function dueAfterEvent(plan: Pick<ChatSchedule, 'change' | 'views'>, at: number, context: SchedulingContext): number {
  return worth(plan, context) < context.kappa ? Number.POSITIVE_INFINITY : at + context.limits.eventWindowMs;
}

/** The views since they were last counted, those that are expected to have been right, and the belief over these hours. */
function tallyViews(plan: ChatSchedule, seen: Observations, now: number): Tally {
  const from = plan.views.countedTo;
  const hours = (now - from) / HOUR_MS;
  if (hours <= 0) return NO_TALLY;
  const { change, readAt, dirtyAt } = plan;
  // Until the first event the count was right, or as likely right as polling leaves it; after it, wrong.
  const cleanUntil = dirtyAt === null ? now : Math.min(now, Math.max(from, dirtyAt));
  let right = (cleanUntil - from) / (now - from);
  if (readAt === null) right = 0;
  else if (!eventsTrusted(plan, seen.eventsTrustedSince)) {
    const until = (now - readAt) / HOUR_MS;
    const since = Math.max(0, until - hours);
    right *= (until * freshness(change, until) - since * freshness(change, since)) / (until - since);
  }
  return {
    demand: 0,
    views: seen.views,
    correctViews: seen.views * right,
    hours,
    correctHours: hours * right,
    logRate: change.mean * hours,
    squaredLogRate: (change.mean ** 2 + change.variance) * hours,
  };
}
