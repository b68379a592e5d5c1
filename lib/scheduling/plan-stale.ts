import type { Clock } from '../base/clock.ts';
import { forEach } from '../base/for-each.ts';
import { observationsOf, scheduleOf } from '../chats/planning.ts';
import { type BudgetSettings, budgetPerHour } from '../planner/budget.ts';
import {
  floorMs,
  SCHEDULING_LIMITS,
  type SchedulingContext,
  type SchedulingLimits,
  scheduleWhenDue,
} from '../planner/plan.ts';
import { adjustPrice, contextOf, expectedFreshness, firstState } from '../planner/price.ts';
import type { ChatStore } from '../state/chat-store.ts';
import type { CountStore, Cursor, DueChat } from '../state/count-store.ts';
import { measuredFreshness, type PlannerStore, type Price } from '../state/planner-store.ts';
import { enqueueDue, type RefreshQueue, type RefreshQueueName } from '../state/queues.ts';
import { isUnderWay, type RunStore } from '../state/run-store.ts';
import { eventsSince, type SubscriptionStore } from '../state/subscription.ts';
import type { ViewCounter } from '../state/view-counter.ts';

/**
 * The background sync: weighs what is due, puts what is worth a request on the planned queue, spread over the time until the
 * next sync, and steers the price of a request so that this comes to the budget. Work and memory grow with what is due.
 * Round trips: 5 GetItem, 1 Query and 1 to Redis for 500 due chats, 1 UpdateItem for a chat that is put off, 1
 * SendMessageBatch for ten messages, 1 TransactWriteItems.
 */

/** Due chats read at once. */
const PAGE = 500;
/** Chats put off at the same time. */
const PUT_OFF_IN_FLIGHT = 16;
/** Chats weighed in one sync: these, and some for each request the budget allows. What isn't reached is due the next time. */
const MIN_WEIGHED = 2_000;
const WEIGHED_PER_REQUEST = 4;
/**
 * What becomes due until the next sync is planned ahead, as far as SQS delays: up to this share of the interval, so that the
 * queue is empty again by then.
 */
const AHEAD = 0.8;
const LONGEST_DELAY_MS = 15 * 60_000;
/** Reads an hour of a chat, before any were counted. */
const INITIAL_VIEWS_PER_HOUR = 0.1;
/** Share of the quota that reading new chats for the first time may take. */
const FIRST_READS_SHARE = 0.8;

export interface PlanStaleDeps {
  readonly chatStore: Pick<ChatStore, 'total'>;
  readonly countStore: Pick<CountStore, 'due' | 'reschedule'>;
  readonly plannerStore: PlannerStore;
  readonly runStore: Pick<RunStore, 'current'>;
  readonly subscriptionStore: Pick<SubscriptionStore, 'read'>;
  readonly viewCounter: ViewCounter;
  readonly queue: RefreshQueue;
  readonly clock: Clock;
  /** From 0 up to 1, exclusive. */
  readonly random: () => number;
  readonly settings: PlanSettings;
}

export interface PlanSettings extends BudgetSettings {
  readonly batchSize: number;
  readonly intervalMs: number;
  /** Joins and leaves of a chat within this time cost one request. */
  readonly windowMs: number;
}

export type PlanStaleReport =
  | {
      readonly kind: 'planned';
      readonly chats: number;
      readonly messages: number;
      /** Looked at and not worth a request now. */
      readonly putOff: number;
      /** Worth a request that the budget doesn't have. */
      readonly leftOver: number;
      readonly kappa: number;
      /** Shares of the counts shown over the last day that were right: as expected, and as refreshes found. `null`: none yet. */
      readonly expectedFreshness: number | null;
      readonly measuredFreshness: number | null;
      /** Whether all that is due was looked at. */
      readonly complete: boolean;
    }
  /** What was planned before is still queued. */
  | { readonly kind: 'backlog'; readonly messages: number };

interface Wanted {
  readonly id: number;
  readonly dueAt: number;
  readonly correctViews: number;
}

