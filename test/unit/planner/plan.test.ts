import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UNKNOWN_POPULATION } from '../../../lib/planner/change-rate.ts';
import { bestIntervalHours, correctHours, freshness } from '../../../lib/planner/interval.ts';
import { NO_ACTIVITY } from '../../../lib/planner/last-event.ts';
import {
  type ChatSchedule,
  floorMs,
  isWorthReading,
  NO_TALLY,
  type Observations,
  type Refreshed,
  SCHEDULING_LIMITS,
  type SchedulingContext,
  scheduleAfterRefresh,
  scheduleWhenDue,
} from '../../../lib/planner/plan.ts';
import { equal, shareCorrect } from '../../../lib/planner/steps.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NOW = 1_000 * DAY_MS;
const limits = { ...SCHEDULING_LIMITS, changeMemoryHours: Infinity, viewMemoryHours: Infinity };
const context: SchedulingContext = {
  kappa: 1,
  population: UNKNOWN_POPULATION,
  meanViewsPerHour: 1,
  ...{ lastEventReliable: false, limits },
};
const quiet = { views: 0, eventsTrustedSince: null, eventQuarters: 0 };

/** A new chat: due at once, with the change rate of the population. */
const unread = (now: number): ChatSchedule => ({
  ...{ change: UNKNOWN_POPULATION, views: { views: 0, hours: 0, countedTo: now } },
  ...{ count: null, activity: NO_ACTIVITY, readAt: null, dirtyAt: null, dueAt: now },
});

/** A chat with known rates that was read an hour before NOW. */
function known(changesPerHour: number, viewsPerHour: number, more: Partial<ChatSchedule> = {}): ChatSchedule {
  return {
    change: { mean: Math.log(changesPerHour), variance: 0 },
    views: { views: viewsPerHour * 1e9, hours: 1e9, countedTo: NOW - HOUR_MS },
    ...{ count: 40, activity: NO_ACTIVITY },
    readAt: NOW - HOUR_MS,
    dirtyAt: null,
    dueAt: NOW,
    ...more,
  };
}

const refreshed = (more: Partial<Refreshed> = {}): Refreshed => ({
  ...{ ...quiet, readAt: NOW, count: 40, difference: 0, planned: true },
  ...more,
});

