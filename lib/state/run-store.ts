/**
 * Runs of full updates. A run reads every chat once. `done`, `failed` and `unavailable` are exact, even if messages are delivered
 * twice or workers die. `changed` may miss chats of a worker that died after it stored them and before it recorded its part.
 */

export interface RunCounts {
  /** Number of chats with any outcome. */
  readonly done: number;
  readonly changed: number;
  readonly failed: number;
  readonly unavailable: number;
}

export const NO_COUNTS: RunCounts = { done: 0, changed: 0, failed: 0, unavailable: 0 };

export interface Run extends RunCounts {
  readonly id: string;
  /** Unix ms. */
  readonly startedAt: number;
  /** Time of the last progress, Unix ms. */
  readonly progressedAt: number;
  /** Number of chats at the start. The API shows it as `total` until the planning is complete. */
  readonly expected: number;
  /** Number of chats planned so far. */
  readonly planned: number;
  /** The planning continues after this chat id; `null` if all chats are planned. */
  readonly cursor: number | null;
}

/**
 * Time without progress after which a run counts as stalled, ms. A new run may start then. Longer than any delay in a queue (15
 * min).
 */
export const STALLED_AFTER_MS = 30 * 60_000;

/** Largest number of runs in a list: those of a month, the time for which runs are kept, with some that people start. */
export const MAX_LISTED_RUNS = 50;

export type RunStatus = 'planning' | 'running' | 'finished' | 'stalled';

export function statusOf(run: Run, now: number): RunStatus {
  if (run.cursor === null && run.done >= run.planned) return 'finished';
  if (now - run.progressedAt > STALLED_AFTER_MS) return 'stalled';
  return run.cursor === null ? 'running' : 'planning';
}

export const isUnderWay = (run: Run | undefined, now: number): boolean =>
  run !== undefined && ['planning', 'running'].includes(statusOf(run, now));

/**
 * The result of one part (message) of a run: the outcomes of its chats, and the chats that return to the queue as the next part.
 */
export interface PartResult {
  readonly counts: RunCounts;
  readonly remaining: readonly number[];
}

/** A page of the planning of a run, as it was read first. */
export interface PlannedPage {
  /** The chats that are sent to the queue, in this order. */
  readonly ids: readonly number[];
  /** Number of chats on the page, with those that need no request. */
  readonly planned: number;
  /** The planning continues after this chat id; `null`: it is complete. */
  readonly next: number | null;
}

export interface RunStore {
  /** Starts a run. If another run is in progress (neither finished nor stalled), returns that one. */
  start(run: Run, now: number): Promise<{ readonly started: boolean; readonly run: Run }>;
  get(runId: string): Promise<Run | undefined>;
  /** Returns the run that was started last. */
  current(): Promise<Run | undefined>;
  /** Returns the runs that were started last, the newest first. @param limit 1 to `MAX_LISTED_RUNS`. */
  latest(limit: number): Promise<readonly Run[]>;
  /**
   * Saves the page after the cursor before its messages are sent. If a page was saved there before, returns that one: a planning
   * that is repeated sends the same messages and counts the same chats, whatever happened to the chats meanwhile.
   * @returns `undefined` if the cursor is no longer `from`.
   */
  savePage(runId: string, from: number, page: PlannedPage): Promise<PlannedPage | undefined>;
  /**
   * Moves the cursor of the planning from `from` to `to` (`null`: complete), and adds the planned chats and those that need no
   * request. Changes nothing if the cursor is no longer `from`. @returns whether it moved.
   */
  advance(
    runId: string,
    from: number,
    to: number | null,
    added: { readonly planned: number; readonly unavailable: number },
    now: number,
  ): Promise<boolean>;
  /**
   * Records the result of a part once. If the part is already recorded, changes nothing and returns the first result, so that a
   * repeated delivery sends the same remainder.
   */
  book(runId: string, part: string, result: PartResult, now: number): Promise<PartResult>;
}
