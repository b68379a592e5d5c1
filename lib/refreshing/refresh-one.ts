import type { Clock } from '../base/clock.ts';
import type { StoredChat } from '../chats/chat.ts';
import type { MaxErrorKind } from '../max-api/api.ts';
import type { RefusalReason } from '../max-api/permits.ts';
import type { ChatStore } from '../state/chat-store.ts';
import type { Leases } from '../state/count-cache.ts';
import type { RefreshChat, UnavailableStatus } from './refresh-chat.ts';

/**
 * Refreshes the count of one chat for a person who waits. Round trips: 1 GetItem (by the caller), 1 lease, 1 GetItem beside
 * 1 EXISTS, 1 permit, MAX, 1 UpdateItem, 1 cache write, 1 release. While another request for the same chat is under way: 1 lease and
 * 1 GetItem every 100 ms.
 *
 * However many requests for one chat arrive within a second, MAX gets about two: a request uses any answer that MAX was asked
 * for after it arrived, and where requests compete for the lease, the next one to MAX starts a second after the last, so that it
 * answers all of them. Requests that follow each other without competing, as of one person, are not slowed down.
 */

/** Longest wait for MAX, ms. Leaves room for the stores in a function of ten seconds. */
const BUDGET_MS = 8_000;
/** How often a waiting request looks for the answer of another one, ms. */
const POLL_MS = 100;
/** Shortest time between the starts of two requests to MAX for one chat that requests compete for, ms. */
const MIN_SPACING_MS = 1_000;

export interface LastKnown {
  readonly participants_count: number | null;
  readonly updated_at: string | null;
  readonly age_seconds: number | null;
}

export type RefreshOneOutcome =
  | { readonly kind: 'updated'; readonly count: number; readonly updatedAt: string }
  | { readonly kind: 'not_in_max' }
  /** The chat was removed meanwhile. */
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

/** Waiting before the next try, where MAX named none. */
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
 * @param stored the chat as it was read just now.
 * @param arrivedAt Unix ms at which the request reached the service, by the clock of API Gateway.
 */
export const createRefreshOne =
  (deps: RefreshOneDeps) =>
  async (stored: StoredChat, arrivedAt: number): Promise<RefreshOneOutcome> => {
    const { clock, leases } = deps;
    const { chat } = stored;
    if (chat.maxChatId === null) return { kind: 'not_in_max' };
    const readable = { id: chat.id, maxChatId: chat.maxChatId };
    const answered = answerOf(stored);
    if (answered) return answered;
    const deadline = clock.now() + BUDGET_MS;
    const owner = deps.newId();

    let taken: boolean | undefined;
    let competes = false;
    for (;;) {
      taken = await leases.takeFetching(chat.id, owner, BUDGET_MS);
      // `undefined`: leases can't be used now. A doubled request does less harm than none.
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
        // Another request may have been answered between the reading of `stored` and the taking of the lease.
        const [now, contended] = await Promise.all([
          deps.chatStore.get(chat.id),
          competes || leases.isContended(chat.id),
        ]);
        const theirs = now ? answerOf(now) : ({ kind: 'deleted' } as const);
        if (theirs) return theirs;
        const pauseMs = (now?.checkedAt ?? 0) + MIN_SPACING_MS - clock.now();
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

    /** Reads what MAX answered to another request since this one arrived. */
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
