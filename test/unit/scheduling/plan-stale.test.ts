import { beforeEach, describe, expect, test } from 'vitest';
import { NOTHING_PLANNED } from '../../../lib/chats/planning.ts';
import { NO_FINDINGS } from '../../../lib/planner/findings.ts';
import type { Price } from '../../../lib/planner/sync.ts';
import { createPlanStale, type PlanStaleReport } from '../../../lib/scheduling/plan-stale.ts';
import type { CountStore, DueChat } from '../../../lib/state/count-store.ts';
import { NO_COUNTS } from '../../../lib/state/run-store.ts';
import type { SeenSubscription } from '../../../lib/state/subscription.ts';
import { type FakeClock, fakeClock } from '../../support/fake-clock.ts';
import { DEATHS, mortals } from '../../support/mortal.ts';
import { HOUR, type MemoryQueue, memoryQueue, memoryViewCounter } from '../../support/participants.ts';
import { created, line, openMemory, type Stores, T0 } from '../../support/stores.ts';

type PlanStaleDeps = Parameters<typeof createPlanStale>[0];

const INTERVAL = 900_000;
/** The longest interval of a chat, at any price. */
const LONG_AGO = 5_000 * HOUR;

let clock: FakeClock;
let subscription: SeenSubscription | undefined;
let stores: Stores;
let queue: MemoryQueue;
let viewCounter: ReturnType<typeof memoryViewCounter>;
const settings = {
  ...{ batchSize: 50, intervalMs: INTERVAL, windowMs: 30_000 },
  ...{ rps: 30, backgroundShare: 0.2, maxCallsPerHour: undefined },
};

beforeEach(async () => {
  clock = fakeClock(T0);
  subscription = undefined;
  stores = await openMemory();
  queue = memoryQueue();
  viewCounter = memoryViewCounter();
});

const depsOf = (some: Partial<PlanStaleDeps> = {}): PlanStaleDeps => ({
  chatStore: stores.chats,
  countStore: stores.counts,
  plannerStore: stores.planner,
  runStore: stores.runs,
  subscriptionStore: { read: async () => subscription },
  viewCounter,
  queue,
  clock,
  random: () => 0.5,
  settings,
  ...some,
});
type Scheduled = Extract<PlanStaleReport, { kind: 'planned' }>;
const plan = async (some: Partial<PlanStaleDeps> = {}, deadline = T0 + 100 * HOUR) =>
  (await createPlanStale(depsOf(some))(deadline)) as Scheduled;
const plannedIds = () => queue.messages.flatMap(({ message }) => message.ids);
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** Creates chats 1 to `n` that were never read; all are due since T0. */
const unread = (n: number) =>
  stores.chats.importMany(
    range(1, n).map((i) => line(`-${i}`)),
    T0,
  );

/** Creates chats. Chat `i` was read this long ago and became due `i` ms before now. */
async function due(n: number, ageMs = 5 * HOUR): Promise<void> {
  await unread(n);
  for (const i of range(1, n)) {
    const times = { askedAt: T0 - ageMs, dueAt: T0 - i };
    await stores.counts.apply({ id: i, maxChatId: `-${i}` }, { kind: 'count', count: 1 }, times);
  }
}

/** Simulates the workers between two syncs; @returns the chats that were in the queue. */
async function workOff(at = T0): Promise<number[]> {
  const ids = plannedIds();
  queue.messages.length = 0;
  for (const id of ids) {
    const times = { askedAt: at, dueAt: at + HOUR };
    await stores.counts.apply({ id, maxChatId: `-${id}` }, { kind: 'count', count: 2 }, times);
  }
  return ids;
}

const priceOf = async (): Promise<Price> => {
  const price = await stores.planner.readPrice();
  if (!price) throw new Error('no price');
  return price;
};

/** Sets the price, in correct views. */
async function setKappa(kappa: number): Promise<void> {
  if (!(await stores.planner.readPrice())) await plan();
  const price = await priceOf();
  queue.messages.length = 0;
  await stores.planner.writePrice({ ...price, state: { ...price.state, logKappa: Math.log(kappa) } }, NO_FINDINGS);
}

/** A due index without end. `read` returns how its pages were requested. */
function endless(readAt: number | null = null) {
  const read: { limit: number; after: Pick<DueChat, 'id' | 'dueAt'> | undefined }[] = [];
  const countStore: CountStore = {
    ...stores.counts,
    async due(_before, limit, after) {
      read.push({ limit, after });
      const from = (after?.id ?? 0) + 1;
      return range(from, from + limit - 1).map((id) => ({
        id,
        dueAt: T0,
        readAt,
        planning: NOTHING_PLANNED,
      }));
    },
  };
  return { countStore, read };
}

