import type { Clock } from '../../lib/base/clock.ts';
import type { ChatAnswer, MaxApi, MaxErrorKind } from '../../lib/max-api/api.ts';
import type { Lane, Permit, PermitOutcome, Permits } from '../../lib/max-api/permits.ts';
import { createApplyAnswer, createRefreshChat, type RefreshChat } from '../../lib/refreshing/refresh-chat.ts';
import { createFetchCount, type FetchCountDeps } from '../../lib/refreshing/request-max.ts';
import type { CachedCount, CountCache, Leased, Leases } from '../../lib/state/count-cache.ts';
import type { RefreshMessage, RefreshQueue, RefreshQueueName } from '../../lib/state/queues.ts';
import type { Telemetry } from '../../lib/state/telemetry.ts';
import type { ViewCounter } from '../../lib/state/view-counter.ts';
import type { Stores } from './stores.ts';

/** In-memory ports of the use cases. They keep the contracts of the real adapters. */

export interface MemoryCounts extends CountCache, Leases {
  /** Names of the operations, in order. */
  readonly calls: (keyof CountCache | keyof Leases)[];
  /** While true, every call fails as without Redis. */
  down: boolean;
}

/** Creates the cache and the leases. Newer counts win and leases end; counts never expire. */
export function memoryCounts(clock: Pick<Clock, 'now'>): MemoryCounts {
  const counts = new Map<number, CachedCount>();
  const contended = new Map<number, number>();
  const leases = new Map<Leased, { readonly owner: string; readonly until: number }>();
  const holder = (id: Leased) => {
    const lease = leases.get(id);
    return lease && lease.until > clock.now() ? lease.owner : undefined;
  };
  const self: MemoryCounts = {
    calls: [],
    down: false,
    async getMany(ids) {
      self.calls.push('getMany');
      if (self.down) return undefined;
      return new Map(ids.flatMap((id) => (counts.has(id) ? [[id, counts.get(id) as CachedCount] as const] : [])));
    },
    async putMany(given) {
      self.calls.push('putMany');
      if (self.down) return;
      for (const [id, count] of given) {
        const there = counts.get(id);
        if (!there || (count.updatedAt ?? '') > (there.updatedAt ?? '')) counts.set(id, count);
      }
    },
    async clearTrusted(id) {
      self.calls.push('clearTrusted');
      const there = counts.get(id);
      if (!self.down && there) counts.set(id, { ...there, eventsTrusted: undefined });
    },
    async forget(id) {
      self.calls.push('forget');
      if (self.down) return;
      counts.delete(id);
      leases.delete(id);
    },
    async takeQueued(ids, ttlMs) {
      self.calls.push('takeQueued');
      if (self.down) return undefined;
      const free = ids.filter((id) => holder(id) === undefined);
      for (const id of free) leases.set(id, { owner: 'queued', until: clock.now() + ttlMs });
      return new Set(free);
    },
    async takeFetching(id, owner, ttlMs) {
      self.calls.push('takeFetching');
      if (self.down) return undefined;
      if (![undefined, 'queued'].includes(holder(id))) return false;
      leases.set(id, { owner, until: clock.now() + ttlMs });
      return true;
    },
    async noteContention(id, ttlMs) {
      self.calls.push('noteContention');
      if (!self.down) contended.set(id, clock.now() + ttlMs);
    },
    async isContended(id) {
      self.calls.push('isContended');
      return !self.down && (contended.get(id) ?? 0) > clock.now();
    },
    async release(id, owner) {
      self.calls.push('release');
      if (!self.down && holder(id) === owner) leases.delete(id);
    },
  };
  return self;
}

/** The counters of views, exact. */
export function memoryViewCounter(): ViewCounter & { readonly views: Map<number, number> } {
  const views = new Map<number, number>();
  let total: number | undefined;
  return {
    views,
    async count(ids, weight) {
      for (const id of ids) views.set(id, (views.get(id) ?? 0) + weight);
      total = (total ?? 0) + ids.length * weight;
    },
    async peek(ids) {
      return new Map(ids.flatMap((id) => (views.has(id) ? [[id, views.get(id) ?? 0] as const] : [])));
    },
    async takeAway(counts) {
      for (const [id, n] of counts) {
        const left = (views.get(id) ?? 0) - n;
        if (left > 0) views.set(id, left);
        else views.delete(id);
      }
    },
    async takeTotal() {
      const taken = total;
      total = 0;
      return taken;
    },
  };
}

