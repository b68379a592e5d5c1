import { chunks } from '../base/chunks.ts';
import type { Clock } from '../base/clock.ts';
import { isReadable } from '../chats/chat.ts';
import type { ChatStore } from '../state/chat-store.ts';
import type { PlanQueue, RefreshQueue } from '../state/queues.ts';
import { NO_COUNTS, type Run, type RunStatus, type RunStore, statusOf } from '../state/run-store.ts';

/**
 * The full update: every chat once, in the order of ids. Its planning walks the listing by id a page at a time and saves
 * its place behind every page, so a planner that is cut off or delivered twice goes on where it was.
 */

/** Ten messages of fifty chats: one SendMessageBatch a page at the default batch size. */
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
  /** Seconds left at the pace so far (at the quota's, before there is one); `null` when it isn't running. */
  readonly eta_seconds: number | null;
}

/** Starts a run, or answers with the one that is under way. Round trips: 1 GetItem, 2 for the run, 1 SendMessage. */
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
  // Also for a run found unplanned: should its start have died before this line, the planning begins now.
  if (started || run.cursor !== null) await deps.planQueue.send({ run_id: run.id });
  return { started, run: report(run, now, deps.settings.requestsPerSecond) };
};

export const createReadFullUpdate =
  (deps: ReadDeps) =>
  async (runId: string): Promise<RunReport | undefined> => {
    const run = await deps.runStore.get(runId);
    return run && report(run, deps.clock.now(), deps.settings.requestsPerSecond);
  };

/** Seconds that reading `chats` takes at the quota. */
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
 * Plans a run from where it is until every chat is planned or `deadline` (Unix ms) has come; then it asks to be called
 * again. Safe to run twice at once: one of the two finds that it doesn't advance, and stops.
 */
export const createPlanFullUpdate =
  (deps: PlanDeps) =>
  async (runId: string, deadline: number): Promise<'through' | 'continued' | 'idle'> => {
    const { clock, runStore } = deps;
    const run = await runStore.get(runId);
    if (!run || run.cursor === null) return 'idle';
    let at = run.cursor;
    while (clock.now() < deadline) {
      const page = await deps.chatStore.outlines(at, PAGE);
      // What was created since was read when it was created.
      const chats = page.chats.filter((chat) => Date.parse(chat.createdAt) <= run.startedAt);
      const readable = chats.filter(isReadable).map((chat) => chat.id);
      // Parts are named by where they begin, so a page sent twice has the same parts and is booked once.
      const messages = chunks(readable, deps.settings.batchSize).map((ids, i) => ({
        ids,
        requested_at: run.startedAt,
        run: { id: runId, part: `${at}.${i}` },
      }));
      if (messages.length > 0) await deps.queue.send('bulk', messages);
      const next = page.next ?? null;
      const added = { planned: chats.length, unavailable: chats.length - readable.length };
      if (!(await runStore.advance(runId, at, next, added, clock.now()))) return 'idle';
      if (next === null) return 'through';
      at = next;
    }
    await deps.planQueue.send({ run_id: runId });
    return 'continued';
  };
