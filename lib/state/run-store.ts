/**
 * A full update: every chat read once; `done`, `failed` and `unavailable` count exactly, whatever is delivered twice or dies
 * half-way. `changed` may miss the chats of a worker that died between writing them and booking its part.
 */

export interface RunCounts {
  /** Chats with an outcome, whichever. */
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
  /** Unix ms of the last sign of life. */
  readonly progressedAt: number;
  /** Chats there were at the start; what `total` shows until the planning is through. */
  readonly expected: number;
  /** Chats planned so far. */
  readonly planned: number;
  /** The planning goes on behind this chat id; `null` when every chat is planned. */
  readonly cursor: number | null;
}

/** Silence after which a run is taken for dead, so that a new one may start. Longer than any put-back delay (15 min). */
export const STALLED_AFTER_MS = 30 * 60_000;

export type RunStatus = 'planning' | 'running' | 'finished' | 'stalled';

export function statusOf(run: Run, now: number): RunStatus {
  if (run.cursor === null && run.done >= run.planned) return 'finished';
  if (now - run.progressedAt > STALLED_AFTER_MS) return 'stalled';
  return run.cursor === null ? 'running' : 'planning';
}

export const isUnderWay = (run: Run | undefined, now: number): boolean =>
  run !== undefined && ['planning', 'running'].includes(statusOf(run, now));

/** What one message of a run came to: its chats' outcomes, and those that go back to the queue as the next part. */
export interface PartResult {
  readonly counts: RunCounts;
  readonly remaining: readonly number[];
}

export interface RunStore {
  /** Starts a run unless one is under way (neither finished nor stalled): then answers with that one. */
  start(run: Run, now: number): Promise<{ readonly started: boolean; readonly run: Run }>;
  get(runId: string): Promise<Run | undefined>;
  /** The run that was started last. */
  current(): Promise<Run | undefined>;
  /**
   * Advances the planning from `from` to `to` (`null`: through), adding what was planned and what needs no request.
   * Changes nothing when the run is no longer at `from`. @returns whether it advanced.
   */
  advance(
    runId: string,
    from: number,
    to: number | null,
    added: { readonly planned: number; readonly unavailable: number },
    now: number,
  ): Promise<boolean>;
  /**
   * Books the result of a part, once: a part already booked changes nothing, and its first result is returned, so that
   * whoever repeats it sends the same remainder.
   */
  book(runId: string, part: string, result: PartResult, now: number): Promise<PartResult>;
}