describe('scheduleAfterRefresh', () => {
  test('a polled chat is due after its best interval, at most a tenth of it early', () => {
    const best = bestIntervalHours({ mean: Math.log(0.1), variance: 0 }, 1 / 5, 1 / 60, 24) * HOUR_MS;
    const at = (random: number) => scheduleAfterRefresh(known(0.1, 5), refreshed(), context, random).plan.dueAt - NOW;
    expect(at(0) / best).toBeCloseTo(1, 6);
    expect(at(0.999) / best).toBeCloseTo(0.9, 3);
  });

  test('a chat that is hardly worth a request is evaluated after the longest time, at most half of it early', () => {
    const quietChat = known(1e-4, 1e-6);
    const afterRefresh = (random: number) =>
      scheduleAfterRefresh(quietChat, refreshed(), context, random).plan.dueAt - NOW;
    const whenDue = (random: number) =>
      scheduleWhenDue(quietChat, { ...quiet, now: NOW }, context, random).plan.dueAt - NOW;
    for (const at of [afterRefresh, whenDue]) {
      expect(at(0.5)).toBe(0.75 * limits.reviewMs);
      expect(at(1)).toBe(0.5 * limits.reviewMs);
    }
  });

  test('observations are learnt, and an unchanged count gives a longer interval', () => {
    const unknown = unread(NOW - HOUR_MS);
    const first = scheduleAfterRefresh(unknown, refreshed({ readAt: NOW - HOUR_MS }), context, 0).plan;
    // For a count that was never read, it is not known whether it changed.
    expect(first.change).toEqual(UNKNOWN_POPULATION);
    const same = scheduleAfterRefresh(first, refreshed({ views: 9 }), context, 0).plan;
    const changed = scheduleAfterRefresh(first, refreshed({ views: 9, difference: 1 }), context, 0).plan;
    expect(same.change.mean).toBeLessThan(changed.change.mean);
    expect(same.views).toMatchObject({ hours: 1, countedTo: NOW });
    expect(same.views.views).toBeCloseTo(9, 12);
  });

  test('a chat that has been silent for years changes rarely, from its first reading on', () => {
    const lastEvent = { at: NOW - 2_000 * DAY_MS, messages: null };
    const first = (lastEventReliable: boolean) =>
      scheduleAfterRefresh(unread(NOW), refreshed({ lastEvent }), { ...context, lastEventReliable }, 0).plan;
    expect(Math.exp(first(true).change.mean)).toBeLessThan(1 / 1_000);
    expect(first(true)).toMatchObject({ count: 40, activity: { messages: null, silenceUsedUntil: NOW } });
    // Before the times of last events have proved reliable, they say nothing.
    expect(first(false).change).toEqual(UNKNOWN_POPULATION);
    expect(first(false).activity.silenceUsedUntil).toBeNull();
  });

  test('differences of polled chats are counted, and those that contradict the time of the last event', () => {
    const tallied = (more: Partial<Refreshed>) => {
      const seen = refreshed({ difference: 1, lastEvent: { at: NOW - 2 * HOUR_MS, messages: 3 }, ...more });
      const { differences, contradicted } = scheduleAfterRefresh(known(1, 1), seen, context, 0).tally;
      return [differences, contradicted];
    };
    expect(tallied({})).toEqual([1, 1]);
    expect(tallied({ lastEvent: { at: NOW - HOUR_MS / 2, messages: 3 } })).toEqual([1, 0]);
    expect(tallied({ difference: 0 })).toEqual([0, 0]);
    expect(tallied({ lastEvent: null })).toEqual([0, 0]);
    expect(tallied({ eventsTrustedSince: 0 })).toEqual([0, 0]);
  });

  test('an event between the request and its response leaves the chat dirty', () => {
    const plan = known(0.1, 100, { dirtyAt: NOW + 1 });
    const next = scheduleAfterRefresh(plan, refreshed(), context, 0).plan;
    expect(next.dirtyAt).toBe(NOW + 1);
    expect(next.dueAt).toBe(NOW + 1 + limits.eventWindowMs);
    expect(scheduleAfterRefresh({ ...plan, dirtyAt: NOW }, refreshed(), context, 0).plan.dirtyAt).toBeNull();
  });

  test('a chat with trusted events waits for the daily audit, however often it changes', () => {
    const next = scheduleAfterRefresh(
      known(20, 1_000),
      refreshed({ eventsTrustedSince: NOW - DAY_MS }),
      context,
      0,
    ).plan;
    expect(next.dueAt).toBe(NOW + DAY_MS);
  });

  test('rates of chats with trusted events are learnt from events, not from the refreshes they cause', () => {
    const plan = { ...known(1, 1), change: UNKNOWN_POPULATION };
    const seen = { difference: 1, eventsTrustedSince: NOW - DAY_MS };
    const silent = scheduleAfterRefresh(plan, refreshed({ ...seen, eventQuarters: 0 }), context, 0).plan.change;
    const busy = scheduleAfterRefresh(plan, refreshed({ ...seen, eventQuarters: 3 }), context, 0).plan.change;
    expect(silent.mean).toBeLessThan(UNKNOWN_POPULATION.mean);
    expect(busy.mean).toBeGreaterThan(UNKNOWN_POPULATION.mean);
    // Events are evidence only for times in which they were trusted.
    const late = scheduleAfterRefresh(plan, refreshed({ eventsTrustedSince: NOW - 1, eventQuarters: 3 }), context, 0)
      .plan.change;
    expect(late).toEqual(UNKNOWN_POPULATION);
  });

  test('no chat waits longer than the longest interval, or less than the shortest', () => {
    const unit = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    const rate = fc.double({ min: -10, max: 8, noNaN: true }).map(Math.exp);
    fc.assert(
      fc.property(rate, rate, rate, unit, fc.boolean(), (changes, views, kappa, random, trusted) => {
        const seen = refreshed({ eventsTrustedSince: trusted ? 0 : null });
        const { dueAt } = scheduleAfterRefresh(known(changes, views), seen, { ...context, kappa }, random).plan;
        expect(dueAt - NOW).toBeLessThanOrEqual(limits.maxIntervalMs);
        expect(dueAt - NOW).toBeGreaterThanOrEqual(0.9 * limits.minIntervalMs);
      }),
    );
  });

  test('with a longest interval of weeks, due times are still computed daily', () => {
    const far = { ...context, limits: { ...limits, maxIntervalMs: 30 * DAY_MS } };
    const { dueAt } = scheduleAfterRefresh(known(1e-5, 1e-5), refreshed(), far, 0).plan;
    expect(dueAt).toBe(NOW + limits.reviewMs);
  });

  test('only planned refreshes are demand: the share of an interval at the present price, or one', () => {
    const interval = bestIntervalHours({ mean: Math.log(0.1), variance: 0 }, 1 / 5, 1 / 60, 24);
    const asked = (plan: ChatSchedule, seen: Partial<Refreshed>) =>
      scheduleAfterRefresh(plan, refreshed(seen), context, 0.5).tally.demand;
    expect(asked(known(0.1, 5), {})).toBeCloseTo(1 / interval, 6);
    expect(asked(known(0.1, 5), { planned: false })).toBe(0);
    expect(asked(known(0.1, 5, { dirtyAt: NOW - 1 }), {})).toBe(1);
    // Read with spare budget, not because it gained the price.
    expect(asked(known(0.1, 0.05, { dirtyAt: NOW - 1 }), {})).toBe(0);
    expect(asked(known(0.1, 5), { eventsTrustedSince: 0 })).toBe(1);
    expect(asked(unread(NOW - 1), {})).toBe(1);
    // What the refresh shows is used only for the next one.
    const unsure = known(0.1, 5, { change: UNKNOWN_POPULATION });
    const best = bestIntervalHours(UNKNOWN_POPULATION, 1 / 5, 1 / 60, 24);
    for (const difference of [0, 1]) expect(asked(unsure, { difference, views: 50 })).toBeCloseTo(1 / best, 6);
  });

  test('views before the first event since the last read were correct, those after it were not', () => {
    const seen = refreshed({ views: 80, eventsTrustedSince: 0 });
    const clean = scheduleAfterRefresh(known(1, 1), seen, context, 0).tally;
    const dirty = scheduleAfterRefresh(known(1, 1, { dirtyAt: NOW - HOUR_MS / 4 }), seen, context, 0).tally;
    expect(clean).toMatchObject({ views: 80, correctViews: 80, hours: 1 });
    expect(dirty.correctViews).toBeCloseTo(60, 9);
    // For a polled chat: correct with the probability of its rate.
    const polled = scheduleAfterRefresh(known(1, 1), refreshed({ views: 80 }), context, 0).tally;
    expect(polled.correctViews).toBeCloseTo(80 * shareCorrect(1), 9);
    // If events are trusted since two hours after the read: correct with the probability at that time.
    const later = known(1, 1, { readAt: NOW - 3 * HOUR_MS });
    const since = refreshed({ views: 80, eventsTrustedSince: NOW - HOUR_MS });
    expect(scheduleAfterRefresh(later, since, context, 0).tally.correctViews).toBeCloseTo(80 * equal(2), 9);
    const never = scheduleAfterRefresh(known(1, 1, { readAt: null }), seen, context, 0).tally;
    expect(never.correctViews).toBe(0);
  });

  test('a second evaluation counts only the time after the first', () => {
    const plan = known(1, 1, { readAt: NOW - 3 * HOUR_MS });
    const { correctViews } = scheduleAfterRefresh(plan, refreshed({ views: 1 }), context, 0).tally;
    // ∫ P(t) dt from 2 to 3
    expect(correctViews).toBeCloseTo(3 * shareCorrect(3) - 2 * shareCorrect(2), 9);
    const again = scheduleAfterRefresh({ ...plan, views: { ...plan.views, countedTo: NOW } }, refreshed(), context, 0);
    expect(again.tally).toEqual({ ...NO_TALLY, demand: again.tally.demand });
  });
});

