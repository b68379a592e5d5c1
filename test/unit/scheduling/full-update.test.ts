import { beforeEach, describe, expect, test } from 'vitest';
import {
  createListFullUpdates,
  createPlanFullUpdate,
  createReadFullUpdate,
  createStartFullUpdate,
  estimateSeconds,
} from '../../../lib/scheduling/full-update.ts';
import type { ChatStore } from '../../../lib/state/chat-store.ts';
import type { PlanMessage, PlanQueue } from '../../../lib/state/queues.ts';
import { NO_COUNTS, STALLED_AFTER_MS } from '../../../lib/state/run-store.ts';
import { type FakeClock, fakeClock } from '../../support/fake-clock.ts';
import { DEATHS, mortals, type Worker } from '../../support/mortal.ts';
import { type MemoryQueue, memoryQueue } from '../../support/participants.ts';
import { created, line, openMemory, type Stores, T0 } from '../../support/stores.ts';

let clock: FakeClock;
let stores: Stores;
let queue: MemoryQueue;
let plans: PlanMessage[];
let planQueue: PlanQueue;
let runs: number;

beforeEach(() => anew());

async function anew() {
  clock = fakeClock(T0);
  stores = await openMemory();
  queue = memoryQueue();
  plans = [];
  planQueue = { send: async (message) => void plans.push(message) };
  runs = 0;
}

function depsOf(worker?: Worker) {
  const through: Worker['through'] = worker?.through ?? ((port) => port);
  return {
    chatStore: through(stores.chats),
    runStore: through(stores.runs),
    queue: through(queue),
    planQueue: through(planQueue),
    clock,
    newId: () => `run-${++runs}`,
    settings: { batchSize: 50, requestsPerSecond: 27.6 },
  };
}

const start = () => createStartFullUpdate(depsOf())();
const plan = (deadline = clock.now() + 60_000, runId = 'run-1') => createPlanFullUpdate(depsOf())(runId, deadline);
const reportOf = (runId = 'run-1') => createReadFullUpdate(depsOf())(runId);
const plannedIds = () => queue.messages.flatMap(({ message }) => message.ids);
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const chats = (n: number) =>
  stores.chats.importMany(
    range(1, n).map((i) => line(`-${i}`)),
    T0 - 1,
  );
const gone = (id: number) =>
  stores.counts.apply(
    { id, maxChatId: `-${id}` },
    { kind: 'unavailable', status: 'gone' },
    { askedAt: T0 - 1, dueAt: T0 },
  );

/** Simulates the refresh workers: each message is recorded once, with all its chats done. */
async function workOff(): Promise<number[]> {
  const ids = plannedIds();
  for (const { message } of queue.messages.splice(0)) {
    if (!message.run) throw new Error('a message of no run');
    const counts = { ...NO_COUNTS, done: message.ids.length, changed: 1 };
    await stores.runs.book(message.run.id, message.run.part, { counts, remaining: [] }, clock.now());
  }
  return ids;
}

describe('a run', () => {
  test('plans every chat once, in order, and is finished when all are done', async () => {
    await chats(1_100);
    const { started, run } = await start();
    expect([started, run]).toEqual([
      true,
      {
        ...{ run_id: 'run-1', status: 'planning', total: 1_100, done: 0, changed: 0, failed: 0, unavailable: 0 },
        ...{ started_at: new Date(T0).toISOString(), finished_at: null, eta_seconds: 40 },
      },
    ]);
    expect(plans).toEqual([{ run_id: 'run-1' }]);
    expect(await plan()).toBe('through');
    expect(plannedIds()).toEqual(range(1, 1_100));
    expect(queue.messages.map(({ queue, message }) => [queue, message.ids.length, message.requested_at])).toEqual(
      Array(22).fill(['bulk', 50, T0]),
    );
    expect(new Set(queue.messages.map(({ message }) => message.run?.part)).size).toBe(22);
    expect(await reportOf()).toMatchObject({ status: 'running', total: 1_100, done: 0 });

    await clock.advance(60_000);
    await workOff();
    expect(await reportOf()).toMatchObject({
      ...{ status: 'finished', total: 1_100, done: 1_100, changed: 22, eta_seconds: null },
      finished_at: new Date(T0 + 60_000).toISOString(),
    });
  });

  test("counts chats that can't be fetched from MAX as done", async () => {
    await chats(3);
    await created(stores.chats, {}, T0 - 1);
    await gone(2);
    await start();
    await plan();
    expect(plannedIds()).toEqual([1, 3]);
    expect(await reportOf()).toMatchObject({ status: 'running', total: 4, done: 2, unavailable: 2 });
  });

  test('reads chats that were created until its start', async () => {
    for (const [id, at] of [
      [1, T0],
      [2, T0 + 1],
    ] as const)
      await created(stores.chats, { maxChatId: `-${id}` }, at);
    await start();
    await plan();
    expect(plannedIds()).toEqual([1]);
  });

  test('that another call plans meanwhile is left to it', async () => {
    await chats(3);
    await start();
    const runStore = { ...stores.runs, savePage: async () => undefined };
    expect(await createPlanFullUpdate({ ...depsOf(), runStore })('run-1', clock.now() + 60_000)).toBe('idle');
    expect(queue.requests).toBe(0);
  });

  test('of nothing is finished at once', async () => {
    await start();
    expect(await plan()).toBe('through');
    expect(await reportOf()).toMatchObject({ status: 'finished', total: 0, done: 0, eta_seconds: null });
    expect(queue.requests).toBe(0);
  });

  test('with an unknown id is undefined', async () => {
    expect(await reportOf('run-7')).toBeUndefined();
    expect(await plan(undefined, 'run-7')).toBe('idle');
  });
});

