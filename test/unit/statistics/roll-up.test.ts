import { beforeEach, describe, expect, test } from 'vitest';
import { dayOf } from '../../../lib/base/day.ts';
import type { CountedChat } from '../../../lib/chats/chat.ts';
import { CHUNK, type RollUpStore } from '../../../lib/state/statistics.ts';
import { createRollUp, type RollUpDeps } from '../../../lib/statistics/roll-up.ts';
import { createMemoryStatistics } from '../../support/memory/statistics.ts';
import { T0 } from '../../support/stores.ts';

/** The steps of a roll-up. test/contract/roll-up.test.ts has its results, for all stores. */

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NEVER = Number.POSITIVE_INFINITY;
const ON_DEMAND = { deadline: NEVER, since: NEVER };

let now: number;
let counts: Map<number, number | null>;
let statistics: ReturnType<typeof createMemoryStatistics>;
/** The calls of the store, except for those that read what all roll-ups read. */
let calls: string[];

beforeEach(() => {
  now = T0;
  counts = new Map();
  statistics = createMemoryStatistics();
  calls = [];
});

/** Chats of the university 1 if their id is odd, otherwise of 2. */
const chatOf = (id: number): CountedChat => ({
  chat: { id, universityId: 2 - (id % 2), maxChatId: `-${id}`, status: 'active' },
  participantsCount: counts.get(id) ?? null,
  readAt: now,
});

const chatStore: RollUpDeps['chatStore'] = {
  async outlines(after, limit) {
    const ids = [...counts.keys()].filter((id) => id > after);
    const page = ids.slice(0, limit);
    const chats = page.map((id) => ({ id, maxChatId: `-${id}`, status: 'active' as const, createdAt: '' }));
    return { chats, next: ids.length > limit ? page.at(-1) : undefined };
  },
  getCounted: async (ids) => ids.map(chatOf),
  getMany: async () => new Map(),
};

function rollUp(options = ON_DEMAND, some: Partial<RollUpDeps> = {}, onProgress?: (chats: number) => void) {
  const rollUpStore: RollUpStore = {
    ...statistics,
    async saveRollUp(state) {
      calls.push(`save ${state.after}${state.finishedAt === null ? '' : ' finished'}`);
      await statistics.saveRollUp(state);
    },
    async keepCounts(chunk, date, given) {
      calls.push(`keep ${chunk}`);
      await statistics.keepCounts(chunk, date, given);
    },
    async countsOf(chunk, date) {
      calls.push(`read ${chunk} of ${date}`);
      return statistics.countsOf(chunk, date);
    },
  };
  const deps = { chatStore, rollUpStore, now: () => now, settings: { freshMs: HOUR }, ...some };
  return createRollUp(deps)(options, onProgress);
}

const today = async (scope: Parameters<typeof statistics.days>[0]) =>
  (await statistics.days(scope, dayOf(now), dayOf(now)))[0];

