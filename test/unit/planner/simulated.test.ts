import { describe, expect, test } from 'vitest';
import { bestPolling, bestWithEvents, uniformPolling } from '../../../bench/freshness/bounds.ts';
import { coalesce } from '../../../bench/freshness/coalescing.ts';
import { DueQueue } from '../../../bench/freshness/due-queue.ts';
import { seeded } from '../../../bench/freshness/random.ts';
import { type Scenario, simulate } from '../../../bench/freshness/simulate.ts';
import { createWorld } from '../../../bench/freshness/world.ts';
import { SCHEDULING_LIMITS } from '../../../lib/planner/plan.ts';
import { whatIf } from '../../../lib/planner/what-if.ts';

/** A hundredth of the service: 1,500 chats at 60 requests an hour. */
const world = createWorld(1_500, 1, seeded(1));
const BUDGET = 60;
const scenario = (more: Partial<Scenario>): Scenario => ({
  ...{ world, budgetPerHour: BUDGET, rates: 'known', trusted: 0, warmDays: 3, days: 2 },
  ...{ random: seeded(7) },
  ...more,
});
const best = bestPolling(world, BUDGET).freshness;

describe('the planner in simulated time', () => {
  test('polls nearly optimally with known rates, within its budget', () => {
    const { freshness, requestsPerHour, expected, waited } = simulate(scenario({}));
    expect(freshness / best).toBeGreaterThan(0.97);
    expect(freshness / best).toBeLessThan(1.02);
    expect(requestsPerHour / BUDGET).toBeGreaterThan(0.95);
    expect(requestsPerHour / BUDGET).toBeLessThanOrEqual(1.001);
    expect(expected).toBeCloseTo(freshness, 1);
    expect(waited).toBe(0);
  });

  test('learns rates within days, and estimates its own freshness', () => {
    const learnt = simulate(scenario({ rates: 'learnt', warmDays: 6 }));
    const { daily, freshness, expected, sample, requestsPerHour } = learnt;
    expect(freshness / best).toBeGreaterThan(0.93);
    expect(requestsPerHour / BUDGET).toBeGreaterThan(0.97);
    expect(freshness).toBeGreaterThan(uniformPolling(world, BUDGET) + 0.15);
    expect(freshness).toBeGreaterThan((daily[0] ?? 1) + 0.1);
    expect(expected).toBeCloseTo(freshness, 1);
    // The sample of a what-if represents all chats, and agrees with the results.
    const chats = sample.reduce((sum, { weight }) => sum + weight, 0);
    expect(chats / 1_500).toBeCloseTo(1, 0);
    expect(whatIf(sample, BUDGET, { ...SCHEDULING_LIMITS, maxIntervalMs: 1e10 }).freshness).toBeCloseTo(freshness, 1);
  });

  test('gains more from events than any polling could', () => {
    const { freshness } = simulate(scenario({ trusted: 1 }));
    expect(freshness / bestWithEvents(world, BUDGET)).toBeGreaterThan(0.96);
    expect(freshness / bestWithEvents(world, BUDGET)).toBeLessThan(1.02);
    expect(freshness).toBeGreaterThan(best);
  });

  test('gives the same results for the same seed', () => {
    const once = () => simulate(scenario({ rates: 'learnt', trusted: 0.5, warmDays: 1, days: 1, random: seeded(9) }));
    expect(once()).toEqual(once());
  });

  test('lets a listing wait only for chats that were never read', () => {
    const { shown, waited } = simulate(scenario({ days: 1, newcomers: 300 }));
    expect(shown).toBeGreaterThan(1_000);
    expect(waited).toBeGreaterThan(0);
    expect(waited / shown).toBeLessThan(0.02);
  });
});

test('spends at most one request per window on a changed chat, and none on one that is gone', async () => {
  const told = await coalesce(createWorld(1_500, 1, seeded(2)), 6, seeded(3));
  expect(told.raidChanges).toBeGreaterThan(100_000);
  expect(told.deliveries).toBeGreaterThan(told.changes);
  expect(told.requests).toBeLessThanOrEqual(told.toldWindows);
  // Events up to a minute late spread the changes of a window over several windows.
  expect(told.requests).toBeLessThan(1.1 * told.windows);
  expect(told.requests).toBeGreaterThan(0.3 * told.windows);
  expect(told.mostInWindow).toBe(1);
  expect(told.raidRequests / told.raidChanges).toBeLessThan(0.005);
  expect(told.goneRequests).toBe(0);
  expect(told.knownGoneRequests).toBe(0);
});

test('the queue of due chats returns each once, in order of due times', () => {
  const queue = new DueQueue(6, 10);
  for (const [chat, tick] of [4, 2, 9, 2, 7, 99].entries()) queue.put(chat, tick);
  queue.put(4, 3);
  queue.remove(0);
  expect(queue.count(4)).toBe(3);
  const taken = Array.from({ length: 5 }, () => queue.take(9));
  expect(taken.slice(0, 2).sort()).toEqual([1, 3]);
  expect(taken.slice(2)).toEqual([4, 2, -1]);
  queue.put(0, 1);
  expect(queue.take(9)).toBe(0);
});
