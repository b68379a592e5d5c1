import type { Clock } from '../base/clock.ts';
import type { StoredChat } from '../chats/chat.ts';
import type { MaxErrorKind } from '../max-api/api.ts';
import type { ChatStore } from '../state/chat-store.ts';
import type { Leases } from '../state/count-cache.ts';
import type { RefreshChat, UnavailableStatus } from './refresh-chat.ts';

/**
 * A person wants the count of one chat now. Round trips: 1 GetItem, 1 lease, 1 permit, MAX, 1 UpdateItem, 1 cache write;
 * while somebody else asks for the same chat 1 lease, 1 GET and 1 GetItem every 50 ms.
 */

/** Longest wait for MAX: leaves room for the stores in a ten-second function. */
const BUDGET_MS = 8_000;
/** One GetItem each. */
const POLL_MS = 100;

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
      readonly reason: MaxErrorKind | 'busy' | 'cooling';
      readonly retryAfterMs: number;
      readonly lastKnown: LastKnown;
    };

export interface RefreshOneDeps {
  readonly chatStore: ChatStore;
  readonly leases: Leases;
  readonly refreshChat: RefreshChat;
  readonly clock: Clock;
  readonly newId: () => string;
}

/** Waiting before the next try, where MAX named none. */
const RETRY_AFTER_MS: Readonly<Record<MaxErrorKind | 'busy' | 'cooling', number>> = {
  busy: 2_000,
  cooling: 5_000,
  timeout: 5_000,
  network: 10_000,
  server: 10_000,
  rate_limited: 5_000,
  auth: 300_000,
};

export async function refreshOne(deps: RefreshOneDeps, stored: StoredChat): Promise<RefreshOneOutcome> {
  const { clock, leases } = deps;
  const { chat } = stored;
  if (chat.maxChatId === null) return { kind: 'not_in_max' };
  const readable = { id: chat.id, maxChatId: chat.maxChatId };
  const startedAt = clock.now();
  const deadline = startedAt + BUDGET_MS;
  const owner = deps.newId();

  for (;;) {
    // `undefined`: no leases now. A doubled request is then the smaller evil.
    const taken = await leases.takeFetching(chat.id, owner, BUDGET_MS);
    if (taken !== false) break;
    // Somebody is asking MAX for this chat: what is read after this request came in is as good as one's own answer.
    await clock.sleep(POLL_MS);
    const theirs = await answeredSince();
    if (theirs) return theirs;
    if (clock.now() >= deadline) return unreachable('busy', 0);
  }
  try {
    const outcome = await deps.refreshChat(readable, { lane: 'interactive', deadline });
    switch (outcome.kind) {
      case 'updated':
        return updated(outcome.count, outcome.readAt);
      case 'superseded':
        return (await answeredSince()) ?? unreachable('busy', 0);
      case 'unavailable':
        return { ...outcome, lastKnown: lastKnown() };
      case 'failed':
        return unreachable(outcome.error, outcome.retryAfterMs ?? 0);
      case 'not_permitted':
        return unreachable(outcome.reason, outcome.retryAfterMs);
    }
  } finally {
    await leases.release(chat.id, owner);
  }

  /** What MAX answered to somebody else since this request came in. */
  async function answeredSince(): Promise<RefreshOneOutcome | undefined> {
    const now = await deps.chatStore.get(chat.id);
    if (!now) return { kind: 'deleted' };
    if (now.checkedAt === null || now.checkedAt < startedAt) return undefined;
    if (now.chat.status !== 'active') {
      return { kind: 'unavailable', status: now.chat.status, lastKnown: lastKnown() };
    }
    return now.participantsCount === null ? undefined : updated(now.participantsCount, now.checkedAt);
  }

  function updated(count: number, readAt: number): RefreshOneOutcome {
    return { kind: 'updated', count, updatedAt: new Date(readAt).toISOString() };
  }

  function unreachable(reason: MaxErrorKind | 'busy' | 'cooling', retryAfterMs: number): RefreshOneOutcome {
    return {
      kind: 'max_unreachable',
      reason,
      retryAfterMs: retryAfterMs || RETRY_AFTER_MS[reason],
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
}
