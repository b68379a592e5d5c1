import { createApplyUpdates } from '../../lib/events/apply-updates.ts';
import { NO_FINDINGS } from '../../lib/planner/findings.ts';
import { beginSync, type Price } from '../../lib/planner/sync.ts';
import { createRefreshBatch } from '../../lib/refreshing/refresh-batch.ts';
import { createMemoryChatStore } from '../../test/support/memory/chat-store.ts';
import { createMemoryChats } from '../../test/support/memory/chats.ts';
import { createMemoryCountStore } from '../../test/support/memory/count-store.ts';
import { createMemoryEventStore } from '../../test/support/memory/event-store.ts';
import { createMemoryHistory } from '../../test/support/memory/history.ts';
import { createMemoryPlannerStore } from '../../test/support/memory/planner-store.ts';
import { createMemoryRunStore } from '../../test/support/memory/run-store.ts';
import { counted, memoryCounts, memoryQueue, memoryViewCounter, refreshing } from '../../test/support/participants.ts';
import { at, type Random } from './random.ts';
import type { World } from './world.ts';

type ApplyUpdatesDeps = Parameters<typeof createApplyUpdates>[0];

type RefreshBatchDeps = Parameters<typeof createRefreshBatch>[0];

/**
 * P8: requests a change costs, by the service's own use cases over stores in memory. Every join is told, some thrice, up to a
 * minute late and out of order; some chats are raided by ten thousand; some go away. Price and budget don't hold anything
 * back: the most requests there can be.
 */
export interface Coalescing {
  readonly changes: number;
  readonly deliveries: number;
  /** Number of windows with a change. A window begins with the first change after the previous window. */
  readonly windows: number;
  /** The same for the events as they arrived. */
  readonly toldWindows: number;
  readonly requests: number;
  /** Most requests for one chat that began within one window's length, less the second by which the queue's delay varies. */
  readonly mostInWindow: number;
  /** Requests for chats that were already gone, and those after an event or a response of MAX had reported it. */
  readonly goneRequests: number;
  readonly knownGoneRequests: number;
  readonly goneDeliveries: number;
  /** The same for chats with a mass join only. */
  readonly raidChanges: number;
  readonly raidRequests: number;
}

interface Delivery {
  /** When it happened at MAX, Unix ms. */
  readonly at: number;
  readonly arrives: number;
  readonly kind: 'members_changed' | 'bot_removed';
}

const HOUR_MS = 3_600_000;
const SECOND_MS = 1_000;
const LATEST_MS = 60_000;
const WINDOW_MS = 30_000;
const RAIDS = 20;
const RAID_JOINS = 10_000;
const RAID_MS = 600_000;
const GONE = 0.01;
/** Start of the simulated time, Unix ms, so that all times are positive. */
const BEGIN = Date.UTC(2026, 0, 1);

