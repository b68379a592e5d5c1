import { type ChangeBelief, expectedLifetimeHours, forget, learn, UNKNOWN_POPULATION } from './change-rate.ts';
import { bestIntervalHours, freshness } from './interval.ts';
import { countReads, type ReadTally, readsPerHour } from './read-rate.ts';

/**
 * When each chat is to be read again. A chat carries a few numbers; every function here takes them, and what is true of all
 * chats (`PlanContext`), and gives the new ones. Nothing looks at more than one chat.
 *
 * A request is worth making where it buys κ right reads or more, whatever kind of chat it goes to: see `interval.ts` for
 * chats that are polled; a chat whose every change is told by an event is fresh until the first event since its last
 * read, and then reading it again buys μ/λ right reads.
 */
export interface ChatPlan {
  readonly change: ChangeBelief;
  readonly reads: ReadTally;
  /** When MAX was asked for the count, Unix ms; `null`: never. */
  readonly readAt: number | null;
  /** The first event since then, Unix ms; `null`: none. */
  readonly dirtyAt: number | null;
  /** Unix ms. */
  readonly dueAt: number;
}

/** What the planning of one chat needs to know of all. */
export interface PlanContext {
  /** The price of a request in right reads. */
  readonly kappa: number;
  readonly population: ChangeBelief;
  /** Reads an hour of the average chat, > 0. */
  readonly meanReadsPerHour: number;
  readonly limits: PlanLimits;
}

export interface PlanLimits {
  /** No chat is read more often than this. */
  readonly leastMs: number;
  /** No chat waits longer than this; see `floorMs`. */
  readonly mostMs: number;
  /** A chat is read this long after its first event, so that those that follow cost nothing. */
  readonly eventWindowMs: number;
  /** A due time is set anew after this long at the latest. */
  readonly reviewMs: number;
  /** How long rates are remembered, hours. */
  readonly changeMemoryHours: number;
  readonly readMemoryHours: number;
}

const HOUR_MS = 3_600_000;

export const PLAN_LIMITS: PlanLimits = {
  leastMs: 60_000,
  mostMs: 24 * HOUR_MS,
  eventWindowMs: 30_000,
  reviewMs: 24 * HOUR_MS,
  changeMemoryHours: 60 * 24,
  readMemoryHours: 14 * 24,
};

/** Share of the budget that may go to chats that aren't worth a request but have waited long enough. */
const FLOOR_SHARE = 0.04;

/** Due times are up to this share early, so that chats that came together part. */
const JITTER = 0.1;

/** A due chat is still read when its price has risen, or its interval grown, by no more than this factor. */
const TOLERANCE = 1.25;

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
  readonly asked: number;
  /** Reads, and those of them expected to have been right, of the interval that ended. */
  readonly reads: number;
  readonly rightReads: number;
  /** Chat-hours, and the sums of E[ln λ] and E[ln² λ] over them. */
  readonly hours: number;
  readonly logRate: number;
  readonly squaredLogRate: number;
}

export const NO_TALLY: Tally = { asked: 0, reads: 0, rightReads: 0, hours: 0, logRate: 0, squaredLogRate: 0 };

/** A chat just come to be known: due at once, and as likely to change as any. */
export function firstPlan(now: number, population: ChangeBelief = UNKNOWN_POPULATION): ChatPlan {
  return {
    change: population,
    reads: { reads: 0, hours: 0, countedTo: now },
    readAt: null,
    dirtyAt: null,
    dueAt: now,
  };
}

export interface Refreshed {
  /** When MAX was asked, Unix ms. */
  readonly readAt: number;
  /** Whether the count differed from the one it replaced. */
  readonly changed: boolean;
  /** Reads counted since the plan's `reads.countedTo`: sampled ones divided by the share. */
  readonly reads: number;
  /** Whether every change of this chat is told by an event, and was since the last read. */
  readonly trusted: boolean;
  /** Whether the planner asked for this refresh, not a person or a full update. */
  readonly planned: boolean;
}

