import type { Clock } from '../base/clock.ts';
import type { StoredChat } from '../chats/chat.ts';
import { learntIn, observationsOf, type ScheduledRefresh, type ScheduleNext, scheduleOf } from '../chats/planning.ts';
import { addFindings, NO_FINDINGS } from '../planner/findings.ts';
import { affordableAgain, learnFromRefresh } from '../planner/sync.ts';
import type { PlannerStore } from '../state/planner-store.ts';
import { enqueueDue, type RefreshQueue, type RefreshQueueName } from '../state/queues.ts';
import { eventsSince, type SubscriptionStore } from '../state/subscription.ts';
import type { ViewCounter } from '../state/view-counter.ts';

export interface NextSchedulerDeps {
  readonly plannerStore: PlannerStore;
  readonly subscriptionStore: Pick<SubscriptionStore, 'read'>;
  readonly viewCounter: ViewCounter;
  readonly queue: RefreshQueue;
  readonly clock: Clock;
  /** From 0 up to 1, exclusive. */
  readonly random: () => number;
}

/** While more new chats than this wait for their first read, no requests are used for checking whether events can be trusted. */
const FEW_FIRST_READS = 5_000;

/** Schedules the chats of one message. */
export interface NextScheduler {
  /** Returns whether to check the chat's event trust: only if events arrive and the chat would otherwise be polled. */
  wantsTrust(chat: StoredChat): boolean;
  /** Returns `undefined` before the first price. Then a chat is due when its count becomes stale. */
  scheduleNext(chat: StoredChat): ScheduleNext | undefined;
  /**
   * Stores the findings of the refreshed chats. Enqueues those that are due again before the next sync, within the spare budget.
   * Round trips: 1 UpdateItem and, in parallel, 1 to Redis; 1 SendMessageBatch for each half-minute in which chats are due.
   */
  settle(refreshed: readonly Refreshed[]): Promise<void>;
}

/** A chat whose count was stored, with its schedule and findings. */
export interface Refreshed extends ScheduledRefresh {
  readonly id: number;
}

/**
 * Creates the scheduler of a message. Round trips: 2 GetItem and 1 to Redis, in parallel.
 * @param name the queue of the message. Chats that are due again soon return to it.
 * @param planned whether the planner caused these refreshes, and not a person or a full update.
 */
export async function createNextScheduler(
  { plannerStore, subscriptionStore, viewCounter, queue, clock, random }: NextSchedulerDeps,
  name: RefreshQueueName,
  ids: readonly number[],
  planned: boolean,
): Promise<NextScheduler> {
  const [price, subscription, views] = await Promise.all([
    plannerStore.readPrice(),
    subscriptionStore.read(),
    viewCounter.peek(ids),
  ]);
  const eventsFrom = eventsSince(subscription, clock.now());

  return {
    wantsTrust({ readAt, planning: { eventTrustChecked } }) {
      if (!planned || !price || eventsFrom === null || eventTrustChecked) return false;
      return readAt !== null || price.firstReads <= FEW_FIRST_READS;
    },

    scheduleNext(chat) {
      if (!price) return undefined;
      const { id } = chat.chat;
      return ({ count, lastEvent = null }, askedAt) => {
        const plan = scheduleOf(chat, askedAt, askedAt, price.context, count);
        const seen = {
          ...observationsOf(chat, views.get(id) ?? 0, eventsFrom),
          readAt: askedAt,
          count,
          lastEvent,
          difference: Math.abs(count - (chat.participantsCount ?? count)),
          // First reads don't count against the budget, because every chat gets one at any price.
          planned: planned && plan.readAt !== null,
        };
        const { plan: next, findings } = learnFromRefresh(plan, seen, price, random());
        return { dueAt: next.dueAt, learnt: learntIn(next, price.context), findings };
      };
    },

    async settle(refreshed) {
      if (!price || refreshed.length === 0) return;
      const now = clock.now();
      const soon = refreshed
        .filter(({ findings }) => findings.again > 0)
        .map(({ id, dueAt }) => ({ id, inMs: dueAt - now }))
        .toSorted((a, b) => a.inMs - b.inMs);
      const used = refreshed.flatMap(({ id }) => (views.has(id) ? [[id, views.get(id) ?? 0] as const] : []));
      const [before] = await Promise.all([
        plannerStore.addFindings(refreshed.map(({ findings }) => findings).reduce(addFindings, NO_FINDINGS)),
        viewCounter.takeAway(new Map(used)),
      ]);
      await enqueueDue(queue, name, ids.length, now, soon.slice(0, affordableAgain(price, before)));
    },
  };
}