describe('a sync', () => {
  test('enqueues first reads at once, in order of due times, in messages of the batch size', async () => {
    await unread(120);
    await created(stores.chats, {}, T0);
    expect(await plan()).toMatchObject({ kind: 'planned', chats: 120, messages: 3, leftOver: 0, complete: true });
    expect(plannedIds()).toEqual(range(1, 120));
    expect(queue.messages.map(({ queue, message, delayMs }) => [queue, message.ids.length, delayMs])).toEqual([
      ['bulk', 50, 0],
      ['bulk', 50, 0],
      ['bulk', 20, 0],
    ]);
    expect(
      queue.messages.every(({ message }) => message.requested_at === T0 && message.charged_to_planner && !message.run),
    ).toBe(true);
    expect(await stores.planner.readCursor()).toBeUndefined();
  });

  test('without due chats sends nothing', async () => {
    expect(await plan()).toMatchObject({ kind: 'planned', chats: 0, messages: 0, complete: true });
    expect(queue.requests).toBe(0);
  });

  test('spreads further reads over the time until the next sync', async () => {
    await due(1_234);
    expect(await plan()).toMatchObject({ chats: 1_234, leftOver: 0 });
    expect(new Set(plannedIds()).size).toBe(1_234);
    const slots = queue.messages.map(({ delayMs }) => delayMs);
    // 1,234 of the 5,400 requests of an interval: the last one after a fifth of 12 minutes.
    expect(Math.max(...slots)).toBe(150_000);
    expect(slots).toEqual(slots.toSorted((a, b) => a - b));
    // The rest is for chats that are due again before the next sync.
    expect((await priceOf()).spare).toBe(5_400 - 1_234);
  });

  test('enqueues chats that become due before the next sync', async () => {
    await unread(3);
    for (const [i, inMs] of [0, 400_000, 800_000].entries()) {
      // The third was read a minute ago.
      const times = { askedAt: i === 2 ? T0 - 60_000 : T0 - 5 * HOUR, dueAt: T0 + inMs };
      await stores.counts.apply({ id: i + 1, maxChatId: `-${i + 1}` }, { kind: 'count', count: 1 }, times);
    }
    await plan();
    expect(queue.messages.map(({ message, delayMs }) => [message.ids, delayMs])).toEqual([
      [[1], 0],
      // Half a minute per slot. The third one is after the time when the queue must be empty again.
      [[2], 390_000],
    ]);
  });

  test('does nothing while earlier messages are queued', async () => {
    await unread(10);
    await plan();
    expect(await plan()).toEqual({ kind: 'backlog', messages: 1 });
    expect(queue.messages).toHaveLength(1);
    queue.messages.length = 0;
    await clock.advance(INTERVAL);
    expect(await plan()).toMatchObject({ kind: 'planned', chats: 10 });
  });

  test('considers only the bulk queue: express messages are no backlog', async () => {
    await unread(1);
    await queue.send('express', [{ ids: [1], requested_at: T0 }]);
    expect(await plan()).toMatchObject({ kind: 'planned', chats: 1 });
  });

  test('bypasses a full update for chats that gain the price, and leaves first reads to it', async () => {
    await due(20);
    await stores.chats.importMany([line('-999')], T0);
    const run = { id: 'r', startedAt: T0, progressedAt: T0, expected: 21, planned: 21, cursor: null };
    await stores.runs.start({ ...NO_COUNTS, ...run }, T0);
    await queue.send('bulk', [{ ids: [1], requested_at: T0, run: { id: 'r', part: '0' } }]);
    expect(await plan()).toMatchObject({ kind: 'planned', chats: 20 });
    expect(queue.messages.slice(1).every(({ queue }) => queue === 'express')).toBe(true);
    // But only up to a limit.
    await clock.advance(INTERVAL);
    const few = { ...settings, maxCallsPerHour: 1 };
    expect(await plan({ settings: few })).toMatchObject({ kind: 'backlog' });
    // A run that died is ignored.
    await clock.advance(HOUR);
    expect(await plan()).toEqual({ kind: 'backlog', messages: 1 });
  });

  test('postpones chats below the price, and stores their view rates', async () => {
    await due(5);
    await setKappa(1_000);
    await viewCounter.count([3], 8);
    expect(await plan()).toMatchObject({ kind: 'planned', chats: 0, putOff: 5 });
    expect(queue.messages).toHaveLength(0);
    const [first] = await stores.counts.due(Number.MAX_SAFE_INTEGER, 1, undefined);
    expect(first?.dueAt).toBeGreaterThan(T0 + HOUR);
    expect((await stores.chats.get(3))?.planning.learnt?.views).toMatchObject({ countedTo: T0 });
    expect((await stores.chats.get(3))?.planning.learnt?.views.views).toBeGreaterThan(5);
    expect(viewCounter.views.size).toBe(0);
  });

  test('reads chats that are viewed often even if the price is too high for others', async () => {
    await due(3);
    await setKappa(20);
    await clock.advance(INTERVAL);
    await viewCounter.count([2], 100_000);
    expect(await plan({ settings: { ...settings, maxCallsPerHour: 4 } })).toMatchObject({ chats: 1, putOff: 2 });
    expect(plannedIds()).toEqual([2]);
    // The worker subtracts them, with its findings.
    expect(viewCounter.views.get(2)).toBe(100_000);
  });

  test('reads the chats with the largest gain within the budget', async () => {
    await due(300, LONG_AGO);
    await viewCounter.count([7, 70, 170], 4_000);
    const tight = { ...settings, maxCallsPerHour: 12 };
    expect(await plan({ settings: tight })).toMatchObject({ chats: 3, leftOver: 297 });
    expect(new Set(plannedIds())).toEqual(new Set([7, 70, 170]));
    expect((await priceOf()).spare).toBe(0);
  });

  test('saves fractions of a request that the budget leaves', async () => {
    await due(300, LONG_AGO);
    const tight = { ...settings, maxCallsPerHour: 6 };
    const chats: number[] = [];
    for (let i = 0; i < 6; i += 1) {
      chats.push((await plan({ settings: tight })).chats);
      await workOff(clock.now());
      await clock.advance(INTERVAL);
    }
    expect(chats).toEqual([1, 2, 1, 2, 1, 2]);
  });

  test('does not add the budget of a long pause', async () => {
    await due(300, LONG_AGO);
    const tight = { ...settings, maxCallsPerHour: 40 };
    await plan({ settings: tight });
    await workOff();
    await clock.advance(100 * HOUR);
    expect(await plan({ settings: tight })).toMatchObject({ chats: 20 });
  });

  test('reads new chats beyond the background share, but not beyond an hourly limit', async () => {
    const { countStore } = endless();
    // 80 % of 27,000 in an interval, less the background budget.
    expect(await plan({ countStore })).toMatchObject({ chats: 16_200, complete: true });
    queue.messages.length = 0;
    await clock.advance(INTERVAL);
    const few = { ...settings, maxCallsPerHour: 200 };
    expect(await plan({ countStore, settings: few })).toMatchObject({ chats: 50 });
  });

  test('uses the whole budget while counts grow old: the first sync reads unchecked chats, due or not', async () => {
    await unread(3_000);
    for (const id of range(1, 3_000)) {
      const times = { askedAt: T0 - 20 * 60_000, dueAt: id <= 64 ? T0 - 1 : T0 + 2 * HOUR };
      await stores.counts.apply({ id, maxChatId: `-${id}` }, { kind: 'count', count: 1 }, times);
    }
    expect(await plan()).toMatchObject({ chats: 3_000, leftOver: 0 });
    expect(new Set(plannedIds()).size).toBe(3_000);
    // Chats that were read since remain unchanged.
    await workOff();
    await clock.advance(INTERVAL / 2);
    expect(await plan()).toMatchObject({ chats: 0 });
  });

  test('evaluates at most as many chats as it could enqueue, page by page', async () => {
    const { countStore, read } = endless(T0 - 5 * HOUR);
    const small = { ...settings, intervalMs: 60_000, maxCallsPerHour: 3_600 };
    expect(await plan({ countStore, settings: small })).toMatchObject({ chats: 60, leftOver: 2_440, complete: true });
    expect(read.map(({ limit }) => limit)).toEqual([500, 500, 500, 500, 500]);
    // The next sync continues with the first due chats.
    expect(await stores.planner.readCursor()).toBeUndefined();
  });
});