export async function coalesce(world: World, hours: number, random: Random): Promise<Coalescing> {
  const total = { changes: 0, deliveries: 0, windows: 0, toldWindows: 0, requests: 0, mostInWindow: 0 };
  const gone = { goneRequests: 0, knownGoneRequests: 0, goneDeliveries: 0 };
  const raid = { raidChanges: 0, raidRequests: 0 };
  const end = BEGIN + hours * HOUR_MS;
  // Chats are independent here, so each is simulated separately.
  for (let i = 0; i < world.changes.length; i += 1) {
    const goneAt = random.uniform() < GONE ? BEGIN + random.uniform() * (end - BEGIN) : Number.POSITIVE_INFINITY;
    const changes = changesOf(at(world.changes, i), end, i < RAIDS).filter((change) => change < goneAt);
    const deliveries = deliveriesOf(changes, goneAt);
    const requests = await live(deliveries, goneAt, end);
    const arrivals = deliveries.filter(({ kind }) => kind === 'members_changed').map(({ arrives }) => arrives);
    total.changes += changes.length;
    total.deliveries += deliveries.length;
    total.windows += windowsOf(changes);
    total.toldWindows += windowsOf(arrivals);
    total.requests += requests.length;
    total.mostInWindow = Math.max(total.mostInWindow, mostWithin(requests, WINDOW_MS - SECOND_MS));
    const afterGone = requests.filter((request) => request > goneAt);
    const removal = deliveries.find(({ kind }) => kind === 'bot_removed')?.arrives ?? end;
    const known = Math.min(removal, afterGone[0] ?? removal);
    gone.goneRequests += afterGone.length;
    gone.knownGoneRequests += afterGone.filter((request) => request > known).length;
    gone.goneDeliveries += deliveries.filter(({ arrives }) => arrives > goneAt).length;
    if (i < RAIDS) {
      raid.raidChanges += changes.length;
      raid.raidRequests += requests.length;
    }
  }
  return { ...total, ...gone, ...raid };

  function changesOf(perHour: number, end: number, raided: boolean): number[] {
    const changes: number[] = [];
    const mean = HOUR_MS / perHour;
    for (let t = BEGIN + random.exponential() * mean; t < end; t += random.exponential() * mean) changes.push(t);
    if (raided) {
      const began = BEGIN + random.uniform() * (end - BEGIN - RAID_MS);
      for (let n = 0; n < RAID_JOINS; n += 1) changes.push(began + random.uniform() * RAID_MS);
      changes.sort((a, b) => a - b);
    }
    return changes;
  }

  function deliveriesOf(changes: readonly number[], goneAt: number): Delivery[] {
    const deliveries = changes.flatMap((change) => {
      const repeats = random.uniform() < 0.1 ? 3 : 1;
      return Array.from({ length: repeats }, (): Delivery => {
        return { at: change, arrives: change + random.uniform() * LATEST_MS, kind: 'members_changed' };
      });
    });
    if (goneAt < Number.POSITIVE_INFINITY) {
      deliveries.push({ at: goneAt, arrives: goneAt + random.uniform() * LATEST_MS, kind: 'bot_removed' });
    }
    return deliveries.sort((a, b) => a.arrives - b.arrives);
  }

  /** @returns the times of the requests to MAX. */
  async function live(deliveries: readonly Delivery[], goneAt: number, end: number): Promise<number[]> {
    let now = BEGIN;
    const clock = { now: () => Math.floor(now), sleep: async () => {} };
    const chats = createMemoryChats();
    const [chatStore, countStore] = [createMemoryChatStore(chats), createMemoryCountStore(chats)];
    const plannerStore = createMemoryPlannerStore();
    const eventStore = createMemoryEventStore(chats);
    const [queue, cache] = [memoryQueue(), memoryCounts(clock)];
    const requests: number[] = [];
    const maxApi = {
      async getChat() {
        requests.push(now);
        return now > goneAt ? ({ kind: 'denied' } as const) : counted(requests.length);
      },
    };
    const refreshChat = refreshing({ counts: countStore, history: createMemoryHistory() }, clock, { maxApi, cache });
    const unasked = () => Promise.reject(new Error('only known chats are told of'));
    const subscriptionStore = { read: async () => undefined };
    const shared = { chatStore, eventStore, plannerStore, subscriptionStore, queue, clock, fetchMembership: unasked };
    const updates: ApplyUpdatesDeps = {
      ...{ ...shared, cache, fetchCount: unasked, settings: { windowMs: WINDOW_MS } },
      applyAnswer: async (chat, answer, askedAt) => {
        if (answer.kind !== 'denied') return unasked();
        await countStore.apply(chat, { kind: 'unavailable', status: 'denied' }, { askedAt, dueAt: askedAt });
        return { kind: 'unavailable', status: 'denied' };
      },
    };
    const batch: RefreshBatchDeps = {
      ...{ ...shared, countStore, runStore: createMemoryRunStore(), refreshChat },
      ...{ viewCounter: memoryViewCounter() },
      ...{ random: random.uniform, settings: { freshMs: HOUR_MS } },
    };
    await chatStore.importMany([{ ...CHAT, maxChatId: MAX_CHAT_ID }], now);
    await countStore.apply(
      { id: 1, maxChatId: MAX_CHAT_ID },
      { kind: 'count', count: 0 },
      { askedAt: now, dueAt: end },
    );
    await plannerStore.writePrice(cheap(now), NO_FINDINGS);

    const waiting: { readonly at: number; readonly sent: (typeof queue.messages)[number] }[] = [];
    const workUntil = async (time: number) => {
      for (;;) {
        waiting.push(...queue.messages.splice(0).map((sent) => ({ at: delayed(sent.delayMs), sent })));
        waiting.sort((a, b) => b.at - a.at);
        const next = waiting.at(-1);
        if (!next || next.at > time) return;
        waiting.pop();
        now = next.at;
        await createRefreshBatch(batch)(next.sent.queue, next.sent.message, now + HOUR_MS);
      }
    };
    const delayed = (delayMs: number) => now + delayMs + random.uniform() * SECOND_MS;
    for (const { at: happened, arrives, kind } of deliveries) {
      await workUntil(arrives);
      now = arrives;
      await createApplyUpdates(updates)(
        MAX_CHAT_ID,
        [{ kind, chat_id: MAX_CHAT_ID, at: Math.floor(happened) }],
        now + HOUR_MS,
      );
    }
    await workUntil(end + HOUR_MS);
    return requests;
  }
}

const MAX_CHAT_ID = '-1';
const CHAT = {
  ...{ name: 'Чат', url: null, externalChatId: null, universityId: null },
  ...{ department: null, source: null, participantsCount: null },
};

/** A price at which every change causes a request. */
function cheap(now: number): Price {
  const settings = {
    rps: 30,
    backgroundShare: 1,
    maxCallsPerHour: undefined,
    intervalMs: HOUR_MS,
    windowMs: WINDOW_MS,
  };
  const { before, context } = beginSync({ price: undefined, findings: NO_FINDINGS, chats: 1 }, settings, now);
  return { ...before, context: { ...context, kappa: 1e-9 } };
}

function windowsOf(times: readonly number[]): number {
  let windows = 0;
  let end = Number.NEGATIVE_INFINITY;
  for (const time of times) {
    if (time < end) continue;
    windows += 1;
    end = time + WINDOW_MS;
  }
  return windows;
}

function mostWithin(times: readonly number[], lengthMs: number): number {
  let most = 0;
  let from = 0;
  for (const [to, time] of times.entries()) {
    while (time - (times[from] ?? 0) >= lengthMs) from += 1;
    most = Math.max(most, to - from + 1);
  }
  return most;
}
