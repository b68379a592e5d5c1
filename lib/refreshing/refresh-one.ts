import type { Clock } from '../base/clock.ts';
import type { StoredChat } from '../chats/chat.ts';
import type { MaxErrorKind } from '../max-api/api.ts';
import type { RefusalReason } from '../max-api/permits.ts';
import type { ChatStore } from '../state/chat-store.ts';
import type { Leases } from '../state/count-cache.ts';
import type { RefreshChat, UnavailableStatus } from './refresh-chat.ts';

/**
 * Refreshes the count of one chat for a person who waits. Round trips: 1 GetItem (by the caller), 1 lease, 1 GetItem and in
 * parallel 1 EXISTS, 1 permit, MAX, 1 UpdateItem, 1 cache write, 1 release. While another request for the same chat is in
 * progress: 1 lease and 1 GetItem every 100 ms.
 *
 * For any number of requests for one chat within a second, MAX gets about two. A request may use any response of MAX to a request
 * that was sent after it arrived. If requests compete for the lease, the next request to MAX starts a second after the last one, so
 * that its response serves all of them. Successive requests of one person don't compete and are not delayed.
 */

/** Interval at which a waiting request checks for the result of another one, ms. */
const POLL_MS = 100;
/** Redis refuses a lease of no time, ms. */
const SHORTEST_LEASE_MS = 1;
/** Shortest time between the starts of two requests to MAX for one chat under contention, ms. */
const MIN_SPACING_MS = 1_000;

export interface LastKnown {
  readonly participants_count: number | null;
  readonly updated_at: string | null;
  readonly age_seconds: number | null;
}

export type RefreshOneOutcome =
  | { readonly kind: 'updated'; readonly count: number; readonly updatedAt: string }
  | { readonly kind: 'not_in_max' }
  /** The chat was deleted meanwhile. */
  | { readonly kind: 'deleted' }
  | { readonly kind: 'unavailable'; readonly status: UnavailableStatus; readonly lastKnown: LastKnown }
  | {
      readonly kind: 'max_unreachable';
      readonly reason: MaxErrorKind | RefusalReason;
      readonly retryAfterMs: number;
      readonly lastKnown: LastKnown;
    };

interface RefreshOneDeps {
  readonly chatStore: ChatStore;
  readonly leases: Leases;
  readonly refreshChat: RefreshChat;
  readonly clock: Clock;
  readonly newId: () => string;
}

/** `Retry-After` for the client if MAX named none, ms. */
const RETRY_AFTER_MS: Readonly<Record<MaxErrorKind | RefusalReason, number>> = {
  busy: 2_000,
  cooling: 5_000,
  no_limiter: 10_000,
  timeout: 5_000,
  network: 10_000,
  server: 10_000,
  rate_limited: 5_000,
  auth: 300_000,
};

/**
 * Refreshes one chat.
 * @param stored the chat, just read from the store.
 * @param arrivedAt when the request reached the service, Unix ms, by the clock of API Gateway.
 * @param deadline until when to wait for MAX or for another request, Unix ms. Storing the count comes after it.
 */
export const createRefreshOne =
  (deps: RefreshOneDeps) =>
  async (stored: StoredChat, arrivedAt: number, deadline: number): Promise<RefreshOneOutcome> => {
    const { clock, leases } = deps;
    const { chat } = stored;
    if (chat.maxChatId === null) return { kind: 'not_in_max' };
    const readable = { id: chat.id, maxChatId: chat.maxChatId };
    const answered = answerOf(stored);
    if (answered) return answered;
    const owner = deps.newId();

    let taken: boolean | undefined;
    let competes = false;
    for (;;) {
      taken = await leases.takeFetching(chat.id, owner, Math.max(SHORTEST_LEASE_MS, deadline - clock.now()));
      // `undefined`: leases are not available. Two requests to MAX do less harm than none.
      if (taken !== false) break;
      if (!competes) await leases.noteContention(chat.id, MIN_SPACING_MS);
      competes = true;
      await clock.sleep(POLL_MS);
      const theirs = await answeredSince();
      if (theirs) return theirs;
      if (clock.now() >= deadline) return unreachable('busy');
    }
    try {
      if (taken) {
        // Another request may have finished after `stored` was read and before the lease was taken.
        const [now, contended] = await Promise.all([
          deps.chatStore.get(chat.id),
          competes || leases.isContended(chat.id),
        ]);
        if (!now) return { kind: 'deleted' };
        const theirs = answerOf(now);
        if (theirs) return theirs;
        const pauseMs = (now.checkedAt ?? 0) + MIN_SPACING_MS - clock.now();
        if (contended && pauseMs > 0) await clock.sleep(Math.min(pauseMs, MIN_SPACING_MS));
      }
      const outcome = await deps.refreshChat(readable, { lane: 'interactive', deadline });
      switch (outcome.kind) {
        case 'updated':
          return updated(outcome.count, outcome.readAt);
        case 'superseded':
          return (await answeredSince()) ?? unreachable('busy');
        case 'unavailable':
          return { ...outcome, lastKnown: lastKnown() };
        case 'failed':
          return unreachable(outcome.error, outcome.retryAfterMs);
        case 'not_permitted':
          return unreachable(outcome.reason, outcome.retryAfterMs);
      }
    } finally {
      await leases.release(chat.id, owner);
    }

    /** Returns MAX's response to another request since this one arrived, if any. */
    async function answeredSince(): Promise<RefreshOneOutcome | undefined> {
      const now = await deps.chatStore.get(chat.id);
      return now ? answerOf(now) : { kind: 'deleted' };
    }

    function answerOf(now: StoredChat): RefreshOneOutcome | undefined {
      if (now.checkedAt === null || now.checkedAt < arrivedAt) return undefined;
      if (now.chat.status !== 'active') {
        return { kind: 'unavailable', status: now.chat.status, lastKnown: lastKnown() };
      }
      return now.participantsCount === null ? undefined : updated(now.participantsCount, now.checkedAt);
    }

    function updated(count: number, readAt: number): RefreshOneOutcome {
      return { kind: 'updated', count, updatedAt: new Date(readAt).toISOString() };
    }

    function unreachable(reason: MaxErrorKind | RefusalReason, retryAfterMs?: number): RefreshOneOutcome {
      return {
        kind: 'max_unreachable',
        reason,
        retryAfterMs: retryAfterMs ?? RETRY_AFTER_MS[reason],
        lastKnown: lastKnown(),
      };
    }

    function lastKnown(): LastKnown {
      const { participantsCount: participants_count, readAt } = stored;
      return {
        participants_count,
        updated_at: readAt === null ? null : new Date(readAt).toISOString(),
        age_seconds: readAt === null ? null : Math.max(0, Math.round((clock.now() - readAt) / 1_000)),
      };
    }
  };