/** @param deadline Unix ms at which to stop looking; the next plan goes on from there. */
export async function planStale(deps: PlanStaleDeps, deadline: number): Promise<PlanStaleReport> {
  const { clock, plannerStore, queue, settings } = deps;
  const now = clock.now();
  const cursor = await plannerStore.readCursor();
  const messages = cursor ? 0 : await queue.depth('bulk');
  // Behind a full update, which views every chat once, the chats worth reading often would wait for hours: they go past it.
  const past = messages > 0 && isUnderWay(await deps.runStore.current(), now);
  if (messages > 0 && !past) return { kind: 'backlog', messages };
  const [before, chats, subscription] = await Promise.all([
    plannerStore.readPrice(),
    deps.chatStore.total('all'),
    deps.subscriptionStore.read(),
  ]);
  const eventsFrom = eventsSince(subscription, now);
  const price = before ?? firstPrice(settings, chats, now);
  const limits = limitsOf(settings, chats);
  const context = contextOf(price.state, chats, limits);

  // After a pause the budget of the pause is not made up for.
  const hours = Math.min(Math.max(now - price.tickedAt, 0), 2 * settings.intervalMs) / 3_600_000;
  const perHour = budgetPerHour(settings);
  const budget = price.carried + perHour * hours;
  const allowed = Math.floor(budget);
  if (past) {
    const ahead = await queue.depth('express');
    if (ahead > allowed) return { kind: 'backlog', messages: ahead };
  }
  const found = await findWanted(deps, { now, deadline, allowed, context, eventsFrom, cursor });

  const { first, read, leftOver, spare } = choose(found, settings, allowed, hours);
  const [findings, total] = await Promise.all([plannerStore.readFindings(), deps.viewCounter.takeTotal()]);
  const state = adjustPrice(price.state, {
    tally: findings,
    allowed: perHour * hours,
    backlog: leftOver,
    views: total ?? price.state.viewsPerHour * hours,
    hours: Math.max(hours, 1 / 3_600),
    budgetPerHour: perHour,
  });
  const kept = Math.exp(-hours / 24);
  const next: Price = {
    state,
    context: contextOf(state, chats, limits),
    tickedAt: now,
    plannedUntil: now + aheadMs(settings),
    firstReads: found.first.length,
    budgetPerHour: perHour,
    spare,
    carried: budget - allowed,
    measuredViews: price.measuredViews * kept + findings.measuredViews,
    measuredCorrect: price.measuredCorrect * kept + findings.measuredCorrect,
  };
  // In force before the first message is worked on.
  await plannerStore.writePrice(next, findings);
  const sent = await send(deps, now, past ? [] : first, read, allowed, past ? 'express' : 'bulk');
  await plannerStore.writeCursor(found.cursor);
  return {
    kind: 'planned',
    chats: (past ? 0 : first.length) + read.length,
    messages: sent,
    putOff: found.putOff,
    leftOver,
    kappa: next.context.kappa,
    expectedFreshness: expectedFreshness(state),
    measuredFreshness: measuredFreshness(next),
    complete: found.cursor === undefined,
  };
}

const limitsOf = (settings: PlanSettings, chats: number): SchedulingLimits => ({
  ...SCHEDULING_LIMITS,
  maxIntervalMs: floorMs(SCHEDULING_LIMITS.maxIntervalMs, chats, budgetPerHour(settings)),
  eventWindowMs: settings.windowMs,
});

/** As if a sync had just been one interval ago. How often chats are looked at shows within the day. */
const firstPrice = (settings: PlanSettings, chats: number, now: number): Price => {
  const budget = budgetPerHour(settings);
  const some = Math.max(chats, 1);
  const state = firstState(some, some * INITIAL_VIEWS_PER_HOUR, budget);
  return {
    state,
    context: contextOf(state, some, limitsOf(settings, some)),
    tickedAt: now - settings.intervalMs,
    plannedUntil: now,
    firstReads: chats,
    budgetPerHour: budget,
    spare: 0,
    carried: 0,
    measuredViews: 0,
    measuredCorrect: 0,
  };
};

interface Found {
  /** Never read yet, the longest due first. */
  readonly first: readonly Wanted[];
  /** Worth a request, the longest due first. */
  readonly read: readonly Wanted[];
  readonly putOff: number;
  /** Where the next plan goes on; `undefined`: at the longest due. */
  readonly cursor: Cursor | undefined;
}

interface Search {
  readonly now: number;
  readonly deadline: number;
  readonly allowed: number;
  readonly context: SchedulingContext;
  /** Since when events come, Unix ms; `null`: they don't. */
  readonly eventsFrom: number | null;
  readonly cursor: Found['cursor'];
}