describe('isWorthReading', () => {
  const isWorth = (plan: ChatSchedule, kappa = 1, seen: Observations = quiet) =>
    isWorthReading(plan, seen, NOW, { ...context, kappa });

  test('a chat with an event is, if its count lives long enough for its viewers', () => {
    // A count that lives ten hours and is viewed once in a hundred hours: a tenth of a correct view.
    const plan = known(0.1, 0.01);
    expect(isWorth(plan)).toBe(false);
    expect(isWorth(plan, 0.0999)).toBe(true);
    expect(isWorth(known(0.1, 100))).toBe(true);
  });

  test('a chat that was never read is, at any price', () => {
    expect(isWorth(unread(NOW), 1e9)).toBe(true);
  });

  test('an event that comes soon after the last says that the next will, too', () => {
    const views = { views: 1e9, hours: 1e9, countedTo: NOW - HOUR_MS / 4 };
    const soon = { ...known(1, 1), change: UNKNOWN_POPULATION, views };
    const late = { ...soon, views: { ...views, countedTo: NOW - 100 * HOUR_MS } };
    const trusted = { ...quiet, eventsTrustedSince: 0 };
    expect(isWorth(late, 50, trusted)).toBe(true);
    expect(isWorth(soon, 50, trusted)).toBe(false);
    // Where events were not told all the time, their silence says nothing.
    expect(isWorth(soon, 50)).toBe(true);
  });
});

