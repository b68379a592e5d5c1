import { beforeEach, describe, expect, test } from 'vitest';
import type { CountStore, DueChat } from '../../lib/participants/count-store.ts';
import { measureStaleness, type PlanStaleDeps, planStale } from '../../lib/participants/plan-stale.ts';
import { type FakeClock, fakeClock } from '../support/fake-clock.ts';
import { DEATHS, mortals } from '../support/mortal.ts';
import { HOUR, type MemoryQueue, memoryQueue } from '../support/participants.ts';
import { created, line, openMemory, type Stores, T0 } from '../support/stores.ts';

let clock: FakeClock;
let stores: Stores;
let queue: MemoryQueue;
const settings = { batchSize: 50, intervalMs: 900_000, rps: 30, freshMs: HOUR };

beforeEach(async () => {
  clock = fakeClock(T0);
  stores = await openMemory();
  queue = memoryQueue();
});

const depsOf = (some: Partial<PlanStaleDeps> = {}): PlanStaleDeps => ({
  countStore: stores.counts,
  planStore: stores.plan,
  queue,
  clock,
  settings,
  ...some,
});
const plan = (some: Partial<PlanStaleDeps> = {}, deadline = T0 + HOUR) => planStale(depsOf(some), deadline);
const plannedIds = () => queue.messages.flatMap(({ message }) => message.ids);
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** Makes chats of which chat `i` became due `i` ms before now. */
async function due(n: number): Promise<void> {
  await stores.chats.importMany(
    range(1, n).map((i) => line(`-${i}`)),
    T0,
  );
  for (const i of range(1, n)) {
    const times = { askedAt: T0 - HOUR - i, dueAt: T0 - i };
    await stores.counts.apply({ id: i, max_chat_id: `-${i}` }, { kind: 'count', count: 1 }, times);
  }
}

/** A due index without end: `read` says how its pages were asked for. */
function endless() {
  const read: { limit: number; after: DueChat | undefined }[] = [];
  const countStore: CountStore = {
    ...stores.counts,
    async due(before, limit, after) {
      read.push({ limit, after });
      return range(1, limit).map((i) => ({ id: (after?.id ?? 0) + i, due_at: before }));
    },
  };
  return { countStore, read };
}

describe('a plan', () => {
  test('puts what is due on the planned queue, the longest due first, in messages of the batch size', async () => {
    await due(120);
    const fresh = await created(stores.chats, { max_chat_id: '-999' }, T0 + 1);
    expect(await plan()).toEqual({ kind: 'planned', chats: 120, messages: 3, complete: true });
    expect(plannedIds()).toEqual(range(1, 120).reverse());
    expect(plannedIds()).not.toContain(fresh);
    expect(queue.messages.map(({ queue, message, delayMs }) => [queue, message.ids.length, delayMs])).toEqual([
      ['planned', 50, 0],
      ['planned', 50, 0],
      ['planned', 20, 0],
    ]);
    expect(queue.messages.every(({ message }) => message.requested_at === T0 && !message.run)).toBe(true);
    expect(await stores.plan.readCursor()).toBeUndefined();
  });

  test('of nothing sends nothing', async () => {
    expect(await plan()).toEqual({ kind: 'planned', chats: 0, messages: 0, complete: true });
    expect(queue.requests).toBe(0);
  });

  test('goes page by page, each chat once', async () => {
    await due(1_234);
    const pages: number[] = [];
    const countStore: CountStore = {
      ...stores.counts,
      async due(...given) {
        const page = await stores.counts.due(...given);
        pages.push(page.length);
        return page;
      },
    };
    expect(await plan({ countStore })).toMatchObject({ chats: 1_234, complete: true });
    expect(pages).toEqual([500, 500, 234, 0]);
    expect(plannedIds()).toEqual(range(1, 1_234).reverse());
  });

  test('does not pile up on the one before', async () => {
    await due(10);
    await plan();
    expect(await plan()).toEqual({ kind: 'backlog', messages: 1 });
    expect(queue.messages).toHaveLength(1);
    queue.messages.length = 0;
    expect(await plan()).toMatchObject({ kind: 'planned', chats: 10 });
  });

  test('minds the planned queue only: people’s requests are no backlog', async () => {
    await due(1);
    await queue.send('requested', [{ ids: [1], requested_at: T0 }]);
    expect(await plan()).toMatchObject({ kind: 'planned', chats: 1 });
  });

  test('plans no more than MAX can answer in an interval', async () => {
    const { countStore, read } = endless();
    const small = { ...settings, intervalMs: 60_000, rps: 20 };
    expect(await plan({ countStore, settings: small })).toMatchObject({ chats: 1_200, complete: true });
    expect(read.map(({ limit }) => limit)).toEqual([500, 500, 200]);
    // The rest is for the next plan, which begins with the longest due again.
    expect(await stores.plan.readCursor()).toBeUndefined();
  });

  test('holds one page at a time, however much is due', async () => {
    const { countStore, read } = endless();
    let most = 0;
    queue.send = async (_, messages) => {
      most = Math.max(most, messages.length);
    };
    expect(await plan({ countStore })).toMatchObject({ chats: 27_000, messages: 540 });
    expect(Math.max(...read.map(({ limit }) => limit))).toBe(500);
    expect(most).toBe(10);
  });
});

