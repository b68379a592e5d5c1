import { describe, expect, test } from 'vitest';
import { type Findings, NO_FINDINGS } from '../../../lib/planner/findings.ts';
import { correctHours } from '../../../lib/planner/interval.ts';
import { NO_ACTIVITY } from '../../../lib/planner/last-event.ts';
import { type ChatSchedule, type Observations, SCHEDULING_LIMITS } from '../../../lib/planner/plan.ts';
import { expectedAccuracy, expectedFreshness } from '../../../lib/planner/price.ts';
import { equal, shareCorrect } from '../../../lib/planner/steps.ts';
import {
  beginSync,
  collect,
  endSync,
  learnFromRefresh,
  nothingFound,
  type Price,
  type Sync,
  select,
  wantsMore,
  weigh,
} from '../../../lib/planner/sync.ts';

const HOUR_MS = 3_600_000;
const NOW = 1_000 * 24 * HOUR_MS;
const INTERVAL_MS = 900_000;
const settings = { rps: 30, backgroundShare: 0.2, maxCallsPerHour: 40, intervalMs: INTERVAL_MS, windowMs: 30_000 };
const limits = { ...SCHEDULING_LIMITS, changeMemoryHours: Infinity, viewMemoryHours: Infinity };
const quiet: Observations = { views: 0, eventsTrustedSince: null, eventQuarters: 0 };

/** A chat with known rates that is due now. */
const chat = (changesPerHour: number, viewsPerHour: number, ageHours: number, more: Partial<ChatSchedule> = {}) => ({
  change: { mean: Math.log(changesPerHour), variance: 0 },
  views: { views: viewsPerHour * 1e9, hours: 1e9, countedTo: NOW - HOUR_MS },
  ...{ count: 40, activity: NO_ACTIVITY },
  readAt: NOW - ageHours * HOUR_MS,
  dirtyAt: null,
  dueAt: NOW,
  ...more,
});

/** The price of a sync one interval ago. */
function priceOf(kappa: number): Price {
  const start = { price: undefined, findings: NO_FINDINGS, chats: 100 };
  const sync = beginSync(start, settings, NOW - INTERVAL_MS, limits);
  const found = nothingFound();
  const price = endSync(sync, found, select(sync, found), 0);
  const state = { ...price.state, logKappa: Math.log(kappa), pressure: 0 };
  return { ...price, state, context: { ...price.context, kappa } };
}

const begin = (kappa: number, findings: Partial<Findings> = {}, some: Partial<typeof settings> = {}): Sync =>
  beginSync(
    { price: priceOf(kappa), findings: { ...NO_FINDINGS, ...findings }, chats: 100 },
    { ...settings, ...some },
    NOW,
    limits,
  );

function weighAll(sync: Sync, plans: readonly ChatSchedule[], seen: Observations = quiet) {
  const found = nothingFound();
  for (const [id, plan] of plans.entries()) collect(found, id, plan, weigh(sync, plan, seen, 0));
  return { found, selection: select(sync, found) };
}