test('the latest runs are listed with their results, the newest first', async () => {
  expect(await createListFullUpdates(depsOf())(5)).toEqual([]);
  await chats(10);
  await start();
  await clock.advance(STALLED_AFTER_MS + 1);
  await start();
  await plan(undefined, 'run-2');
  await workOff();
  const runs = await createListFullUpdates(depsOf())(5);
  expect(runs).toEqual([await reportOf('run-2'), await reportOf('run-1')]);
  expect(runs).toMatchObject([
    { status: 'finished', done: 10 },
    { status: 'stalled', done: 0 },
  ]);
});

describe('only one at a time', () => {
  test('a second start returns the run in progress', async () => {
    await chats(10);
    const outcomes = await Promise.all([start(), start(), start()]);
    expect(outcomes.map(({ started }) => started).sort()).toEqual([false, false, true]);
    expect(new Set(outcomes.map(({ run }) => run.run_id))).toEqual(new Set(['run-1']));
    await plan();
    plans.length = 0;
    // Scheduled, but still in progress.
    expect(await start()).toMatchObject({ started: false, run: { run_id: 'run-1', status: 'running' } });
    expect(plans).toEqual([]);
    await workOff();
    expect(await start()).toMatchObject({ started: true, run: { status: 'planning', done: 0 } });
  });

  test('if a starter died before it requested the planning, the next start does so', async () => {
    await chats(1);
    const { send } = planQueue;
    planQueue.send = () => Promise.reject(new Error('no queue'));
    await expect(start()).rejects.toThrow('no queue');
    planQueue.send = send;
    expect(await start()).toMatchObject({ started: false });
    expect(plans).toEqual([{ run_id: 'run-1' }]);
  });

  test('a run without progress for half an hour is replaced', async () => {
    await chats(10);
    await start();
    await clock.advance(STALLED_AFTER_MS);
    expect(await start()).toMatchObject({ started: false });
    await clock.advance(1);
    expect(await reportOf()).toMatchObject({ status: 'stalled', eta_seconds: null, finished_at: null });
    const { started, run } = await start();
    expect([started, run.status, run.run_id === 'run-1']).toEqual([true, 'planning', false]);
  });

  test('progress keeps a run alive', async () => {
    await chats(1_100);
    await start();
    await clock.advance(STALLED_AFTER_MS - 1);
    await plan();
    await clock.advance(STALLED_AFTER_MS);
    expect(await reportOf()).toMatchObject({ status: 'running' });
    await workOff();
    expect(await reportOf()).toMatchObject({ status: 'finished' });
  });
});

