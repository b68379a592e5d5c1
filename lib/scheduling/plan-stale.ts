import type { Clock } from '../base/clock.ts';
import { forEach } from '../base/for-each.ts';
import { learntIn, observationsOf, scheduleOf } from '../chats/planning.ts';
import { measuredAccuracy, measuredFreshness } from '../planner/findings.ts';
import { expectedAccuracy, expectedFreshness } from '../planner/price.ts';
import {
  beginSync,
  collect,
  endSync,
  type Found,
  nothingFound,
  type Sync,
  type SyncSettings,
  select,
  wantsMore,
  weigh,
} from '../planner/sync.ts';
import type { ChatStore } from '../state/chat-store.ts';
import type { CountStore, Cursor, DueChat } from '../state/count-store.ts';
import type { PlannerStore } from '../state/planner-store.ts';
import { enqueueDue, type RefreshQueue } from '../state/queues.ts';
import { isUnderWay, type RunStore } from '../state/run-store.ts';
import { eventsSince, type SubscriptionStore } from '../state/subscription.ts';
import type { ViewCounter } from '../state/view-counter.ts';

/**
 * The background sync. It evaluates the due chats, enqueues those whose refresh gains the price, spread over the time until the
 * next sync, and adjusts the price so that the requests match the budget. `planner/sync.ts` decides; this module reads and
 * writes. Work and memory grow with the number of due chats. Round trips: 6 GetItem; 1 Query and 1 to Redis for every 500 due
 * chats; 1 UpdateItem for each postponed chat; 1 SendMessageBatch for every ten messages; 1 TransactWriteItems.
 */

/** Due chats per page. */
const PAGE = 500;
/** Chats postponed at the same time. */
const POSTPONED_IN_FLIGHT = 16;

interface PlanStaleDeps {
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
  readonly settings: SyncSettings & { readonly batchSize: number };
}

export type PlanStaleReport =
  | {
      readonly kind: 'planned';
      readonly chats: number;
      readonly messages: number;
      /** Number of chats that were postponed. */
      readonly putOff: number;
      /** Number of chats that gain the price but exceed the budget. */
      readonly leftOver: number;
      readonly kappa: number;
      /** Share of correct views over the last day, as expected and as measured by refreshes. `null` before the first. */
      readonly expectedFreshness: number | null;
      readonly measuredFreshness: number | null;
      /** The same shares for all counts, viewed or not. */
      readonly expectedAccuracy: number | null;
      readonly measuredAccuracy: number | null;
      /** Whether all due chats were evaluated. */
      readonly complete: boolean;
    }
  /** Nothing was enqueued, because earlier messages are still in the queue. */
  | { readonly kind: 'backlog'; readonly messages: number };

/** Runs a sync. @param deadline when to stop reading due chats, Unix ms; the next sync continues from there. */
export const createPlanStale =
  (deps: PlanStaleDeps) =>
  async (deadline: number): Promise<PlanStaleReport> => {
    const { clock, plannerStore, queue, settings } = deps;
    const now = clock.now();
    const cursor = await plannerStore.readCursor();
    const messages = cursor ? 0 : await queue.depth('bulk');
    // A full update fills the bulk queue for hours. Chats that are viewed often bypass it through the express queue.
    const bypass = messages > 0 && isUnderWay(await deps.runStore.current(), now);
    if (messages > 0 && !bypass) return { kind: 'backlog', messages };
    const [price, findings, chats, subscription] = await Promise.all([
      plannerStore.readPrice(),
      plannerStore.readFindings(),
      deps.chatStore.total('all'),
      deps.subscriptionStore.read(),
    ]);
    const sync = beginSync({ price, findings, chats }, settings, now);
    if (bypass) {
      const ahead = await queue.depth('express');
      if (ahead > sync.allowed) return { kind: 'backlog', messages: ahead };
    }
    const found = nothingFound();
    const eventsFrom = eventsSince(subscription, now);
    const stoppedAt = await weighDue(deps, sync, found, { cursor, deadline, eventsFrom, beyond: !bypass });
    const selection = select(sync, found);
    const next = endSync(sync, found, selection, await deps.viewCounter.takeTotal());
    // Written first, so that workers use the new price for these messages.
    await plannerStore.writePrice(next, findings);
    const chosen = bypass ? selection.read : [...selection.first, ...selection.read];
    const sent = await enqueueDue(queue, bypass ? 'express' : 'bulk', settings.batchSize, now, chosen);
    await plannerStore.writeCursor(stoppedAt);
    return {
      kind: 'planned',
      chats: chosen.length,
      messages: sent,
      putOff: found.postponed.size,
      leftOver: selection.leftOver,
      kappa: next.context.kappa,
      expectedFreshness: expectedFreshness(next.state),
      measuredFreshness: measuredFreshness(next),
      expectedAccuracy: expectedAccuracy(next.state),
      measuredAccuracy: measuredAccuracy(next),
      complete: stoppedAt === undefined,
    };
  };

interface Walk {
  readonly cursor: Cursor | undefined;
  readonly deadline: number;
  /** Time since which events arrive, Unix ms; `null`: they don't. */
  readonly eventsFrom: number | null;
  /** Whether chats that are due after the sync may use the rest of the budget. */
  readonly beyond: boolean;
}

/**
 * Evaluates due chats page by page, in order of due times, and postpones those whose refresh does not gain the price.
 * @returns the cursor for the next sync; `undefined` if it starts with the first due chat.
 */
async function weighDue(deps: PlanStaleDeps, sync: Sync, found: Found, walk: Walk): Promise<Cursor | undefined> {
  let until = sync.until;
  for (let place = walk.cursor; wantsMore(sync, found, until > sync.until); ) {
    const page = await deps.countStore.due(until, PAGE, place);
    if (page.length === 0) {
      if (!walk.beyond || until > sync.until) return undefined;
      until = Number.MAX_SAFE_INTEGER;
      continue;
    }
    const unseen = page.filter(({ id }) => !found.postponed.has(id));
    await weighPage(deps, sync, found, unseen, walk.eventsFrom);
    place = page.at(-1);
    if (deps.clock.now() >= walk.deadline) return place;
  }
  return undefined;
}

async function weighPage(
  { countStore, viewCounter, random }: PlanStaleDeps,
  sync: Sync,
  found: Found,
  page: readonly DueChat[],
  eventsFrom: number | null,
): Promise<void> {
  const views = await viewCounter.peek(page.flatMap(({ id, readAt }) => (readAt === null ? [] : [id])));
  const used = new Map<number, number>();
  const later: { readonly chat: DueChat; readonly next: Parameters<typeof countStore.reschedule>[1] }[] = [];
  for (const chat of page) {
    const plan = scheduleOf(chat, chat.dueAt, sync.now, sync.context);
    const counted = views.get(chat.id) ?? 0;
    const weighed = weigh(sync, plan, observationsOf(chat, counted, eventsFrom), random());
    collect(found, chat.id, plan, weighed);
    if (weighed.kind !== 'postponed') continue;
    later.push({ chat, next: { dueAt: weighed.next.dueAt, learnt: learntIn(weighed.next, sync.context) } });
    if (counted > 0) used.set(chat.id, counted);
  }
  await forEach(later, POSTPONED_IN_FLIGHT, ({ chat, next }) => countStore.reschedule(chat, next));
  await viewCounter.takeAway(used);
}