/** @param random from 0 up to 1, exclusive. */
export function planAfterRefresh(
  plan: ChatPlan,
  seen: Refreshed,
  context: PlanContext,
  random: number,
): { readonly plan: ChatPlan; readonly tally: Tally } {
  const { limits } = context;
  const hours = plan.readAt === null ? 0 : (seen.readAt - plan.readAt) / HOUR_MS;
  const reads = countReads(plan.reads, seen.reads, seen.readAt, limits.readMemoryHours);
  const perHour = readsPerHour(reads, context.meanReadsPerHour);
  // The first event since the last read has been learnt from when it came.
  const told = seen.trusted && plan.dirtyAt !== null;
  let { change } = plan;
  let rightHours = 0;
  if (hours > 0) {
    const freshHours = plan.dirtyAt === null ? hours : (plan.dirtyAt - (plan.readAt ?? 0)) / HOUR_MS;
    rightHours = seen.trusted ? Math.min(hours, freshHours) : hours * freshness(change, hours);
    change = forget(change, context.population, hours, limits.changeMemoryHours);
    if (!told) change = learn(change, { kind: seen.changed ? 'changed' : 'unchanged', hours });
  }
  // An event that came after MAX was asked says that the count is out of date already.
  const dirtyAt = plan.dirtyAt !== null && plan.dirtyAt > seen.readAt ? plan.dirtyAt : null;
  const next = { change, reads, readAt: seen.readAt, dirtyAt };
  const nextMs = seen.trusted ? limits.mostMs : pollEveryMs(next, context);
  const dueAt = seen.readAt + Math.min(nextMs, limits.reviewMs) * (1 - JITTER * random);
  return {
    plan: { ...next, dueAt: dirtyAt === null ? dueAt : Math.min(dueAt, dueAfterEvent(next, dirtyAt, context)) },
    tally: {
      asked: !seen.planned || told ? 0 : plan.readAt === null ? 1 : (hours * HOUR_MS) / nextMs,
      reads: perHour * hours,
      rightReads: perHour * rightHours,
      hours,
      logRate: change.mean * hours,
      squaredLogRate: (change.mean ** 2 + change.variance) * hours,
    },
  };
}

/**
 * After an event of a trusted chat at `at` (Unix ms). The same plan when there is nothing to do: the event is older than the
 * count, or the chat is due already. Where reading it isn't worth the price it stays as it was, dirty, until the next
 * event finds a lower price.
 */
export function planAfterEvent(
  plan: ChatPlan,
  at: number,
  context: PlanContext,
): { readonly plan: ChatPlan; readonly tally: Tally } {
  const nothing = { plan, tally: NO_TALLY };
  if (plan.readAt === null || at <= plan.readAt) return nothing;
  let { change } = plan;
  if (plan.dirtyAt === null) {
    const hours = (at - plan.readAt) / HOUR_MS;
    change = learn(forget(change, context.population, hours, context.limits.changeMemoryHours), {
      kind: 'event',
      hours,
    });
  }
  const next = { ...plan, change, dirtyAt: plan.dirtyAt ?? at };
  const dueAt = dueAfterEvent(next, at, context);
  if (dueAt >= plan.dueAt) return { plan: next, tally: NO_TALLY };
  return { plan: { ...next, dueAt }, tally: { ...NO_TALLY, asked: 1 } };
}

/**
 * What to do with a chat that has come due at `now`: read it, or look again later. Counts its reads and weighs it at the present
 * price, so that prices and popularity that have changed since its due time was set take effect at once when a chat has
 * become less worthy, and within a day otherwise. `reads` as in `Refreshed`.
 */
export function planWhenDue(
  plan: ChatPlan,
  seen: { readonly now: number; readonly reads: number; readonly trusted: boolean },
  context: PlanContext,
  random: number,
): { readonly plan: ChatPlan; readonly read: boolean } {
  const { limits } = context;
  const next = { ...plan, reads: countReads(plan.reads, seen.reads, seen.now, limits.readMemoryHours) };
  if (plan.readAt === null) return { plan: next, read: true };
  if (seen.trusted && plan.dirtyAt !== null && worth(next, context.meanReadsPerHour) * TOLERANCE >= context.kappa) {
    return { plan: next, read: true };
  }
  const nextMs = seen.trusted ? limits.mostMs : pollEveryMs(next, context);
  if ((seen.now - plan.readAt) * TOLERANCE >= nextMs) return { plan: next, read: true };
  const dueAt = plan.readAt + nextMs * (1 - JITTER * random);
  return { plan: { ...next, dueAt: Math.min(dueAt, seen.now + limits.reviewMs * (1 - JITTER * random)) }, read: false };
}

/** Right reads that reading a dirty chat is expected to buy, μ·E[1/λ]: the order of dirty chats, largest first. */
export function worth(plan: Pick<ChatPlan, 'change' | 'reads'>, meanReadsPerHour: number): number {
  return readsPerHour(plan.reads, meanReadsPerHour) * expectedLifetimeHours(plan.change);
}

/** The best interval of a polled chat at the present price, ms. */
function pollEveryMs(
  plan: Pick<ChatPlan, 'change' | 'reads'>,
  { kappa, meanReadsPerHour, limits }: PlanContext,
): number {
  const price = kappa / readsPerHour(plan.reads, meanReadsPerHour);
  return bestIntervalHours(plan.change, price, limits.leastMs / HOUR_MS, limits.mostMs / HOUR_MS) * HOUR_MS;
}

/** When a dirty chat is to be read, Unix ms; `Infinity` where that isn't worth the price. */
function dueAfterEvent(plan: Pick<ChatPlan, 'change' | 'reads'>, at: number, context: PlanContext): number {
  return worth(plan, context.meanReadsPerHour) < context.kappa
    ? Number.POSITIVE_INFINITY
    : at + context.limits.eventWindowMs;
}