describe('the planning', () => {
  test('stops when its time is over, and continues from its cursor', async () => {
    await chats(1_100);
    await start();
    plans.length = 0;
    const chatStore: ChatStore = {
      ...stores.chats,
      async outlines(after, limit) {
        await clock.sleep(1_000);
        return stores.chats.outlines(after, limit);
      },
    };
    const slow = (deadline: number) => clock.until(createPlanFullUpdate({ ...depsOf(), chatStore })('run-1', deadline));
    expect(await slow(T0 + 1_500)).toBe('continued');
    expect(plans).toEqual([{ run_id: 'run-1' }]);
    expect(plannedIds()).toEqual(range(1, 1_000));
    expect(await reportOf()).toMatchObject({ status: 'planning', total: 1_100 });
    expect(await slow(clock.now() + 1_500)).toBe('through');
    expect(plannedIds()).toEqual(range(1, 1_100));
  });

  test('is enqueued again if there was no time at all', async () => {
    await chats(1);
    await start();
    plans.length = 0;
    expect(await plan(clock.now())).toBe('continued');
    expect(plans).toHaveLength(1);
  });

  test('delivered twice concurrently plans once', async () => {
    await chats(1_100);
    await start();
    expect((await Promise.all([plan(), plan()])).sort()).toEqual(['idle', 'through']);
    await workOff();
    expect(await reportOf()).toMatchObject({ status: 'finished', total: 1_100, done: 1_100 });
    expect(await plan()).toBe('idle');
  });

  test('has one page in memory at a time', async () => {
    await chats(1_100);
    await start();
    const limits: number[] = [];
    const chatStore: ChatStore = {
      ...stores.chats,
      outlines(after, limit) {
        limits.push(limit);
        return stores.chats.outlines(after, limit);
      },
    };
    let most = 0;
    queue.send = async (_, messages) => {
      most = Math.max(most, messages.length);
    };
    await createPlanFullUpdate({ ...depsOf(), chatStore })('run-1', T0 + 1_000);
    expect([limits, most]).toEqual([[500, 500, 500], 10]);
  });

  test.each(['before', 'behind'])(
    'keeps the total exact while chats %s its cursor are created and deleted',
    async (where) => {
      await chats(1_100);
      await start();
      const chatStore: ChatStore = {
        ...stores.chats,
        async outlines(after, limit) {
          if (after === 500) {
            await created(stores.chats, { maxChatId: '-9000' }, T0 + 1);
            await stores.chats.delete(where === 'before' ? 7 : 507);
          }
          return stores.chats.outlines(after, limit);
        },
      };
      expect(await createPlanFullUpdate({ ...depsOf(), chatStore })('run-1', T0 + 1_000)).toBe('through');
      await workOff();
      const total = where === 'before' ? 1_100 : 1_099;
      expect(await reportOf()).toMatchObject({ status: 'finished', total, done: total });
    },
  );

  describe.each(DEATHS)('interrupted at any of its calls and delivered again (%s)', (death) => {
    test('keeps totals exact and omits no chat', async () => {
      let deaths = 0;
      for (let at = 0; ; at += 1) {
        await anew();
        await chats(1_050);
        await gone(3);
        await start();
        const fate = mortals(death, at);
        const asked = new Set<number>();
        let deliveries = 0;
        for (let ending = ''; !['through', 'idle'].includes(ending); ) {
          if (++deliveries > 3) throw new Error('delivered again and again');
          const worker = fate.worker();
          const planning = createPlanFullUpdate(depsOf(worker))('run-1', T0 + 1_000).catch(() => 'failed' as const);
          ending = await clock.until(Promise.race([planning, worker.dead]));
          // The workers may be faster than the delivery.
          if (at % 2) for (const id of await workOff()) asked.add(id);
        }
        for (const id of await workOff()) asked.add(id);
        expect(asked.size, `at call ${at}`).toBe(1_049);
        expect(await reportOf(), `at call ${at}`).toMatchObject({
          ...{ status: 'finished', total: 1_050, done: 1_050, unavailable: 1, failed: 0, changed: 21 },
        });
        if (!fate.met) break;
        deaths += 1;
      }
      // The run, and for each of three pages the listing, the saved page, the queue and the cursor.
      expect(deaths).toBe(1 + 3 * 4);
    });
  });
});

describe('the remaining time', () => {
  test('follows the quota at first and then the measured rate', async () => {
    await chats(1_000);
    await start();
    expect(await reportOf()).toMatchObject({ eta_seconds: Math.ceil(1_000 / 27.6) });
    await plan();
    queue.messages.length = 5;
    await workOff();
    await clock.advance(50_000);
    // 250 in 50 s: 750 more take 150 s.
    expect(await reportOf()).toMatchObject({ done: 250, eta_seconds: 150 });
  });

  test.each([
    [0, 0],
    [1, 1],
    [150_000, 5_435],
  ])('for %i chats is estimated as %i s', (n, seconds) => {
    expect(estimateSeconds(n, 27.6)).toBe(seconds);
  });
});
