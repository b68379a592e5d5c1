import { chunks } from '../base/chunks.ts';
import type { Clock } from '../base/clock.ts';
import { isReadable } from '../chats/chat.ts';
import type { ChatStore } from '../state/chat-store.ts';
import type { PlanQueue, RefreshQueue } from '../state/queues.ts';
import { NO_COUNTS, type Run, type RunStatus, type RunStore, statusOf } from '../state/run-store.ts';

/**
 * A full update refreshes every chat once, in the order of ids. The planning reads the listing by id page by page and saves its
 * cursor after every page. So a planner that is interrupted or delivered twice continues from there.
 */

/** Chats per page: ten messages of fifty chats, which is one SendMessageBatch at the default batch size. */
const PAGE = 500;

interface ReadDeps {
  readonly runStore: RunStore;
  readonly clock: Clock;
  readonly settings: { readonly requestsPerSecond: number };
}

interface StartDeps extends ReadDeps {
  readonly chatStore: Pick<ChatStore, 'total'>;
  readonly planQueue: PlanQueue;
  readonly newId: () => string;
}

interface PlanDeps {
  readonly chatStore: Pick<ChatStore, 'outlines'>;
  readonly runStore: RunStore;
  readonly queue: RefreshQueue;
  readonly planQueue: PlanQueue;
  readonly clock: Clock;
  readonly settings: { readonly batchSize: number };
}

export interface RunReport {
  readonly run_id: string;
  readonly status: RunStatus;
  readonly total: number;
  readonly done: number;
  readonly changed: number;
  readonly failed: number;
  readonly unavailable: number;
  readonly started_at: string;
  readonly finished_at: string | null;
  /** Remaining seconds at the present rate (before the first chat, at the quota); `null` if the run is not in progress. */
  readonly eta_seconds: number | null;
}

/** Starts a run, or returns the one in progress. Round trips: 1 GetItem, 2 for the run, 1 SendMessage. */
export const createStartFullUpdate = (deps: StartDeps) => async (): Promise<{ started: boolean; run: RunReport }> => {
  const now = deps.clock.now();
  const fresh: Run = {
    ...NO_COUNTS,
    id: deps.newId(),
    startedAt: now,
    progressedAt: now,
    expected: await deps.chatStore.total('all'),
    planned: 0,
    cursor: 0,
  };
  const { started, run } = await deps.runStore.start(fresh, now);
  // Also for a run whose planning is not complete, because its starter may have died before it sent this message.
  if (started || run.cursor !== null) await deps.planQueue.send({ run_id: run.id });
  return { started, run: report(run, now, deps.settings.requestsPerSecond) };
};

export const createReadFullUpdate =
  (deps: ReadDeps) =>
  async (runId: string): Promise<RunReport | undefined> => {
    const run = await deps.runStore.get(runId);
    return run && report(run, deps.clock.now(), deps.settings.requestsPerSecond);
  };

/** Returns the runs that were started last, the newest first. Round trips: 1 GetItem, 1 BatchGetItem. */
export const createListFullUpdates =
  ({ runStore, clock, settings }: ReadDeps) =>
  async (limit: number): Promise<RunReport[]> => {
    const runs = await runStore.latest(limit);
    return runs.map((run) => report(run, clock.now(), settings.requestsPerSecond));
  };

/** Returns the seconds for refreshing `chats` at the quota. */
export const estimateSeconds = (chats: number, requestsPerSecond: number) => Math.ceil(chats / requestsPerSecond);

function report(run: Run, now: number, requestsPerSecond: number): RunReport {
  const status = statusOf(run, now);
  const total = run.cursor === null ? run.planned : Math.max(run.expected, run.planned);
  const left = Math.max(0, total - run.done);
  const running = status === 'planning' || status === 'running';
  const pace = run.done > 0 ? run.done / Math.max(1, (now - run.startedAt) / 1_000) : requestsPerSecond;
  return {
    run_id: run.id,
    status,
    total,
    done: run.done,
    changed: run.changed,
    failed: run.failed,
    unavailable: run.unavailable,
    started_at: new Date(run.startedAt).toISOString(),
    finished_at: status === 'finished' ? new Date(run.progressedAt).toISOString() : null,
    eta_seconds: running ? Math.ceil(left / pace) : null,
  };
}

/**
 * Plans a run from its cursor until every chat is planned, or until `deadline` (Unix ms). Then it enqueues its continuation. Two
 * simultaneous calls are safe: one of them can't move the cursor, and stops.
 */
export const createPlanFullUpdate =
  (deps: PlanDeps) =>
  async (runId: string, deadline: number): Promise<'through' | 'continued' | 'idle'> => {
    const { clock, runStore } = deps;
    const run = await runStore.get(runId);
    if (!run || run.cursor === null) return 'idle';
    let at = run.cursor;
    while (clock.now() < deadline) {
      const listed = await deps.chatStore.outlines(at, PAGE);
      // Chats that were created after the start were read at their creation.
      const chats = listed.chats.filter((chat) => Date.parse(chat.createdAt) <= run.startedAt);
      const page = await runStore.savePage(runId, at, {
        ids: chats.filter(isReadable).map((chat) => chat.id),
        planned: chats.length,
        next: listed.next ?? null,
      });
      if (!page) return 'idle';
      // Parts are named by their first position, so a page that is sent twice has the same parts and is recorded once.
      const messages = chunks(page.ids, deps.settings.batchSize).map((ids, i) => ({
        ids,
        requested_at: run.startedAt,
        run: { id: runId, part: `${at}.${i}` },
      }));
      if (messages.length > 0) await deps.queue.send('bulk', messages);
      const added = { planned: page.planned, unavailable: page.planned - page.ids.length };
      if (!(await runStore.advance(runId, at, page.next, added, clock.now()))) return 'idle';
      if (page.next === null) return 'through';
      at = page.next;
    }
    await deps.planQueue.send({ run_id: runId });
    return 'continued';
  };
