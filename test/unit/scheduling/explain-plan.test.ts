import { beforeEach, describe, expect, test } from 'vitest';
import { NO_FINDINGS } from '../../../lib/planner/findings.ts';
import { createExplainPlan, createMeasureStaleness } from '../../../lib/scheduling/explain-plan.ts';
import { createPlanStale } from '../../../lib/scheduling/plan-stale.ts';
import { type FakeClock, fakeClock } from '../../support/fake-clock.ts';
import { HOUR, memoryQueue, memoryViewCounter } from '../../support/participants.ts';
import { created, line, openMemory, type Stores, T0 } from '../../support/stores.ts';

type OverviewDeps = Parameters<typeof createMeasureStaleness>[0];

let clock: FakeClock;
let stores: Stores;
let deps: OverviewDeps;

beforeEach(async () => {
  clock = fakeClock(T0);
  stores = await openMemory();
  let drawn = 0;
  // Evenly distributed without repetition, by the golden ratio.
  const random = () => (++drawn * 0.618_033_988_75) % 1;
  deps = { chatStore: stores.chats, countStore: stores.counts, clock, random };
});

const chats = (n: number) =>
  stores.chats.importMany(
    Array.from({ length: n }, (_, i) => line(`-${i + 1}`)),
    T0,
  );
const iso = (ms: number) => new Date(ms).toISOString();
const read = (id: number, ageMs: number, dueAt = T0 + HOUR - ageMs) =>
  stores.counts.apply({ id, maxChatId: `-${id}` }, { kind: 'count', count: 1 }, { askedAt: T0 - ageMs, dueAt });

describe('staleness', () => {
  test('of nothing is none', async () => {
    expect(await createMeasureStaleness(deps)()).toEqual({ total: 0, stale: 0, oldestSeconds: 0, fresherThanHour: 1 });
  });

  test('counts due chats, and finds the oldest count', async () => {
    await chats(4);
    await created(stores.chats);
    for (const [i, age] of [60_000, HOUR - 1, HOUR, 5 * HOUR].entries()) await read(i + 1, age);
    expect(await createMeasureStaleness(deps)()).toEqual({
      total: 5,
      stale: 2,
      oldestSeconds: 18_000,
      fresherThanHour: 0.5,
    });
  });

  test('of many chats is estimated from a sample within a few points; the oldest count also from the due index', async () => {
    await chats(5_000);
    for (let id = 1; id <= 5_000; id += 1) await read(id, id % 10 < 7 ? 60_000 : 2 * HOUR, T0 + HOUR);
    await read(4_321, -1, T0 - 1);
    await stores.chats.update(4_321, { maxChatId: '-x' }, T0 - 9 * HOUR);
    const asked: number[] = [];
    const chatStore = {
      ...stores.chats,
      getMany(ids: readonly number[]) {
        asked.push(ids.length);
        return stores.chats.getMany(ids);
      },
    };
    const staleness = await createMeasureStaleness({ ...deps, chatStore })();
    expect(asked).toEqual([500]);
    expect(staleness.fresherThanHour).toBeGreaterThan(0.64);
    expect(staleness.fresherThanHour).toBeLessThan(0.76);
    expect(staleness.oldestSeconds).toBe(9 * 3_600);
  });
});

