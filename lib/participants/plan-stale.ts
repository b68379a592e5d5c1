import type { Clock } from '../runtime/clock.ts';
import type { CountStore, DueChat } from './count-store.ts';
import type { PlanStore } from './plan-store.ts';
import { chunk, type RefreshQueue } from './refresh-queue.ts';

/**
 * The background sync: puts what is due on the planned queue, the longest due first. Work and memory grow with what is
 * due, a page at a time; what doesn't fit into one interval's requests waits for the next plan.
 */

/** Ten messages of up to fifty chats: one SendMessageBatch a page at the default batch size. */
const PAGE = 500;

export interface PlanStaleDeps {
  readonly countStore: CountStore;
  readonly planStore: PlanStore;
  readonly queue: RefreshQueue;
  readonly clock: Clock;
  readonly settings: {
    readonly batchSize: number;
    readonly intervalMs: number;
    /** Requests a second MAX allows. */
    readonly rps: number;
    readonly freshMs: number;
  };
}

export type PlanStaleReport =
  | { readonly kind: 'planned'; readonly chats: number; readonly messages: number; readonly complete: boolean }
  /** The previous plan is still queued. */
  | { readonly kind: 'backlog'; readonly messages: number };

/**
 * @param deadline Unix ms at which to stop; the next plan goes on from there.
 */
export async function planStale(deps: PlanStaleDeps, deadline: number): Promise<PlanStaleReport> {
  const { clock, queue, settings } = deps;
  const startedAt = clock.now();
  let cursor = await deps.planStore.readCursor();
  if (!cursor) {
    const messages = await queue.depth('planned');
    if (messages > 0) return { kind: 'backlog', messages };
  }
  const most = Math.ceil((settings.intervalMs / 1_000) * settings.rps);
  let chats = 0;
  let messages = 0;
  let outOfTime = false;
  while (chats < most && !outOfTime) {
    const due = await deps.countStore.due(startedAt, Math.min(PAGE, most - chats), cursor);
    if (due.length === 0) break;
    const batches = chunk(due, settings.batchSize);
    await queue.send(
      'planned',
      batches.map((batch) => ({ ids: batch.map((chat) => chat.id), requested_at: startedAt })),
    );
    chats += due.length;
    messages += batches.length;
    cursor = due.at(-1);
    outOfTime = clock.now() >= deadline;
    // Kept page by page, so that a plan that is cut off goes on where it was.
    await deps.planStore.writeCursor(cursor);
  }
  if (!outOfTime) await deps.planStore.writeCursor(undefined);
  return { kind: 'planned', chats, messages, complete: !outOfTime };
}

export interface Staleness {
  readonly total: number;
  /** Chats whose count is due. */
  readonly stale: number;
  /** Age of the oldest count in seconds; one that was never read counts as due since the chat's creation. */
  readonly oldestSeconds: number;
  /** Share of chats whose count is fresher than one hour, from 0 to 1. */
  readonly fresherThanHour: number;
}

/** How stale the whole is, read from the due index: grows with what is due, not with what exists. */
export async function measureStaleness(
  deps: PlanStaleDeps & { readonly chatStore: { total(scope: 'all'): Promise<number> } },
): Promise<Staleness> {
  const now = deps.clock.now();
  const { freshMs } = deps.settings;
  // A count read at t is due at t + freshMs, so older than an hour means due before now + freshMs − 1 h.
  const hourAgo = now + freshMs - 3_600_000;
  const [total, stale, olderThanHour, oldest]: [number, number, number, readonly DueChat[]] = await Promise.all([
    deps.chatStore.total('all'),
    deps.countStore.countDue(now),
    deps.countStore.countDue(hourAgo),
    deps.countStore.due(Number.MAX_SAFE_INTEGER, 1, undefined),
  ]);
  const first = oldest[0];
  return {
    total,
    stale,
    oldestSeconds: first ? Math.max(0, Math.round((now - (first.due_at - freshMs)) / 1_000)) : 0,
    fresherThanHour: total === 0 ? 1 : Math.max(0, (total - olderThanHour) / total),
  };
}
