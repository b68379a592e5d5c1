import { describe, expect, test } from 'vitest';
import { bestPolling, bestWithEvents, plainCacheWithin, uniformPolling } from '../../../bench/freshness/bounds.ts';
import { seeded } from '../../../bench/freshness/random.ts';
import { createWorld } from '../../../bench/freshness/world.ts';
import { whatIf } from '../../../lib/planner/what-if.ts';

const CHATS = 1_500;
const world = createWorld(CHATS, 1, seeded(5));
const limits = { minIntervalMs: 1, maxIntervalMs: 1e13 };
const sampleOf = (trusted: boolean) =>
  Array.from(world.changes, (rate, i) => ({
    weight: 1,
    change: { mean: Math.log(rate), variance: 0 },
    viewsPerHour: world.views[i] ?? 0,
    trusted,
  }));

describe.each([15, 60, 216])('%d requests an hour', (budget) => {
  test('with known rates the result is the optimum', () => {
    const outlook = whatIf(sampleOf(false), budget, limits);
    const best = bestPolling(world, budget);
    expect(outlook.requestsPerHour / budget).toBeCloseTo(1, 2);
    expect(outlook.freshness).toBeCloseTo(best.freshness, 3);
    expect(outlook.kappa / best.kappa).toBeCloseTo(1, 2);
  });

  test('and with events too, except for the chat at the end of the budget', () => {
    const outlook = whatIf(sampleOf(true), budget, limits);
    expect(outlook.freshness).toBeLessThanOrEqual(bestWithEvents(world, budget) + 1e-9);
    expect(outlook.freshness).toBeGreaterThan(bestWithEvents(world, budget) - 0.01);
  });

  test('each bound exceeds the weaker ones', () => {
    const best = bestPolling(world, budget).freshness;
    expect(bestWithEvents(world, budget)).toBeGreaterThan(best);
    expect(best).toBeGreaterThan(uniformPolling(world, budget));
    const plain = plainCacheWithin(world, budget);
    expect(plain.requestsPerHour / budget).toBeCloseTo(1, 4);
    expect(plain.waiting).toBeCloseTo(budget / world.viewsPerHour, 4);
  });
});

test('a chat that represents ten counts as ten', () => {
  const sample = sampleOf(false);
  const ten = sample.slice(0, 150).map((chat) => ({ ...chat, weight: 10 }));
  const copies = ten.flatMap((chat) => Array.from({ length: 10 }, () => ({ ...chat, weight: 1 })));
  const [a, b] = [whatIf(ten, 60, limits), whatIf(copies, 60, limits)];
  expect(a.freshness).toBeCloseTo(b.freshness, 9);
  expect(a.kappa / b.kappa).toBeCloseTo(1, 5);
});

test('without chats everything is fresh', () => {
  expect(whatIf([], 60, limits)).toMatchObject({ freshness: 1, requestsPerHour: 0 });
});
