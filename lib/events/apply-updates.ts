import type { Clock } from '../base/clock.ts';
import { chatFields } from '../chats/fields.ts';
import { observationsOf, scheduleOf } from '../chats/planning.ts';
import type { ChatUpdate } from '../max-api/updates.ts';
import { isWorthReading } from '../planner/plan.ts';
import { checkEventTrust } from '../refreshing/check-event-trust.ts';
import type { ApplyAnswer } from '../refreshing/refresh-chat.ts';
import type { FetchCount, FetchMembership } from '../refreshing/request-max.ts';
import type { ChatStore } from '../state/chat-store.ts';
import type { CountCache } from '../state/count-cache.ts';
import type { EventStore, Title } from '../state/event-store.ts';
import type { PlannerStore } from '../state/planner-store.ts';
import type { RefreshQueue } from '../state/queues.ts';
import { eventsSince, type SubscriptionStore } from '../state/subscription.ts';

/**
 * Applies MAX's events about one chat. Joins and leaves mark the chat dirty; it is refreshed once at the end of a window, for
 * any number of events. Round trips: 1 GetItem to find the chat; 1 UpdateItem if the bot was added or removed; for a dirty chat 1
 * UpdateItem, and once per window 2 GetItem for the price and the subscription, 1 to Redis and 1 SendMessageBatch.
 */

interface ApplyUpdatesDeps {
  readonly chatStore: ChatStore;
  readonly eventStore: EventStore;
  readonly plannerStore: Pick<PlannerStore, 'readPrice'>;
  readonly subscriptionStore: Pick<SubscriptionStore, 'read'>;
  readonly cache: Pick<CountCache, 'clearTrusted'>;
  readonly fetchCount: FetchCount;
  readonly fetchMembership: FetchMembership;
  readonly applyAnswer: ApplyAnswer;
  readonly queue: RefreshQueue;
  readonly clock: Clock;
  readonly settings: {
    /** Coalescing window, ms: joins and leaves within this time cost one request. */
    readonly windowMs: number;
  };
}

/** Applies events. @throws if something can't be done now, so that the events are delivered again. */
export const createApplyUpdates =
  (deps: ApplyUpdatesDeps) =>
  async (maxChatId: string, updates: readonly ChatUpdate[], deadline: number): Promise<void> => {
    const newest = newestOf(updates);
    const { bot_added, bot_removed, members_changed, title_changed, permissions_changed } = newest;
    const membership = later(bot_added, bot_removed);
    if (membership?.kind === 'bot_removed') {
      const id = await deps.chatStore.findByMaxChatId(maxChatId);
      // A late removal of a bot that was added again changes nothing.
      if (id !== undefined && (await deps.eventStore.recordMembership(id, membership.at))) {
        // MAX's clock may be ahead. The chat must not count as read in the future, because the next reading would be ignored.
        const at = Math.min(membership.at, deps.clock.now());
        await deps.applyAnswer({ id, maxChatId }, { kind: 'denied' }, at);
        await deps.eventStore.recordEventTrust(id, false, membership.at, deps.clock.now());
      }
      return;
    }
    let id = await deps.chatStore.findByMaxChatId(maxChatId);
    // An event for an unknown chat registers it, because its `bot_added` event may have been lost.
    if (membership || id === undefined) id = await registerChat(deps, maxChatId, id, deadline);
    if (id === undefined) return;
    if (membership) await deps.eventStore.recordMembership(id, membership.at);

    if (title_changed) await rename(deps, id, maxChatId, title_changed);
    // An event about a join proves that the bot receives events about joins.
    const evidence = permissions_changed ?? members_changed;
    if (evidence) {
      const trusted = evidence.kind === 'permissions_changed' ? evidence.receives_membership_events : true;
      await deps.eventStore.recordEventTrust(id, trusted, evidence.at, deps.clock.now());
      // Later changes cause no event, so the cached count is no longer known to be correct.
      if (!trusted) await deps.cache.clearTrusted(id);
    }
    if (members_changed) await markDirty(deps, id);
  };

