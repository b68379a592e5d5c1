import { chunks } from '../base/chunks.ts';
import type { Clock } from '../base/clock.ts';
import { type Chat, isReadable, type StoredChat, type StoredCount } from '../chats/chat.ts';
import { isKnownCorrect } from '../chats/planning.ts';
import { AUDIT_INTERVAL_MS } from '../planner/audit.ts';
import type { RefreshChat } from '../refreshing/refresh-chat.ts';
import type { ChatStore, ListedChat } from '../state/chat-store.ts';
import type { CachedCount, CountCache, Leases } from '../state/count-cache.ts';
import type { RefreshQueue } from '../state/queues.ts';
import type { Telemetry } from '../state/telemetry.ts';
import { VIEW_SAMPLE, type ViewCounter } from '../state/view-counter.ts';

/**
 * Returns counts for people who view chats. It serves the available counts at once. Round trips: 1 MGET; 1 BatchGetItem (100
 * chats) on cache misses; for stale or missing counts 1 script for the leases and 1 SendMessageBatch. One listing in four also
 * counts views, in the background.
 */

/** Lifetime of the lease of a queued refresh, ms. During it, other readers don't enqueue the chat again. */
const QUEUED_LEASE_MS = 60_000;
/** Longest wait for counts that were never read, ms. */
const INLINE_BUDGET_MS = 1_000;
const INLINE_CHATS = 5;
/** Longest time that a response waits for SQS to accept refresh requests, ms. */
const ASK_BUDGET_MS = 500;
/** Time for which a count with trusted events is fresh, ms: until its daily refresh, which may be an hour late. */
const TRUSTED_FOR_MS = AUDIT_INTERVAL_MS + 3_600_000;

export interface ShownCount {
  /** `null` if it was never read. */
  readonly participantsCount: number | null;
  readonly updatedAt: string | null;
  readonly source: 'cache' | 'api' | 'database';
  readonly stale: boolean;
}

interface ViewCountsDeps {
  readonly chatStore: ChatStore;
  readonly cache: CountCache;
  readonly leases: Leases;
  readonly viewCounter: Pick<ViewCounter, 'count'>;
  readonly queue: RefreshQueue;
  readonly refreshChat: RefreshChat;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** Returns an owner for the leases of this reader. */
  readonly newId: () => string;
  /** From 0 up to 1, exclusive. */
  readonly random: () => number;
  readonly settings: {
    readonly freshMs: number;
    readonly batchSize: number;
    /** Whether readers may request refreshes. */
    readonly lazyUpdate: boolean;
    /** If true, neither the cache nor MAX is used, only the durable store. */
    readonly integrationDisabled: boolean;
  };
}

export type ViewCounts = (rows: readonly ListedChat[]) => Promise<Map<number, ShownCount>>;