describe('a plan whose time runs out', () => {
  test('keeps its place, and the next goes on there although the first part is still queued', async () => {
    const { countStore, read } = endless();
    const slow: CountStore = {
      ...countStore,
      async due(...given) {
        await clock.sleep(10_000);
        return countStore.due(...given);
      },
    };
    const first = clock.until(planStale(depsOf({ countStore: slow }), T0 + 25_000));
    expect(await first).toEqual({ kind: 'planned', chats: 1_500, messages: 30, complete: false });
    expect(await stores.plan.readCursor()).toMatchObject({ id: 1_500 });

    const second = clock.until(planStale(depsOf({ countStore: slow }), clock.now() + 15_000));
    expect(await second).toMatchObject({ kind: 'planned', chats: 1_000, complete: false });
    expect(read.map(({ after }) => after?.id)).toEqual([undefined, 500, 1_000, 1_500, 2_000]);
    expect(plannedIds()).toEqual(range(1, 2_500));
  });

  test('makes headway even when it had none to begin with', async () => {
    const { countStore } = endless();
    expect(await plan({ countStore }, T0 - 1)).toMatchObject({ chats: 500, complete: false });
    expect(await plan({ countStore }, T0 - 1)).toMatchObject({ chats: 500, complete: false });
    expect(plannedIds()).toEqual(range(1, 1_000));
  });

  test('is through when the rest is done, and the one after begins anew', async () => {
    await due(700);
    expect(await plan({}, T0)).toMatchObject({ chats: 500, complete: false });
    expect(await plan()).toMatchObject({ chats: 200, complete: true });
    expect(plannedIds()).toEqual(range(1, 700).reverse());
    expect(await stores.plan.readCursor()).toBeUndefined();
    expect(await plan()).toMatchObject({ kind: 'backlog' });
  });
});

describe.each(DEATHS)('a planner that is cut off at any of its calls (%s)', (death) => {
  /** One tick of the schedule. */
  async function tick(fate: ReturnType<typeof mortals>) {
    const worker = fate.worker();
    const mine = depsOf({
      countStore: worker.through(stores.counts),
      planStore: worker.through(stores.plan),
      queue: worker.through(queue),
    });
    const planning = planStale(mine, T0 + HOUR).catch(() => 'failed' as const);
    const ending = await clock.until(Promise.race([planning, worker.dead]));
    return typeof ending === 'string' ? ending : ending.kind;
  }

  /** What the workers do between two ticks; @returns the chats that were on the queue. */
  async function workOff(): Promise<number[]> {
    const ids = plannedIds();
    queue.messages.length = 0;
    for (const id of ids) {
      const times = { askedAt: T0, dueAt: T0 + HOUR };
      await stores.counts.apply({ id, max_chat_id: `-${id}` }, { kind: 'count', count: 2 }, times);
    }
    return ids;
  }

  test('is followed by one that leaves nobody out, and repeats at most a page', async () => {
    let deaths = 0;
    for (let at = 0; ; at += 1) {
      stores = await openMemory();
      await due(1_100);
      const fate = mortals(death, at);
      const worked: number[] = [];
      let ticks = 0;
      for (let ending = ''; ending !== 'planned'; ) {
        if (++ticks > 5) throw new Error('planned again and again');
        ending = await tick(fate);
        if (ending === 'backlog') worked.push(...(await workOff()));
      }
      worked.push(...(await workOff()));
      expect(new Set(worked).size, `at call ${at}`).toBe(1_100);
      expect(worked.length, `at call ${at}`).toBeLessThanOrEqual(1_600);
      if (!fate.met) break;
      deaths += 1;
    }
    // Its place and the backlog, three full pages and the empty one, and the place for the next plan.
    expect(deaths).toBe(2 + 3 * 3 + 1 + 1);
  });
});

describe('staleness', () => {
  const measure = () => measureStaleness({ ...depsOf(), chatStore: stores.chats });

  test('of nothing is none', async () => {
    expect(await measure()).toEqual({ total: 0, stale: 0, oldestSeconds: 0, fresherThanHour: 1 });
  });

  test('counts what is due, and knows the oldest count', async () => {
    await stores.chats.importMany(
      range(1, 4).map((i) => line(`-${i}`)),
      T0,
    );
    const ages = [60_000, HOUR - 1, HOUR, 5 * HOUR];
    for (const [i, age] of ages.entries()) {
      const times = { askedAt: T0 - age, dueAt: T0 - age + HOUR };
      await stores.counts.apply({ id: i + 1, max_chat_id: `-${i + 1}` }, { kind: 'count', count: 1 }, times);
    }
    expect(await measure()).toEqual({ total: 4, stale: 2, oldestSeconds: 18_000, fresherThanHour: 0.5 });
  });
});