describe('the price', () => {
  test('rises while the demand exceeds the budget, and falls otherwise', async () => {
    await due(500, LONG_AGO);
    const ticks = async (demand: number) => {
      for (let i = 0; i < 8; i += 1) {
        await workOff(clock.now());
        await clock.advance(INTERVAL);
        await stores.planner.addFindings({ ...NO_FINDINGS, demand });
        await plan({ settings: { ...settings, maxCallsPerHour: 40 } });
      }
      return (await priceOf()).context.kappa;
    };
    const before = await ticks(10);
    const high = await ticks(30);
    expect(high).toBeGreaterThan(2 * before);
    expect(await ticks(0)).toBeLessThan(high / 2);
  });

  test('uses findings of refreshes once', async () => {
    await stores.planner.addFindings({
      ...NO_FINDINGS,
      demand: 3,
      views: 10,
      correctViews: 9,
      measuredViews: 10,
      measuredCorrect: 8,
    });
    expect(await plan()).toMatchObject({ expectedFreshness: 0.9, measuredFreshness: 0.8 });
    expect(await stores.planner.readFindings()).toEqual(NO_FINDINGS);
    await clock.advance(INTERVAL);
    const again = await plan();
    expect(again.expectedFreshness).toBeCloseTo(0.9);
    expect(again.measuredFreshness).toBeCloseTo(0.8);
    expect((await priceOf()).measuredViews).toBeCloseTo(10 * Math.exp(-0.25 / 24));
  });

  test('uses the total of views', async () => {
    await due(10);
    await plan();
    const { viewsPerHour } = (await priceOf()).state;
    await viewCounter.count(range(1, 10), 1_000);
    queue.messages.length = 0;
    await clock.advance(INTERVAL);
    await plan();
    expect((await priceOf()).state.viewsPerHour).toBeGreaterThan(viewsPerHour + 300);
  });

  test('uses the number of all chats', async () => {
    await due(10);
    await plan();
    const { meanViewsPerHour } = (await priceOf()).context;
    queue.messages.length = 0;
    await plan({ chatStore: { total: async (scope) => (scope === 'all' ? 1_000 : 0) } });
    expect((await priceOf()).context.meanViewsPerHour).toBeLessThan(meanViewsPerHour / 50);
  });
});