describe('a sync', () => {
  test('reads chats that gain the price, and postpones the others', () => {
    const sync = begin(1);
    expect(weigh(sync, chat(0.1, 5, 10), quiet, 0)).toMatchObject({ kind: 'wanted' });
    const gained = 0.01 * correctHours(chat(0.1, 0.01, 10).change, 10);
    const postponed = weigh(sync, chat(0.1, 0.01, 10), quiet, 0);
    expect(postponed).toMatchObject({ kind: 'postponed', unchecked: expect.closeTo(gained, 9) });
    expect(weigh(sync, chat(0.1, 5, 10, { readAt: null }), quiet, 0)).toEqual({ kind: 'first' });
    // If it is due later, it remains unchanged.
    const later = chat(0.1, 0.01, 10, { dueAt: NOW + 60_000 });
    expect(weigh(sync, later, quiet, 0)).toEqual({ kind: 'waiting', unchecked: expect.closeTo(gained, 3) });
  });

  test('uses spare budget for counts without trusted events, those with the largest gain first', () => {
    // Ten requests per interval: two chats gain the price.
    const idle = Array.from({ length: 20 }, (_, i) => chat(0.1, 0.01, 1 + i));
    const { found, selection } = weighAll(begin(1), [chat(0.1, 5, 10), chat(0.1, 9, 10), ...idle]);
    expect(found.postponed.size).toBe(20);
    expect(selection.read.map(({ id }) => id)).toEqual([0, 1, 21, 20, 19, 18, 17, 16, 15, 14]);
    expect(selection.spare).toBe(0);
    // A popular chat precedes an older count that nobody views.
    expect(weighAll(begin(1), [...idle, chat(0.1, 0.02, 15)]).selection.read[0]?.id).toBe(20);
    // Some are reserved for chats that are due again before the next sync.
    expect(weighAll(begin(1, { again: 4 }), [chat(0.1, 5, 10), ...idle]).selection).toMatchObject({ spare: 4 });
  });

  test('keeps requests for chats that are due again before the next sync, also where more are wanted', () => {
    const many = Array.from({ length: 20 }, () => chat(0.1, 5, 10));
    expect(weighAll(begin(1, { again: 3 }), many).selection).toMatchObject({ leftOver: 13, spare: 3 });
    // Half of the budget at most.
    expect(weighAll(begin(1, { again: 300 }), many).selection).toMatchObject({ leftOver: 15, spare: 5 });
  });

  test('but not for counts with trusted events, or those read since the last sync', () => {
    const trusted = { ...quiet, eventsTrustedSince: 0 };
    const clean = [chat(0.1, 0.01, 10)];
    expect(weighAll(begin(1), clean, trusted).selection.read).toEqual([]);
    expect(weighAll(begin(1), [chat(0.1, 0.01, 0.2)]).selection.read).toEqual([]);
    const dirty = [chat(0.1, 0.01, 10, { dirtyAt: NOW - HOUR_MS })];
    expect(weighAll(begin(1), dirty, trusted).selection.read).toHaveLength(1);
  });

  test('reads chats for the first time since their events are trusted in the order of what that saves', () => {
    // All were read 20 hours ago. Events are trusted since an hour after that, or since ten hours ago; none came.
    const plan = (viewsPerHour: number) => chat(0.1, viewsPerHour, 20);
    const sync = begin(10);
    const told = (hoursAgo: number) => ({ ...quiet, eventsTrustedSince: NOW - hoursAgo * HOUR_MS });
    const weighed = (viewsPerHour: number, hoursAgo: number) => weigh(sync, plan(viewsPerHour), told(hoursAgo), 0);
    const saved = (hours: number) => (1 - equal(0.1 * hours)) / 0.1;
    expect(weighed(5, 10)).toEqual({ kind: 'wanted', correctViews: expect.closeTo(5 * saved(10), 6) });
    // It was hardly ever wrong in the first hour, so a refresh would save less than its price.
    expect(weighed(5, 19)).toMatchObject({ kind: 'postponed', unchecked: expect.closeTo(5 * saved(1), 6) });
    expect(weighed(1, 10)).toMatchObject({ kind: 'postponed', unchecked: expect.closeTo(saved(10), 6) });
  });

  test('evaluates chats that are not due only for spare budget', () => {
    const sync = begin(1);
    const found = nothingFound();
    const plan = chat(0.1, 0.01, 10, { dueAt: NOW + 5 * HOUR_MS });
    for (let id = 0; id < 10; id += 1) {
      expect(wantsMore(sync, found, true)).toBe(true);
      collect(found, id, plan, weigh(sync, plan, quiet, 0));
    }
    expect(wantsMore(sync, found, true)).toBe(false);
    expect(wantsMore(sync, found, false)).toBe(true);
  });

  test('saves the requests that events took beyond the budget, for at most two hours', () => {
    expect(begin(1).allowed).toBe(10);
    expect(begin(1, { charged: 16 }).allowed).toBe(4);
    const burst = begin(1, { charged: 10_000 });
    expect(burst.allowed).toBe(0);
    let price = endSync(burst, nothingFound(), select(burst, nothingFound()), 0);
    const allowed: number[] = [];
    for (let i = 1; i <= 9; i += 1) {
      const sync = beginSync({ price, findings: NO_FINDINGS, chats: 100 }, settings, NOW + i * INTERVAL_MS, limits);
      allowed.push(sync.allowed);
      price = endSync(sync, nothingFound(), select(sync, nothingFound()), 0);
    }
    expect(allowed).toEqual([0, 0, 0, 0, 0, 0, 0, 10, 10]);
  });

  test('estimates the share of correct counts from postponed chats too', () => {
    const sync = begin(1);
    // It changes ten times an hour and was read ten hours ago, so it was wrong in the last hour, when it was viewed.
    const { found, selection } = weighAll(sync, [chat(10, 0.0001, 10)], { ...quiet, views: 20 });
    const { state } = endSync(sync, found, selection, 20);
    expect(state.views).toBeCloseTo(20);
    expect(expectedFreshness(state)).toBeLessThan(0.01);
    expect(expectedAccuracy(state)).toBeLessThan(0.01);
  });

  test('measures chats with trusted events without refreshes', () => {
    const sync = begin(1);
    const dirty = chat(0.1, 0.0001, 10, { dirtyAt: NOW - HOUR_MS / 4 });
    const { found, selection } = weighAll(sync, [dirty], { ...quiet, eventsTrustedSince: 0 });
    expect(endSync(sync, found, selection, 0)).toMatchObject({ measuredHours: 1, measuredCorrectHours: 0.75 });
  });
});