export function createViewCounts(deps: ViewCountsDeps): ViewCounts {
  const { cache, clock, settings } = deps;

  return async function viewCounts(rows) {
    if (rows.length === 0) return new Map();
    const ids = rows.map((row) => row.chat.id);
    const looking = settings.integrationDisabled ? undefined : cache.getMany(ids);
    if (!settings.integrationDisabled && deps.random() < 1 / VIEW_SAMPLE) void deps.viewCounter.count(ids, VIEW_SAMPLE);
    const cached = await looking;
    /** A count that was read under a MAX id the chat had before is no hit. */
    const hitOf = ({ id, maxChatId }: Chat): CachedCount | undefined => {
      const hit = cached?.get(id);
      return hit?.maxChatId === undefined || hit.maxChatId === maxChatId ? hit : undefined;
    };
    const missing = rows.filter((row) => !hitOf(row.chat) && row.count === undefined).map((row) => row.chat.id);
    const stored = missing.length > 0 ? await deps.chatStore.getMany(missing) : new Map();

    const shown = new Map<number, ShownCount>();
    const fill = new Map<number, CachedCount>();
    const stale = staleAt();
    let hits = 0;
    let staleHits = 0;
    for (const { chat, count: known } of rows) {
      const hit = hitOf(chat);
      if (hit) hits += 1;
      const one: StoredChat | undefined = stored.get(chat.id);
      const kept: StoredCount | undefined = known ?? one;
      // If both counts are known and differ, the durable one is newer. A listing by count must also show the count it is sorted by.
      if (hit && (known === undefined || known.participantsCount === hit.count)) {
        const cachedCount = show(hit.count, hit.updatedAt, 'cache', hit.eventsTrusted, stale);
        if (cachedCount.stale) staleHits += 1;
        shown.set(chat.id, cachedCount);
        continue;
      }
      const count = kept?.participantsCount ?? null;
      const updatedAt = kept?.readAt ? new Date(kept.readAt).toISOString() : null;
      const trusted = one && isKnownCorrect(one) ? true : undefined;
      const durable = show(count, updatedAt, 'database', trusted, stale);
      if (hit && durable.stale) staleHits += 1;
      shown.set(chat.id, durable);
      if (count !== null && !hit) {
        const maxChatId = (one?.chat ?? chat).maxChatId ?? undefined;
        fill.set(chat.id, {
          count,
          updatedAt,
          source: 'database',
          maxChatId,
          ...(trusted ? { eventsTrusted: trusted } : {}),
        });
      }
    }
    if (!settings.integrationDisabled) {
      deps.telemetry.lookedUp({ lookups: rows.length, hits, staleHits });
    }
    if (cached) {
      await Promise.all([
        fill.size > 0 ? cache.putMany(fill) : undefined,
        settings.lazyUpdate ? askForRefreshes(rows, shown) : undefined,
      ]);
    }
    return shown;
  };

  /** Returns the times at or before which a reading is stale. They are texts, created once per page: texts order like the times. */
  function staleAt(): { readonly trusted: string; readonly untrusted: string } {
    const textOf = (ageMs: number) => new Date(clock.now() - ageMs).toISOString();
    return { trusted: textOf(Math.max(TRUSTED_FOR_MS, settings.freshMs)), untrusted: textOf(settings.freshMs) };
  }

  function show(
    count: number | null,
    updatedAt: string | null,
    source: ShownCount['source'],
    trusted?: true,
    stale = staleAt(),
  ): ShownCount {
    return {
      participantsCount: count,
      updatedAt,
      source,
      stale: updatedAt === null || updatedAt <= (trusted ? stale.trusted : stale.untrusted),
    };
  }

  /**
   * Fetches a few never-read counts inline and updates `shown`. Enqueues the other stale chats; leases make sure each is queued
   * once.
   */
  async function askForRefreshes(rows: readonly ListedChat[], shown: Map<number, ShownCount>): Promise<void> {
    const wanted = rows.map((row) => row.chat).filter((chat) => isReadable(chat) && shown.get(chat.id)?.stale);
    if (wanted.length === 0) return;
    const neverRead = wanted.filter((chat) => shown.get(chat.id)?.participantsCount === null).slice(0, INLINE_CHATS);
    const fetched = new Set(neverRead.map((chat) => chat.id));
    const queued = wanted.map((chat) => chat.id).filter((id) => !fetched.has(id));
    const late = await Promise.all([fetchInline(neverRead, shown), ask(queued)]).then(([ids]) => ids);
    await ask(late);
  }

  /** Fetches counts inline. @returns the chats without a response in time. */
  async function fetchInline(chats: readonly Chat[], shown: Map<number, ShownCount>): Promise<number[]> {
    const deadline = clock.now() + INLINE_BUDGET_MS;
    const owner = deps.newId();
    const late = new Set(chats.map((chat) => chat.id));
    const fetching = chats.filter(isReadable).map(async (chat) => {
      if (!(await deps.leases.takeFetching(chat.id, owner, INLINE_BUDGET_MS))) return late.delete(chat.id);
      // If the store can't store the count now, the listing must not fail: the queue refreshes the chat.
      const outcome = await deps.refreshChat(chat, { lane: 'interactive', deadline }).catch(() => undefined);
      await deps.leases.release(chat.id, owner);
      if (!outcome || outcome.kind === 'not_permitted' || outcome.kind === 'failed') return;
      late.delete(chat.id);
      if (outcome.kind === 'updated') {
        shown.set(chat.id, show(outcome.count, new Date(outcome.readAt).toISOString(), 'api'));
      }
    });
    await Promise.race([Promise.all(fetching), clock.sleep(INLINE_BUDGET_MS)]);
    return [...late];
  }

  async function ask(ids: readonly number[]): Promise<void> {
    if (ids.length === 0) return;
    const sending = (async () => {
      const taken = await deps.leases.takeQueued(ids, QUEUED_LEASE_MS);
      if (!taken || taken.size === 0) return;
      const requested_at = clock.now();
      await deps.queue.send(
        'express',
        chunks([...taken], settings.batchSize).map((part) => ({ ids: part, requested_at })),
      );
    })();
    // If SQS does not accept the messages in time, the counts stay stale, and a reader requests them again when the lease expires.
    await Promise.race([sending.catch(() => undefined), clock.sleep(ASK_BUDGET_MS)]);
  }
}
