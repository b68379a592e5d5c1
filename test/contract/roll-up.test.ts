import { beforeEach, describe, expect, test } from 'vitest';
import { dayOf } from '../../lib/base/day.ts';
import type { RollUpStore } from '../../lib/state/statistics.ts';
import { createRollUp, type RollUpDeps } from '../../lib/statistics/roll-up.ts';
import { created, IMPLEMENTATIONS, type Stores, T0 } from '../support/stores.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const ALWAYS = { deadline: Number.POSITIVE_INFINITY, since: Number.POSITIVE_INFINITY };
const EVER = ['0001-01-01', '9999-12-31'] as const;

describe.each(IMPLEMENTATIONS)('the roll-up over %s', (_, open) => {
  let stores: Stores;
  let now: number;
  beforeEach(async () => {
    stores = await open();
    now = T0;
  });

  const deps = (rollUpStore: RollUpStore = stores.statistics): RollUpDeps => ({
    chatStore: stores.chats,
    rollUpStore,
    now: () => now,
    settings: { freshMs: HOUR },
  });
  async function chat(maxChatId: string | null, universityId: number | null, count?: number): Promise<number> {
    const id = await created(stores.chats, { maxChatId, universityId, name: `Чат ${maxChatId}` });
    if (maxChatId !== null && count !== undefined) await setCount(id, maxChatId, count);
    return id;
  }
  const setCount = (id: number, maxChatId: string, count: number) =>
    stores.counts.apply({ id, maxChatId }, { kind: 'count', count }, { askedAt: now, dueAt: now });

  test('adds up all chats and each university', async () => {
    await chat('-1', 1, 10);
    await chat('-2', 1, 20);
    await chat('-3', 2, 5);
    await chat('-4', null);
    await chat(null, 2);
    const gone = await chat('-5', 2, 3);
    now += 2 * HOUR;
    await stores.counts.apply(
      { id: gone, maxChatId: '-5' },
      { kind: 'unavailable', status: 'gone' },
      { askedAt: now, dueAt: now },
    );
    await setCount(1, '-1', 11);
    expect(await createRollUp(deps())(ALWAYS)).toMatchObject({ finished: true, date: dayOf(now), chats: 6 });

    expect(await stores.statistics.days('all', ...EVER)).toEqual([
      {
        date: dayOf(now),
        ...{ chats: 6, participants: 39, neverRead: 1, stale: 2, readWithinHour: 1 },
        byStatus: { active: 4, gone: 1, unlinked: 1 },
      },
    ]);
    expect(await stores.statistics.days({ universityId: 2 }, ...EVER)).toMatchObject([
      {
        ...{ chats: 3, participants: 8, neverRead: 0, stale: 1, readWithinHour: 0 },
        byStatus: { active: 1, gone: 1, unlinked: 1 },
      },
    ]);
    expect(await stores.statistics.days({ universityId: 9 }, ...EVER)).toEqual([]);
    expect(await stores.statistics.universities(...EVER)).toEqual([
      {
        date: dayOf(now),
        universities: [
          {
            ...{ universityId: 1, chats: 2, participants: 31, neverRead: 0, stale: 1, readWithinHour: 1 },
            byStatus: { active: 2 },
          },
          {
            ...{ universityId: 2, chats: 3, participants: 8, neverRead: 0, stale: 1, readWithinHour: 0 },
            byStatus: { active: 1, gone: 1, unlinked: 1 },
          },
        ],
      },
    ]);
    expect(await stores.statistics.rolledUpAt()).toBe(now);
  });

  test('compares counts with those of 7 and 30 days ago, or up to three days earlier', async () => {
    await chat('-1', 1, 10);
    await chat('-2', 1, 20);
    await chat('-3', 2, 30);
    await createRollUp(deps())(ALWAYS);
    const first = dayOf(now);
    expect(await stores.statistics.movers('all')).toMatchObject({ spans: { week: { since: null } } });

    now += 9 * DAY;
    await setCount(1, '-1', 50);
    await setCount(2, '-2', 15);
    await chat('-4', 1, 99);
    await createRollUp(deps())(ALWAYS);
    const none = { grew: [], shrank: [] };
    expect(await stores.statistics.movers('all')).toEqual({
      date: dayOf(now),
      spans: {
        week: {
          since: first,
          movers: { grew: [{ id: 1, before: 10, after: 50 }], shrank: [{ id: 2, before: 20, after: 15 }] },
        },
        month: { since: null, movers: none },
      },
      names: { 1: 'Чат -1', 2: 'Чат -2' },
    });
    expect(await stores.statistics.movers({ universityId: 2 })).toMatchObject({
      spans: { week: { since: first, movers: none } },
    });

    now += 22 * DAY;
    await createRollUp(deps())(ALWAYS);
    const { spans } = (await stores.statistics.movers('all')) ?? {};
    expect(spans).toMatchObject({ week: { since: null }, month: { since: first } });
    expect(spans?.month.movers.grew).toEqual([{ id: 1, before: 10, after: 50 }]);
    expect((await stores.statistics.days('all', ...EVER)).map(({ participants }) => participants)).toEqual([
      60, 194, 194,
    ]);
  });

  test('gives the universities on the first and the last day of a range, and on days spread over it', async () => {
    await chat('-1', 1, 0);
    // Every night but the first two and the last three of the range.
    for (let day = 2; day < 87; day += 1) {
      now = T0 + day * DAY;
      await setCount(1, '-1', day);
      await createRollUp(deps())(ALWAYS);
    }
    const found = await stores.statistics.universities(dayOf(T0), dayOf(T0 + 89 * DAY));
    const days = found.map(({ universities }) => universities[0]?.participants);
    expect(days).toEqual([2, 7, 14, 21, 27, 34, 41, 48, 55, 62, 68, 75, 82, 86]);
    expect(found.map(({ date }) => date)).toEqual(days.map((day) => dayOf(T0 + Number(day) * DAY)));
    expect(await stores.statistics.universities(dayOf(T0), dayOf(T0 + DAY))).toEqual([]);
  });

  test('stops at its deadline and continues later, counting every chat once', async () => {
    await stores.chats.importMany(
      [1, 2, 4_095, 4_096, 4_097, 9_000, 1_000_000_000].map((id) => ({
        ...{ id, name: `Чат ${id}`, url: null, maxChatId: `-${id}`, externalChatId: null, universityId: 1 },
        ...{ department: null, source: null, participantsCount: id },
      })),
      now,
    );
    const reports: unknown[] = [];
    for (let i = 0; i < 4; i += 1) reports.push(await createRollUp(deps())({ ...ALWAYS, deadline: now - 1 }));
    expect(reports).toMatchObject([
      { finished: false, chats: 3 },
      { finished: false, chats: 5 },
      { finished: false, chats: 6 },
      { finished: false, chats: 7 },
    ]);
    expect(await stores.statistics.days('all', ...EVER)).toEqual([]);
    expect(await createRollUp(deps())(ALWAYS)).toMatchObject({ finished: true, chats: 7 });
    expect(await stores.statistics.days('all', ...EVER)).toMatchObject([{ chats: 7, participants: 1_000_021_291 }]);
  });

  test('runs once a night, again on demand, and from the start if the last one is too old', async () => {
    await chat('-1', 1, 10);
    expect(await createRollUp(deps())({ ...ALWAYS, since: now })).toMatchObject({ finished: true });
    expect(await createRollUp(deps())({ ...ALWAYS, since: now })).toBeUndefined();
    expect(await createRollUp(deps())({ ...ALWAYS, since: now + 1 })).toMatchObject({ finished: true });

    await createRollUp(deps())({ ...ALWAYS, deadline: now - 1 });
    now += 7 * HOUR;
    await setCount(1, '-1', 12);
    expect(await createRollUp(deps())(ALWAYS)).toMatchObject({ finished: true, chats: 1 });
    expect(await stores.statistics.days('all', ...EVER)).toMatchObject([{ chats: 1, participants: 12 }]);
  });

  test('fails if chats cannot be read, and starts anew later', async () => {
    await chat('-1', 1, 10);
    const away = async () => {
      throw new Error('away');
    };
    const chatStore = { ...stores.chats, getCounted: away };
    await expect(createRollUp({ ...deps(), chatStore })(ALWAYS)).rejects.toThrow('away');
    expect(await createRollUp(deps())(ALWAYS)).toMatchObject({ finished: true, chats: 1 });
  });

  test('continues from the saved progress after a failure', async () => {
    await chat('-1', 1, 10);
    await stores.chats.importMany(
      [
        {
          id: 5_000,
          name: 'Чат',
          url: null,
          maxChatId: '-5000',
          externalChatId: null,
          universityId: 1,
          department: null,
          source: null,
          participantsCount: 7,
        },
      ],
      now,
    );
    let failing = true;
    const failsOnce = {
      ...stores.statistics,
      async keepCounts(...given: Parameters<RollUpStore['keepCounts']>) {
        if (given[0] === 1 && failing) throw new Error('away');
        await stores.statistics.keepCounts(...given);
      },
    };
    await expect(createRollUp(deps(failsOnce))(ALWAYS)).rejects.toThrow('away');
    failing = false;
    expect(await createRollUp(deps(failsOnce))(ALWAYS)).toMatchObject({ finished: true, chats: 2 });
    expect(await stores.statistics.days('all', ...EVER)).toMatchObject([{ chats: 2, participants: 17 }]);
  });
});