describe('a refresh', () => {
  const price = priceOf(1);
  const seen = (changed: boolean, more: Partial<Observations> = {}) => ({
    ...{ ...quiet, ...more, readAt: NOW, count: 40, difference: changed ? 3 : 0, planned: true },
  });

  test('finds the count correct for the whole time if it is equal, otherwise for the time by its rate', () => {
    const plan = chat(0.1, 2, 10);
    const same = learnFromRefresh(plan, seen(false), price, 0).findings;
    expect(same).toMatchObject({ measuredHours: 10, measuredCorrectHours: 10, charged: 1 });
    expect(same.measuredViews).toBeCloseTo(20, 6);
    expect(same.measuredCorrect).toBeCloseTo(20, 6);
    const changed = learnFromRefresh(plan, seen(true), price, 0).findings;
    // Both together are correct as often as a count that is read every step: equal(1) of them are equal.
    const both = equal(1) * same.measuredCorrectHours + (1 - equal(1)) * changed.measuredCorrectHours;
    expect(both).toBeCloseTo(10 * shareCorrect(1), 6);
    expect(changed.measuredCorrect / changed.measuredViews).toBeCloseTo(changed.measuredCorrectHours / 10, 9);
  });

  test('of a chat that was never read measures nothing', () => {
    const { findings } = learnFromRefresh(chat(1, 1, 1, { readAt: null }), seen(true), price, 0);
    expect(findings).toMatchObject({ measuredViews: 0, measuredHours: 0 });
  });

  test('of a chat with trusted events relies on the events', () => {
    const plan = chat(0.1, 2, 10, { dirtyAt: NOW - HOUR_MS / 2 });
    const { findings } = learnFromRefresh(plan, seen(true, { views: 2, eventsTrustedSince: 0 }), price, 0);
    // The hour since its last evaluation.
    expect(findings).toMatchObject({
      measuredHours: 1,
      measuredCorrectHours: 0.5,
      measuredViews: 2,
      measuredCorrect: 1,
    });
  });
});