describe('a sync whose time runs out', () => {
  test('saves its cursor, and the next one continues even if the first part is still queued', async () => {
    const { countStore, read } = endless();
    const slow: CountStore = {
      ...countStore,
      async due(...given) {
        await clock.sleep(10_000);
        return countStore.due(...given);
      },
    };
    const first = clock.until(createPlanStale(depsOf({ countStore: slow }))(T0 + 25_000));
    expect(await first).toMatchObject({ kind: 'planned', chats: 1_500, messages: 30, complete: false });
    expect(await stores.planner.readCursor()).toMatchObject({ id: 1_500 });

    await clock.advance(INTERVAL);
    const second = clock.until(createPlanStale(depsOf({ countStore: slow }))(clock.now() + 15_000));
    expect(await second).toMatchObject({ kind: 'planned', chats: 1_000, complete: false });
    expect(read.map(({ after }) => after?.id)).toEqual([undefined, 500, 1_000, 1_500, 2_000]);
    expect(plannedIds()).toEqual(range(1, 2_500));
  });

  test('is complete after the rest, and the next one starts at the beginning', async () => {
    await unread(700);
    expect(await plan({}, T0)).toMatchObject({ chats: 500, complete: false });
    await clock.advance(INTERVAL);
    expect(await plan()).toMatchObject({ chats: 200, complete: true });
    expect(plannedIds()).toEqual(range(1, 700));
    expect(await stores.planner.readCursor()).toBeUndefined();
    expect(await plan()).toMatchObject({ kind: 'backlog' });
  });
});

describe.each(DEATHS)('a planner that is interrupted at any of its calls (%s)', (death) => {
  /** One run of the schedule. */
  async function tick(fate: ReturnType<typeof mortals>) {
    const worker = fate.worker();
    const mine = depsOf({
      chatStore: worker.through(stores.chats),
      countStore: worker.through(stores.counts),
      plannerStore: worker.through(stores.planner),
      runStore: worker.through(stores.runs),
      queue: worker.through(queue),
    });
    const planning = createPlanStale(mine)(clock.now() + HOUR).catch(() => 'failed' as const);
    const ending = await clock.until(Promise.race([planning, worker.dead]));
    await clock.advance(INTERVAL);
    return typeof ending === 'string' ? ending : ending.kind;
  }

  test('is followed by a sync that omits no chat', async () => {
    let deaths = 0;
    for (let at = 0; ; at += 1) {
      clock = fakeClock(T0);
      stores = await openMemory();
      await unread(1_100);
      const fate = mortals(death, at);
      const worked: number[] = [];
      let ticks = 0;
      for (let ending = ''; ending !== 'planned'; ) {
        if (++ticks > 5) throw new Error('planned again and again');
        ending = await tick(fate);
        if (ending === 'backlog') worked.push(...(await workOff(clock.now())));
      }
      worked.push(...(await workOff(clock.now())));
      expect(new Set(worked).size, `at call ${at}`).toBe(1_100);
      expect(worked.length, `at call ${at}`).toBeLessThanOrEqual(2_200);
      if (!fate.met) break;
      deaths += 1;
    }
    // The cursor and the backlog; the price, the findings and the total; five pages; the price, the messages, the cursor.
    expect(deaths).toBe(2 + 3 + 5 + 3);
  });
});
