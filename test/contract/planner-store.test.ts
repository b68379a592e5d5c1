import { beforeEach, describe, expect, test } from 'vitest';
import { NO_FINDINGS } from '../../lib/planner/findings.ts';
import { SCHEDULING_LIMITS } from '../../lib/planner/plan.ts';
import { contextOf, firstState } from '../../lib/planner/price.ts';
import type { Price } from '../../lib/planner/sync.ts';
import type { PlannerStore } from '../../lib/state/planner-store.ts';
import { IMPLEMENTATIONS, T0 } from '../support/stores.ts';

describe.each(IMPLEMENTATIONS)('planner store in %s', (_, open) => {
  let store: PlannerStore;
  beforeEach(async () => {
    store = (await open()).planner;
  });

  const state = firstState(1_000, 50, 21_600);
  const price: Price = {
    ...{
      state,
      context: contextOf(state, 1_000, SCHEDULING_LIMITS),
      tickedAt: T0,
      plannedUntil: T0,
      firstReads: 0,
      budgetPerHour: 21_600,
    },
    ...{
      spare: 7,
      allowed: 9,
      carried: 0.25,
      measuredViews: 10,
      measuredCorrect: 9.5,
      measuredHours: 8,
      measuredCorrectHours: 7,
    },
  };
  const some = { ...NO_FINDINGS, demand: 1.5, views: 3, logRate: -2.25 };

  test('stores the cursor until it is removed', async () => {
    expect(await store.readCursor()).toBeUndefined();
    await store.writeCursor({ id: 7, dueAt: T0 });
    expect(await store.readCursor()).toEqual({ id: 7, dueAt: T0 });
    await store.writeCursor(undefined);
    expect(await store.readCursor()).toBeUndefined();
  });

  test('stores the price unchanged', async () => {
    expect(await store.readPrice()).toBeUndefined();
    await store.writePrice(price, NO_FINDINGS);
    expect(await store.readPrice()).toEqual(price);
  });

  test('adds findings, and subtracts those of a price', async () => {
    expect(await store.readFindings()).toEqual(NO_FINDINGS);
    const added = [some, { ...some, again: 2 }, { ...some, measuredViews: 4, again: 2 }];
    const before = await Promise.all(added.map((findings) => store.addFindings(findings)));
    // Each call returns what the others have added before.
    expect(Math.max(...before)).toBeLessThanOrEqual(4);
    expect(Math.min(...before)).toBe(0);
    expect(await store.addFindings({ ...NO_FINDINGS, again: -4 })).toBe(4);
    const found = await store.readFindings();
    expect(found).toEqual({ ...NO_FINDINGS, demand: 4.5, views: 9, logRate: -6.75, measuredViews: 4 });
    await store.addFindings(some);
    await store.writePrice(price, found);
    expect(await store.readFindings()).toEqual({ ...some });
  });
});