/**
 * Stores the newest title as the name. Two simultaneous calls also end with the newest one, because each checks it after its
 * write.
 */
async function rename(deps: ApplyUpdatesDeps, id: number, maxChatId: string, title: Title): Promise<void> {
  let newest = await deps.eventStore.retitle(id, title);
  // A later title is already stored, and so is its name.
  if (!newest || newest.at > title.at) return;
  for (let written: Title | undefined; newest && newest.at !== written?.at; ) {
    written = newest;
    await deps.chatStore.update(id, { name: asName(newest.title, maxChatId) }, deps.clock.now());
    newest = await deps.eventStore.retitle(id, title);
  }
}

/**
 * Marks a chat dirty. If a refresh gains the price, enqueues one for the end of the window. Its count covers all changes within the
 * window.
 */
async function markDirty(deps: ApplyUpdatesDeps, id: number): Promise<void> {
  const now = deps.clock.now();
  const windowEnd = now + deps.settings.windowMs;
  const before = await deps.eventStore.markDirty(id, now, windowEnd);
  if (!before) return;
  const [price, subscription] = await Promise.all([
    deps.plannerStore.readPrice(),
    deps.subscriptionStore.read(),
    deps.cache.clearTrusted(id),
  ]);
  // If a refresh does not gain the price, the chat waits for its due time or for a viewer.
  if (price) {
    const seen = observationsOf(before, 0, eventsSince(subscription, now));
    if (!isWorthReading(scheduleOf(before, now, now, price.context), seen, now, price.context)) return;
  }
  // The refresh is requested as of the end of the window, so a count that is read before the end does not replace it.
  await deps.queue.send(
    'express',
    [{ ids: [id], requested_at: windowEnd, charged_to_planner: true }],
    deps.settings.windowMs,
  );
}

/** Fetches a chat that the bot was added to, and registers it if it is new. */
async function registerChat(
  deps: ApplyUpdatesDeps,
  maxChatId: string,
  known: number | undefined,
  deadline: number,
): Promise<number | undefined> {
  const asked = await deps.fetchCount(maxChatId, { lane: 'background', deadline });
  if (asked.kind !== 'answered')
    throw new Error(`A chat that the bot was added to could not be fetched from MAX: ${asked.kind}`);
  const { answer, askedAt } = asked;
  let id = known;
  if (id === undefined) {
    if (answer.kind !== 'count') return undefined;
    const created = await deps.chatStore.create(
      {
        name: asName(answer.title, maxChatId),
        // Admin panels make links of it, so an address that the API would refuse, like `javascript:`, is not stored.
        url: chatFields.url.safeParse(answer.link).data ?? null,
        maxChatId,
        externalChatId: null,
        universityId: null,
        department: null,
        source: 'max',
      },
      askedAt,
    );
    id = created.kind === 'created' ? created.stored.chat.id : created.by;
  }
  await deps.applyAnswer({ id, maxChatId }, answer, askedAt);
  if (answer.kind !== 'count') return undefined;
  await checkEventTrust(deps, { id, maxChatId }, { lane: 'background', deadline });
  return id;
}

/** Returns a title as a name, within the limits of names. A chat without a title is named after its id. */
const asName = (title: string | null, maxChatId: string): string => {
  const line = (title ?? '')
    .replace(/\p{Cc}/gu, ' ')
    .toWellFormed()
    .trim();
  // Cut between characters, never within a surrogate pair.
  return [...line].slice(0, 200).join('').trim() || `Чат ${maxChatId}`;
};

type Newest = { readonly [K in ChatUpdate['kind']]?: Extract<ChatUpdate, { kind: K }> };

function newestOf(updates: readonly ChatUpdate[]): Newest {
  const newest: Record<string, ChatUpdate> = {};
  for (const update of updates) {
    const before = newest[update.kind];
    if (!before || update.at > before.at) newest[update.kind] = update;
  }
  return newest as Newest;
}

function later<A extends ChatUpdate, B extends ChatUpdate>(a: A | undefined, b: B | undefined): A | B | undefined {
  if (!a || !b) return a ?? b;
  return a.at > b.at ? a : b;
}