export interface SentMessage {
  readonly queue: RefreshQueueName;
  readonly message: RefreshMessage;
  readonly delayMs: number;
}

export interface MemoryQueue extends RefreshQueue {
  /** Messages in the queues. Tests remove them with `splice`. */
  readonly messages: SentMessage[];
  /** Number of calls of `send`. */
  requests: number;
}

export function memoryQueue(): MemoryQueue {
  const self: MemoryQueue = {
    messages: [],
    requests: 0,
    async send(queue, messages, delayMs = 0) {
      self.requests += 1;
      self.messages.push(...messages.map((message) => ({ queue, message, delayMs })));
    },
    async depth(queue) {
      return self.messages.filter((sent) => sent.queue === queue).length;
    },
  };
  return self;
}

export interface OpenPermits extends Permits {
  readonly asked: { readonly lane: Lane; readonly maxWaitMs: number }[];
  readonly outcomes: PermitOutcome[];
  flushes: number;
}

/** Grants at once, or answers as `decide` does for the n-th request, counted from 0. */
export function openPermits(decide: (n: number) => Permit | Promise<Permit> = () => ({ granted: true })): OpenPermits {
  const self: OpenPermits = {
    asked: [],
    outcomes: [],
    flushes: 0,
    async acquire(lane, maxWaitMs) {
      self.asked.push({ lane, maxWaitMs });
      return decide(self.asked.length - 1);
    },
    report(outcome) {
      self.outcomes.push(outcome);
    },
    async wake() {},
    async flush() {
      self.flushes += 1;
    },
  };
  return self;
}

export interface ScriptedMax extends Pick<MaxApi, 'getChat'> {
  /** Chats asked for, in order. */
  readonly calls: string[];
  /** The time allowed for each of them, ms. */
  readonly timeouts: number[];
  callsTo(maxChatId: string): number;
}

/** @param answer to the n-th request for a chat, counted from 0. */
export function scriptedMax(answer: (maxChatId: string, n: number) => ChatAnswer | Promise<ChatAnswer>): ScriptedMax {
  const self: ScriptedMax = {
    calls: [],
    timeouts: [],
    callsTo: (maxChatId) => self.calls.filter((called) => called === maxChatId).length,
    async getChat(maxChatId, timeoutMs) {
      const n = self.callsTo(maxChatId);
      self.calls.push(maxChatId);
      self.timeouts.push(timeoutMs);
      return answer(maxChatId, n);
    },
  };
  return self;
}

export const counted = (count: number): ChatAnswer => ({ kind: 'count', count, title: null, link: null });

export const failing = (
  error: MaxErrorKind,
  some: { retryable?: boolean; retryAfterMs?: number } = {},
): ChatAnswer => ({
  kind: 'error',
  error,
  detail: 'as scripted',
  retryable: error !== 'auth',
  ...some,
});

/** Notes which events were told. */
export function listening() {
  const told: { [K in keyof Telemetry]: Parameters<Telemetry[K]>[0][] } = {
    lookedUp: [],
    requestedMax: [],
    updated: [],
    waitedForPermit: [],
  };
  const events: Telemetry = {
    lookedUp: (event) => void told.lookedUp.push(event),
    requestedMax: (event) => void told.requestedMax.push(event),
    updated: (event) => void told.updated.push(event),
    waitedForPermit: (event) => void told.waitedForPermit.push(event),
  };
  return { told, events };
}

export const HOUR = 3_600_000;

/** The one way a count comes from MAX into the stores, over the given parts. */
export function refreshing(
  stores: Pick<Stores, 'counts' | 'history'>,
  clock: Clock,
  parts: Pick<FetchCountDeps, 'maxApi'> &
    Partial<Omit<FetchCountDeps, 'clock'>> & { readonly cache?: CountCache; readonly freshMs?: number },
): RefreshChat {
  const { cache = memoryCounts(clock), freshMs = HOUR, telemetry: events = listening().events, ...rest } = parts;
  const fetchCount = createFetchCount({
    permits: openPermits(),
    random: () => 0.5,
    settings: { timeoutMs: 5_000, maxRetries: 3 },
    ...rest,
    telemetry: events,
    clock,
  });
  const applyAnswer = createApplyAnswer({
    countStore: stores.counts,
    history: stores.history,
    cache,
    settings: { freshMs },
  });
  return createRefreshChat({ fetchCount, applyAnswer, clock, telemetry: events });
}
