import {
  isUnderWay,
  type PartResult,
  type PlannedPage,
  type Run,
  type RunStore,
} from '../../../lib/state/run-store.ts';

/** Runs in memory. They never expire. */
export function createMemoryRunStore(): RunStore {
  const runs = new Map<string, Run>();
  const parts = new Map<string, PartResult>();
  const pages = new Map<string, PlannedPage>();
  let current: string | undefined;

  return {
    async get(runId) {
      return runs.get(runId);
    },

    async current() {
      return current === undefined ? undefined : runs.get(current);
    },

    async latest(limit) {
      return [...runs.values()].toReversed().slice(0, limit);
    },

    async start(run, now) {
      const last = current === undefined ? undefined : runs.get(current);
      if (last && isUnderWay(last, now)) return { started: false, run: last };
      if (runs.has(run.id)) throw new Error(`Run ${run.id} was started before`);
      runs.set(run.id, run);
      current = run.id;
      return { started: true, run };
    },

    async savePage(runId, from, page) {
      if (runs.get(runId)?.cursor !== from) return undefined;
      const saved = pages.get(runId) ?? page;
      pages.set(runId, saved);
      return saved;
    },

    async advance(runId, from, to, { planned, unavailable }, now) {
      const run = runs.get(runId);
      if (run?.cursor !== from) return false;
      pages.delete(runId);
      runs.set(runId, {
        ...run,
        cursor: to,
        progressedAt: now,
        planned: run.planned + planned,
        done: run.done + unavailable,
        unavailable: run.unavailable + unavailable,
      });
      return true;
    },

    async book(runId, part, result, now) {
      const key = JSON.stringify([runId, part]);
      const booked = parts.get(key);
      if (booked) return booked;
      const run = runs.get(runId);
      if (!run) throw new Error(`There is no run ${runId} to book a part of`);
      const { counts } = result;
      parts.set(key, result);
      runs.set(runId, {
        ...run,
        progressedAt: now,
        done: run.done + counts.done,
        changed: run.changed + counts.changed,
        failed: run.failed + counts.failed,
        unavailable: run.unavailable + counts.unavailable,
      });
      return result;
    },
  };
}