describe('scheduleWhenDue', () => {
  const look = (plan: ChatSchedule, more: Partial<Parameters<typeof scheduleWhenDue>[1]> = {}, kappa = 1) =>
    scheduleWhenDue(plan, { ...quiet, now: NOW, ...more }, { ...context, kappa }, 0);

  test('a chat that was never read precedes all others', () => {
    expect(look(unread(NOW)).correctViews).toBe(Number.POSITIVE_INFINITY);
  });

  test('a dirty chat gains the lifetime of a count, a polled one the expected gain for its age', () => {
    expect(look(known(0.1, 5, { dirtyAt: NOW - 1 })).correctViews).toBeCloseTo(50, 6);
    const old = known(0.1, 5, { readAt: NOW - 20 * HOUR_MS });
    expect(look(old).correctViews).toBeCloseTo(5 * correctHours(old.change, 20), 6);
  });

  test('a higher price makes a chat wait; its views are counted nevertheless', () => {
    const plan = known(0.1, 5);
    const wanted = (kappa: number) => bestIntervalHours(plan.change, kappa / 5, 1 / 60, 24);
    const { plan: next, correctViews, tally } = look(plan, { views: 7 }, 1);
    expect(correctViews).toBeNull();
    expect(((next.dueAt - NOW) / HOUR_MS + 1) / wanted(1)).toBeCloseTo(1, 6);
    expect(next.views.countedTo).toBe(NOW);
    expect(tally.views).toBe(7);
    // Within a seventh of its interval it is read, so that it is not postponed again and again.
    const price = 5 * correctHours(plan.change, 1.1);
    expect(look(plan, {}, price).correctViews).not.toBeNull();
    expect(look(plan, {}, 2 * price).correctViews).toBeNull();
  });

  test('a dirty chat below the price is evaluated daily, and read when it gains the price', () => {
    const plan = known(0.1, 0.01, { dirtyAt: NOW - 1 });
    const { correctViews, plan: next } = look(plan, { eventsTrustedSince: 0 });
    expect(correctViews).toBeNull();
    expect(next.dueAt).toBe(NOW + 23 * HOUR_MS);
    expect(next.dirtyAt).toBe(NOW - 1);
    expect(look(plan, { eventsTrustedSince: 0 }, 0.09).correctViews).toBeCloseTo(0.1, 6);
    // A chat that became popular meanwhile gains the price.
    const counted = { ...plan, views: { views: 0, hours: 24, countedTo: NOW - HOUR_MS } };
    expect(look(counted, { eventsTrustedSince: 0 }).correctViews).toBeNull();
    expect(look(counted, { eventsTrustedSince: 0, views: 5 }).correctViews).toBeGreaterThan(1);
  });

  test('a chat with trusted events but no event waits for the audit; one with newer trust than its count, for its price', () => {
    const plan = known(2, 50, { readAt: NOW - 20 * HOUR_MS });
    expect(look(plan, { eventsTrustedSince: 0 }).correctViews).toBeNull();
    // It was wrong when the events began. A refresh gains μ/λ views then.
    const gain = (50 / 2) * (1 - equal(2 * 19));
    const since = { eventsTrustedSince: NOW - HOUR_MS };
    expect(look(plan, since).correctViews).toBeCloseTo(gain, 6);
    expect(look(plan, since, 1.2 * gain).correctViews).toBeNull();
    expect(look({ ...plan, readAt: NOW - DAY_MS }, { eventsTrustedSince: 0 }).correctViews).not.toBeNull();
  });

  test('a chat at the longest interval is read at any price', () => {
    expect(look(known(10, 0.001, { readAt: NOW - DAY_MS }), {}, 1e6).correctViews).not.toBeNull();
  });

  test('a day of evaluations sums the same hours and freshness as one evaluation', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 23 }), { maxLength: 5 }), (hours) => {
        const start = known(0.3, 2, { readAt: NOW - DAY_MS, views: { views: 0, hours: 0, countedTo: NOW - DAY_MS } });
        let plan = start;
        let total = { right: 0, hours: 0 };
        for (const hour of [...new Set(hours)].sort((a, b) => a - b).concat(24)) {
          const now = NOW - DAY_MS + hour * HOUR_MS;
          const views = (now - plan.views.countedTo) / HOUR_MS;
          const { plan: next, tally } = scheduleWhenDue(plan, { ...quiet, now, views }, context, 0);
          total = { right: total.right + tally.correctViews, hours: total.hours + tally.hours };
          plan = next;
        }
        expect(total.hours).toBeCloseTo(24, 9);
        expect(total.right).toBeCloseTo(24 * freshness(start.change, 24), 9);
      }),
    );
  });
});

test('reads at the longest interval use at most 4 % of the budget', () => {
  expect(floorMs(DAY_MS, 1_000, 6_000)).toBe(DAY_MS);
  const floor = floorMs(DAY_MS, 150_000, 6_000);
  expect(150_000 / (floor / HOUR_MS)).toBeCloseTo(0.04 * 6_000, 9);
});