describe('the plan explained', () => {
  const subscriptionStore = { read: async () => ({ url: 'https://chats.example', seenAt: T0, since: 0 }) };
  const settings = { rps: 30, backgroundShare: 0.2, maxCallsPerHour: undefined };
  const explain = (rps?: number) =>
    createExplainPlan({ ...deps, plannerStore: stores.planner, subscriptionStore, settings })(rps);
  const tick = () =>
    createPlanStale({
      ...{ chatStore: stores.chats, countStore: stores.counts, plannerStore: stores.planner },
      runStore: stores.runs,
      subscriptionStore,
      ...{ queue: memoryQueue(), viewCounter: memoryViewCounter(), clock, random: () => 0.5 },
      settings: { ...settings, batchSize: 50, intervalMs: 900_000, windowMs: 30_000 },
    })(T0 + HOUR);

  test('contains what is known before the first sync', async () => {
    await chats(3);
    expect(await explain(10)).toMatchObject({
      ...{ budget_per_hour: 21_600, kappa: null, planned_at: null, chats: 3, never_read: 3, sampled: 3 },
      ...{ expected_freshness: null, measured_freshness: null, what_if: null },
      ...{ expected_accuracy: null, measured_accuracy: null, fresher_than_hour: 0, signals: null },
      ...{ requests_per_hour: null, reads_per_hour: null, median_changes_per_day: null },
    });
  });

  test('has no shares without chats', async () => {
    await tick();
    expect(await explain(10)).toMatchObject({
      ...{ chats: 0, sampled: 0, trusted: 0, dirty: 0, never_read: 0, requests_per_hour: 0 },
      ...{ fresher_than_hour: null, expected_accuracy: null, what_if: { rps: 10, requests_per_hour: 0 } },
    });
  });

  test('needs one request a day for a chat whose events are trusted', async () => {
    await chats(4);
    for (const id of [1, 2, 3, 4]) await read(id, 60_000);
    await tick();
    const polled = (await explain()).requests_per_hour;
    expect(polled).toBeGreaterThan(0);
    for (const id of [1, 2]) await stores.events.recordEventTrust(id, true, T0, T0 - HOUR);
    expect((await explain()).requests_per_hour).toBeCloseTo((polled ?? 0) / 2, 0);
    for (const id of [3, 4]) await stores.events.recordEventTrust(id, true, T0, T0 - HOUR);
    // 4 a day.
    expect(await explain(10)).toMatchObject({ requests_per_hour: 0.2, what_if: { requests_per_hour: 0.2 } });
  });

  test.each([
    ['never found', undefined, { state: 'none', since: null }],
    ['found by every check', { seenAt: T0 - HOUR + 1, since: 5_000 }, { state: 'confirmed', since: iso(5_000) }],
    ['not found for an hour', { seenAt: T0 - HOUR, since: 5_000 }, { state: 'lost', since: iso(T0 - HOUR) }],
  ])('shows since when the subscription is as it is: %s', async (_, seen, shown) => {
    const read = async () => seen && { url: 'https://chats.example', ...seen };
    const plan = await createExplainPlan({
      ...{ ...deps, plannerStore: stores.planner, subscriptionStore: { read }, settings },
    })(undefined);
    expect(plan.subscription).toEqual(shown);
  });

  test('contains budget, price, due, dirty and trusted chats, and the share of correct counts', async () => {
    await chats(4);
    for (const id of [1, 2, 3]) await read(id, 60_000);
    await stores.events.recordEventTrust(1, true, T0, T0 - HOUR);
    await stores.events.recordEventTrust(2, true, T0, T0 - HOUR);
    await stores.events.markDirty(2, T0 - 1, T0 + 30_000);
    await stores.planner.addFindings({
      ...NO_FINDINGS,
      views: 4,
      correctViews: 3,
      measuredViews: 4,
      measuredCorrect: 2,
    });
    await tick();
    expect(await explain()).toMatchObject({
      ...{ budget_per_hour: 21_600, planned_at: new Date(T0).toISOString(), chats: 4, due: 1 },
      ...{ trusted: 2, dirty: 1, never_read: 1, measured_freshness: 0.5, fresher_than_hour: 0.75, what_if: null },
    });
    const plan = await explain();
    expect(plan.expected_freshness).toBeGreaterThan(0.7);
    const { context } = (await stores.planner.readPrice()) ?? {};
    expect(plan.median_changes_per_day).toBeCloseTo(24 * Math.exp(context?.population.mean ?? 0), 6);
    expect(plan.kappa).toBe(context?.kappa);
  });

  test('a count is not known to be correct if its chat was never read, or changed since, or if events may be lost', async () => {
    await chats(3);
    for (const id of [1, 2]) await read(id, 60_000);
    for (const id of [1, 2, 3]) await stores.events.recordEventTrust(id, true, T0 - HOUR, T0 - HOUR);
    await stores.events.markDirty(2, T0 - 1, T0 + 30_000);
    await tick();
    expect(await explain()).toMatchObject({ trusted: 3, dirty: 1, never_read: 1, expected_accuracy: 1 / 3 });
    const lost = { read: async () => ({ url: 'https://chats.example', seenAt: T0 - HOUR, since: 0 }) };
    const plan = await createExplainPlan({
      ...{ ...deps, plannerStore: stores.planner, subscriptionStore: lost, settings },
    })(undefined);
    expect(plan.trusted).toBe(0);
    expect(plan.expected_accuracy).toBeLessThan(1 / 3);
    expect(plan.expected_accuracy).toBeGreaterThan(0.3);
  });

  test('says which signals the planner uses', async () => {
    await chats(1);
    await tick();
    expect((await explain()).signals).toEqual({
      size: { slope: null },
      last_event: { in_use: false, contradicted: null },
    });
    const sized = { sizedHours: 1e6, logSize: 4e6, squaredLogSize: 17e6, sizedLogRate: -4e6, logSizeLogRate: -15.5e6 };
    await stores.planner.addFindings({ ...NO_FINDINGS, ...sized, differences: 100, contradicted: 2 });
    await tick();
    expect((await explain()).signals).toEqual({
      size: { slope: expect.closeTo(0.5, 1) },
      last_event: { in_use: true, contradicted: 0.02 },
    });
  });

  test('distinguishes the correct share of all counts from that of the viewed ones', async () => {
    await chats(4);
    await read(1, 60_000);
    await read(2, 1_000 * HOUR);
    await read(3, 1_000 * HOUR);
    await stores.events.recordEventTrust(3, true, T0 - 2_000 * HOUR, T0 - 2_000 * HOUR);
    const found = { views: 4, correctViews: 3, measuredHours: 10, measuredCorrectHours: 4 };
    await stores.planner.addFindings({ ...NO_FINDINGS, ...found });
    await tick();
    const { expected_freshness, expected_accuracy, measured_accuracy } = await explain();
    expect(expected_freshness).toBeCloseTo(0.75, 1);
    // One was just read, one was read long ago, one has trusted events, and one was never read.
    expect(expected_accuracy).toBeGreaterThan(0.5);
    expect(expected_accuracy).toBeLessThan(0.6);
    expect(measured_accuracy).toBeLessThan(0.5);
  });

  test('for another quota: a smaller one gives fewer correct counts', async () => {
    await chats(300);
    for (let id = 1; id <= 300; id += 1) await read(id, 60_000);
    await tick();
    const [little, much] = [await explain(1), await explain(30)];
    expect(little.what_if).toMatchObject({ rps: 1, budget_per_hour: 720 });
    expect((await explain()).what_if).toBeNull();
    expect(little.what_if?.requests_per_hour).toBeCloseTo(720, -1);
    expect(much.what_if?.expected_freshness).toBeGreaterThan(little.what_if?.expected_freshness ?? 1);
    expect(much.what_if?.kappa).toBeLessThan(little.what_if?.kappa ?? 0);
  });
});
