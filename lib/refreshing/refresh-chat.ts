import type { Clock } from '../base/clock.ts';
import type { ChatStatus } from '../chats/chat.ts';
import type { NextRefresh, ScheduledRefresh, ScheduleNext } from '../chats/planning.ts';
import type { ChatAnswer, MaxError } from '../max-api/api.ts';
import type { CountCache } from '../state/count-cache.ts';
import type { CountStore, Reading } from '../state/count-store.ts';
import type { HistoryWriter } from '../state/history.ts';
import type { Telemetry } from '../state/telemetry.ts';
import type { FetchCount, MaxResponse, RequestOptions } from './request-max.ts';

/** Fetches counts from MAX and stores them. All refreshes use this module. */

type Readable = { readonly id: number; readonly maxChatId: string };

export type UnavailableStatus = Exclude<ChatStatus, 'active'>;

export type AppliedOutcome =
  | { readonly kind: 'updated'; readonly count: number; readonly readAt: number; readonly changed: boolean }
  /** MAX responded, but a newer reading was stored meanwhile. */
  | { readonly kind: 'superseded' }
  | { readonly kind: 'unavailable'; readonly status: UnavailableStatus };

export type RefreshOutcome =
  /** `scheduled`: absent if the caller gave no `scheduleNext`. */
  | (Extract<AppliedOutcome, { kind: 'updated' }> & { readonly scheduled?: ScheduledRefresh | undefined })
  | Exclude<AppliedOutcome, { kind: 'updated' }>
  | Exclude<MaxResponse<never>, { kind: 'answered' }>;

interface ApplyDeps {
  readonly countStore: CountStore;
  readonly history: HistoryWriter;
  readonly cache: CountCache;
  readonly settings: { readonly freshMs: number };
}

/** The part of MAX's response about a chat that concerns the count. */
export type CountAnswer =
  | Pick<Extract<ChatAnswer, { kind: 'count' }>, 'kind' | 'count'>
  | Exclude<ChatAnswer, MaxError | { kind: 'count' }>;

/**
 * Stores MAX's response to a request sent at `askedAt` (Unix ms). Rejects only if the durable store does.
 * @param next when the chat is next due; by default when its count becomes stale.
 */
export type ApplyAnswer = (
  chat: Readable,
  answer: CountAnswer,
  askedAt: number,
  next?: NextRefresh,
) => Promise<AppliedOutcome>;

export function createApplyAnswer({ countStore, history, cache, settings }: ApplyDeps): ApplyAnswer {
  return async function applyAnswer(chat, answer, askedAt, next = { dueAt: askedAt + settings.freshMs }) {
    const reading: Reading =
      answer.kind === 'count'
        ? { kind: 'count', count: answer.count }
        : { kind: 'unavailable', status: statusOf(answer) };
    // The durable store first, so that the cache never holds a count that the store lacks.
    const applied = await countStore.apply(chat, reading, { ...next, askedAt });
    if (applied.kind === 'superseded') return applied;
    if (reading.kind === 'unavailable') return reading;
    const updatedAt = new Date(askedAt).toISOString();
    const trusted = applied.knownCorrect ? { eventsTrusted: true as const } : {};
    const changed = applied.before !== reading.count;
    await Promise.all([
      cache.putMany(
        new Map([[chat.id, { count: reading.count, updatedAt, source: 'api', maxChatId: chat.maxChatId, ...trusted }]]),
      ),
      // A reading is applied once, so it is recorded once. A crash in between loses one change of the day's history.
      changed ? history.record(chat.id, { count: reading.count, readAt: askedAt }) : undefined,
    ]);
    return { kind: 'updated', count: reading.count, readAt: askedAt, changed };
  };
}

function statusOf(answer: Exclude<CountAnswer, { kind: 'count' }>): UnavailableStatus {
  switch (answer.kind) {
    case 'inactive':
      return answer.status;
    case 'denied':
      return 'denied';
    case 'not_found':
      return 'gone';
  }
}

interface RefreshDeps {
  readonly fetchCount: FetchCount;
  readonly applyAnswer: ApplyAnswer;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

/** Fetches a count, schedules the next refresh, and stores both. Rejects only if the durable store does. */
export type RefreshChat = (
  chat: Readable,
  options: RequestOptions,
  scheduleNext?: ScheduleNext,
) => Promise<RefreshOutcome>;

export function createRefreshChat({ fetchCount, applyAnswer, clock, telemetry }: RefreshDeps): RefreshChat {
  return async function refreshChat(chat, options, scheduleNext) {
    const startedAt = clock.now();
    const asked = await fetchCount(chat.maxChatId, options);
    if (asked.kind !== 'answered') return asked;
    const { answer, askedAt } = asked;
    const scheduled = answer.kind === 'count' ? scheduleNext?.(answer, askedAt) : undefined;
    const outcome = await applyAnswer(chat, answer, askedAt, scheduled);
    if (outcome.kind !== 'updated') return outcome;
    telemetry.updated({ durationMs: clock.now() - startedAt, changed: outcome.changed });
    return { ...outcome, scheduled };
  };
}