describe('a roll-up', () => {
  test('of no chats keeps no counts', async () => {
    expect(await rollUp()).toEqual({ finished: true, date: dayOf(T0), chats: 0, durationMs: 0 });
    expect(calls).toEqual(['save 0 finished']);
  });

  test('reports its duration and its progress after each chunk, and adds up the universities of all chunks', async () => {
    for (const id of [1, 2, CHUNK + 1, 2 * CHUNK]) counts.set(id, id);
    const progress: number[] = [];
    const getCounted = async (ids: readonly number[]) => {
      now += 1_000;
      return ids.map(chatOf);
    };
    const report = await rollUp(ON_DEMAND, { chatStore: { ...chatStore, getCounted } }, (chats) =>
      progress.push(chats),
    );
    expect(report).toMatchObject({ finished: true, chats: 4, durationMs: 3_000 });
    expect(progress).toEqual([2, 3, 4]);
    expect(await today({ universityId: 1 })).toMatchObject({ chats: 2, participants: 1 + CHUNK + 1 });
    expect(await today({ universityId: 2 })).toMatchObject({ chats: 2, participants: 2 + 2 * CHUNK });
  });

  test('saves its progress after every 25 chunks, and at the end', async () => {
    for (let id = CHUNK; id < 51 * CHUNK; id += 1) counts.set(id, 1);
    await rollUp();
    expect(calls.filter((call) => call.startsWith('save'))).toEqual([
      `save ${26 * CHUNK - 1}`,
      `save ${51 * CHUNK - 1}`,
      `save ${51 * CHUNK - 1} finished`,
    ]);
  });

  test('that continues saves its progress 25 chunks after the last time', async () => {
    for (let id = 0; id < 26 * CHUNK; id += 1) counts.set(id + 1, 1);
    const late = { ...ON_DEMAND, deadline: T0 - 1 };
    for (let chunk = 0; chunk < 13; chunk += 1) await rollUp(late);
    calls = [];
    await rollUp();
    expect(calls.filter((call) => call.startsWith('save'))).toEqual([`save ${26 * CHUNK} finished`]);
  });

  test('at its deadline is not late', async () => {
    counts.set(1, 5);
    expect(await rollUp({ ...ON_DEMAND, deadline: now })).toMatchObject({ finished: true });
    expect(await rollUp({ ...ON_DEMAND, deadline: now - 1 })).toMatchObject({ finished: false });
  });

  test('of this night is not repeated, but continued', async () => {
    for (const id of [1, CHUNK]) counts.set(id, 5);
    const nightly = { deadline: NEVER, since: T0 };
    expect(await rollUp({ ...nightly, deadline: T0 - 1 })).toMatchObject({ finished: false, chats: 1 });
    expect(await rollUp(nightly)).toMatchObject({ finished: true, chats: 2 });
    expect(await rollUp(nightly)).toBeUndefined();
  });

  test('on demand counts all chats anew', async () => {
    counts.set(1, 5);
    await rollUp();
    counts.set(1, 7);
    expect(await rollUp()).toMatchObject({ finished: true, chats: 1 });
    expect(await today('all')).toMatchObject({ chats: 1, participants: 7 });
  });

  test.each([
    [6 * HOUR - 1, 2],
    [6 * HOUR, 1],
  ])('that was interrupted %i ms ago adds %i chats of which one has gone', async (ms, chats) => {
    for (const id of [1, CHUNK]) counts.set(id, 5);
    await rollUp({ ...ON_DEMAND, deadline: T0 - 1 });
    counts.delete(1);
    now += ms;
    expect(await rollUp()).toMatchObject({ finished: true, chats });
  });

  test('compares only chats with a count then and now', async () => {
    for (const [id, count] of [
      [1, 5],
      [3, null],
      [5, 5],
    ] as const)
      counts.set(id, count);
    await rollUp();
    expect(calls).toEqual(['keep 0', 'save 5 finished']);
    expect(await statistics.countsOf(0, dayOf(T0))).toEqual(
      new Map([
        [1, 5],
        [5, 5],
      ]),
    );
    now += 7 * DAY;
    for (const [id, count] of [
      [1, 6],
      [3, 7],
      [5, null],
    ] as const)
      counts.set(id, count);
    calls = [];
    await rollUp();
    expect(calls[0]).toBe(`read 0 of ${dayOf(T0)}`);
    const movers = { grew: [{ id: 1, before: 5, after: 6 }], shrank: [] };
    expect((await statistics.movers('all'))?.spans.week.movers).toEqual(movers);
  });

  test('that fails has ended: the chunk that was read ahead too, which may fail as well', async () => {
    for (const id of [1, CHUNK]) counts.set(id, 5);
    let reading = 0;
    const getCounted = async (ids: readonly number[]) => {
      reading += 1;
      await new Promise((resolve) => setTimeout(resolve, ids.includes(1) ? 0 : 20));
      reading -= 1;
      if (!ids.includes(1)) throw new Error('the second chunk');
      return ids.map(chatOf);
    };
    const keepCounts = async () => {
      throw new Error('the first chunk');
    };
    const failing = { chatStore: { ...chatStore, getCounted }, rollUpStore: { ...statistics, keepCounts } };
    await expect(rollUp(ON_DEMAND, failing)).rejects.toThrow('the first chunk');
    expect(reading).toBe(0);
  });
});