/** Weighs what is due now or before the next sync, and puts off what isn't worth a request. */
async function findWanted(deps: PlanStaleDeps, search: Search): Promise<Found> {
  const { now, deadline, allowed, cursor } = search;
  const until = now + aheadMs(deps.settings);
  const maxWeighed = MIN_WEIGHED + WEIGHED_PER_REQUEST * allowed;
  const first: Wanted[] = [];
  const read: Wanted[] = [];
  let putOff = 0;
  let looks = 0;
  for (let place = cursor; looks < maxWeighed; ) {
    const page = await deps.countStore.due(until, PAGE, place);
    if (page.length === 0) break;
    const views = await deps.viewCounter.peek(page.flatMap(({ id, readAt }) => (readAt === null ? [] : [id])));
    const used = new Map<number, number>();
    const later: { readonly chat: DueChat; readonly next: Parameters<CountStore['reschedule']>[1] }[] = [];
    for (const chat of page) {
      const { id, dueAt } = chat;
      const counted = views.get(id) ?? 0;
      const weighed = weigh(chat, counted, search, deps.random());
      if (weighed.correctViews !== null) {
        (chat.readAt === null ? first : read).push({ id, dueAt, correctViews: weighed.correctViews });
      } else if (dueAt <= now) {
        const { change, views: tally, dueAt } = weighed.plan;
        later.push({ chat, next: { dueAt, learnt: { change, views: tally } } });
        if (counted > 0) used.set(id, counted);
      }
    }
    await forEach(later, PUT_OFF_IN_FLIGHT, ({ chat, next }) => deps.countStore.reschedule(chat, next));
    await deps.viewCounter.takeAway(used);
    putOff += later.length;
    looks += page.length;
    place = page.at(-1);
    if (deps.clock.now() >= deadline) return { first, read, putOff, cursor: place };
  }
  return { first, read, putOff, cursor: undefined };
}

/** Looks at the chat as it will be when it is due, supposing that it is shown as often until then as it was. */
function weigh(chat: DueChat, counted: number, { now, context, eventsFrom }: Search, random: number) {
  const at = Math.max(now, chat.dueAt);
  const plan = scheduleOf(chat, chat.dueAt, at, context);
  const known = Math.max(1, now - plan.views.countedTo);
  const views = (counted * Math.max(known, at - plan.views.countedTo)) / known;
  return scheduleWhenDue(plan, { ...observationsOf(chat, views, eventsFrom), now: at }, context, random);
}

/** First views are owed whatever they cost; of the others those that buy most, as far as the budget goes. */
function choose({ first, read }: Found, settings: PlanSettings, allowed: number, hours: number) {
  const most =
    settings.maxCallsPerHour === undefined
      ? Math.max(0, Math.floor(settings.rps * 3_600 * hours * FIRST_READS_SHARE) - allowed)
      : allowed;
  const firstReads = first.slice(0, most);
  const left = settings.maxCallsPerHour === undefined ? allowed : allowed - firstReads.length;
  const best = read.length > left ? read.toSorted((a, b) => b.correctViews - a.correctViews).slice(0, left) : read;
  return {
    first: firstReads,
    read: best.toSorted((a, b) => a.dueAt - b.dueAt),
    leftOver: read.length - best.length,
    spare: left - best.length,
  };
}

/**
 * First views at once; the others when they are due, and no faster than the budget flows. @returns the number of messages.
 */
async function send(
  { queue, settings }: PlanStaleDeps,
  now: number,
  first: readonly Wanted[],
  read: readonly Wanted[],
  allowed: number,
  queueName: RefreshQueueName,
): Promise<number> {
  const ahead = aheadMs(settings);
  const atOnce = first.map(({ id }) => ({ id, inMs: 0 }));
  const inTime = read.map(({ id, dueAt }, nth) => ({ id, inMs: Math.max(dueAt - now, (nth / allowed) * ahead) }));
  return enqueueDue(queue, queueName, settings.batchSize, now, [...atOnce, ...inTime]);
}

const aheadMs = ({ intervalMs }: PlanSettings): number => Math.min(LONGEST_DELAY_MS, intervalMs) * AHEAD;
