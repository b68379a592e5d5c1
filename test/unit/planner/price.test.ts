import { describe, expect, test } from 'vitest';
import { seeded } from '../../../bench/freshness/random.ts';
import { createWorld } from '../../../bench/freshness/world.ts';
import { UNKNOWN_POPULATION } from '../../../lib/planner/change-rate.ts';
import { bestIntervalHours } from '../../../lib/planner/interval.ts';
import { NO_TALLY, SCHEDULING_LIMITS, type Tally } from '../../../lib/planner/plan.ts';
import {
  addTallies,
  adjustPrice,
  contextOf,
  expectedAccuracy,
  expectedFreshness,
  firstState,
  type PriceState,
  type Tick,
} from '../../../lib/planner/price.ts';
import { addSizeSums, NO_SIZE_SUMS, type SizeSums, sizeSums } from '../../../lib/planner/size-line.ts';
import { whatIf } from '../../../lib/planner/what-if.ts';

const CHATS = 300;
const BUDGET = 30;
const world = createWorld(CHATS, 1, seeded(3));
const sample = Array.from(world.changes, (rate, i) => ({
  weight: 1,
  change: { mean: Math.log(rate), variance: 0 },
  viewsPerHour: world.views[i] ?? 0,
  trusted: false,
}));
const limits = { minIntervalMs: SCHEDULING_LIMITS.minIntervalMs, maxIntervalMs: 1e12 };
const best = whatIf(sample, BUDGET, limits);

/** Returns the requests per hour that the chats need at a price. */
function demandAt(kappa: number): number {
  let demand = 0;
  for (const { change, viewsPerHour } of sample) {
    demand +=
      1 /
      bestIntervalHours(
        change,
        kappa / viewsPerHour,
        limits.minIntervalMs / 3_600_000,
        limits.maxIntervalMs / 3_600_000,
      );
  }
  return demand;
}

const kappaOf = (state: PriceState) => contextOf(state, CHATS, SCHEDULING_LIMITS).kappa;

/** Runs six minutes in which the chats demand requests at the present price, and MAX responds to a share `open` of the budget. */
function step(state: PriceState, backlog: number, open: number): { state: PriceState; backlog: number } {
  const hours = 0.1;
  const asked = demandAt(kappaOf(state)) * hours;
  const allowed = BUDGET * hours * open;
  const left = Math.max(0, backlog + asked - allowed);
  const tally = { ...NO_TALLY, demand: open > 0 ? asked : 0 };
  const tick = { tally, allowed, backlog: left, views: 0, hours, budgetPerHour: BUDGET };
  return { state: adjustPrice(state, tick), backlog: left };
}

function run(from: PriceState, backlog: number, hours: number, open = 1) {
  let now = { state: from, backlog };
  let most = backlog;
  for (let i = 0; i < hours * 10; i += 1) {
    now = step(now.state, now.backlog, open);
    most = Math.max(most, now.backlog);
  }
  return { ...now, most };
}

describe('adjustPrice', () => {
  test.each([-3, -1, 0, 3, 6])('finds the price that matches the budget from e^%d times it', (off) => {
    const start = { ...firstState(CHATS, world.viewsPerHour, BUDGET), logKappa: Math.log(best.kappa) + off };
    const { state, backlog } = run(start, 0, 48);
    expect(kappaOf(state) / best.kappa).toBeCloseTo(1, 1);
    expect(demandAt(kappaOf(state)) / BUDGET).toBeCloseTo(1, 2);
    expect(backlog).toBeLessThan(BUDGET / 10);
  });

  test('recovers from six hours in which MAX did not respond', () => {
    const settled = run(firstState(CHATS, world.viewsPerHour, BUDGET), 0, 48);
    const stopped = run(settled.state, settled.backlog, 6, 0);
    // A standstill does not change the price, but makes chats wait.
    expect(stopped.state.logKappa).toBe(settled.state.logKappa);
    expect(kappaOf(stopped.state)).toBeGreaterThan(2 * best.kappa);
    const after = run(stopped.state, stopped.backlog, 24);
    expect(after.backlog).toBeLessThan(BUDGET / 10);
    expect(after.most).toBeLessThan(stopped.backlog * 1.1);
    expect(kappaOf(after.state) / best.kappa).toBeCloseTo(1, 1);
  });

  test('limits the effect of a burst of demand to that of five budgets', () => {
    const state = firstState(CHATS, 100, BUDGET);
    const logAfter = (demand: number) =>
      adjustPrice(state, tick({ tally: { ...NO_TALLY, demand }, allowed: 3, hours: 0.1 })).logKappa;
    expect(logAfter(1e9)).toBe(logAfter(15));
    expect(logAfter(14)).toBeLessThan(logAfter(15));
  });

  test('averages views over a day, and rates over a week', () => {
    const tally: Tally = {
      ...NO_TALLY,
      ...{ demand: 0, views: 100, correctViews: 80, hours: 10, correctHours: 6 },
      ...{ logRate: -20, squaredLogRate: 50 },
    };
    const once = adjustPrice(firstState(CHATS, 50, BUDGET), tick({ tally, views: 100, hours: 1 }));
    expect(expectedFreshness(once)).toBeCloseTo(0.8, 12);
    expect(expectedAccuracy(once)).toBeCloseTo(0.6, 12);
    const later = adjustPrice(once, tick({ hours: 24 }));
    expect(later.views).toBeCloseTo(100 / Math.E, 9);
    expect(later.hours).toBeCloseTo(10 * Math.exp(-1 / 7), 9);
    expect(expectedFreshness(later)).toBeCloseTo(0.8, 12);
    let steady = once;
    for (let i = 0; i < 200; i += 1) steady = adjustPrice(steady, tick({ views: 100 }));
    expect(steady.viewsPerHour).toBeCloseTo(100, 0);
  });
});

describe('contextOf', () => {
  test('starts with the default population and converges to the observations', () => {
    const state = firstState(CHATS, 60, BUDGET);
    const first = contextOf(state, CHATS, SCHEDULING_LIMITS);
    expect(first.population.mean).toBeCloseTo(UNKNOWN_POPULATION.mean, 9);
    expect(first.population.variance).toBeCloseTo(UNKNOWN_POPULATION.variance, 9);
    expect(first.meanViewsPerHour).toBeCloseTo(0.2, 12);
    const hours = 1e7;
    const seen = contextOf(
      { ...state, hours, logRate: 1 * hours, squaredLogRate: 2.5 * hours },
      CHATS,
      SCHEDULING_LIMITS,
    );
    expect(seen.population.mean).toBeCloseTo(1, 1);
    expect(seen.population.variance).toBeCloseTo(1.5, 1);
  });

  test('gives large chats a higher rate if they change more often, and less variance to the rest', () => {
    const state = { ...firstState(CHATS, 60, BUDGET), ...bySize([3, 5], [-3, -1]) };
    const { mean, variance, bySize: line } = contextOf(state, CHATS, SCHEDULING_LIMITS).population;
    expect(mean).toBeCloseTo(-2, 1);
    expect(line).toEqual({ slope: expect.closeTo(1, 1), meanLogSize: 4 });
    // Variance 1 between the sizes, and 0.5 of each belief.
    expect(variance).toBeCloseTo(0.5, 1);
    const still = { ...firstState(CHATS, 60, BUDGET), ...bySize([3, 5], [-2, -2]) };
    expect(contextOf(still, CHATS, SCHEDULING_LIMITS).population).toMatchObject({ bySize: { slope: 0 } });
  });

  test('uses the times of last events after enough differences without contradictions', () => {
    const reliable = (differences: number, contradicted: number) =>
      contextOf({ ...firstState(CHATS, 60, BUDGET), differences, contradicted }, CHATS, SCHEDULING_LIMITS)
        .lastEventReliable;
    expect([reliable(0, 0), reliable(49, 0), reliable(50, 0)]).toEqual([false, false, true]);
    expect([reliable(1_000, 20), reliable(1_000, 21)]).toEqual([true, false]);
  });

  test('gives a service without views a positive view rate', () => {
    expect(contextOf(firstState(CHATS, 1e-9, BUDGET), 0, SCHEDULING_LIMITS).meanViewsPerHour).toBeCloseTo(1 / 720, 12);
  });
});

test('has no freshness before the first refresh', () => {
  expect(expectedFreshness(firstState(CHATS, 60, BUDGET))).toBeNull();
  expect(expectedAccuracy(firstState(CHATS, 60, BUDGET))).toBeNull();
});

test('tallies are added in every field', () => {
  const one: Tally = {
    ...{ demand: 1, views: 2, correctViews: 3, hours: 4, correctHours: 7 },
    ...{ logRate: 5, squaredLogRate: 6, differences: 8, contradicted: 9 },
    ...{ sizedHours: 10, logSize: 11, squaredLogSize: 12, sizedLogRate: 13, logSizeLogRate: 14 },
  };
  expect(addTallies(one, one)).toEqual({
    demand: 2,
    views: 4,
    correctViews: 6,
    hours: 8,
    correctHours: 14,
    logRate: 10,
    squaredLogRate: 12,
    ...{ differences: 16, contradicted: 18 },
    ...{ sizedHours: 20, logSize: 22, squaredLogSize: 24, sizedLogRate: 26, logSizeLogRate: 28 },
  });
  expect(addTallies(one, NO_TALLY)).toEqual(one);
});

/** Sums over 10⁷ chat-hours in chats of each size alike. @param xs ln(1 + count). @param means E[ln λ]; each belief has a variance of 0.5. */
function bySize(xs: readonly number[], means: readonly number[]) {
  const chatHours = 1e7 / xs.length;
  const sums = xs.map((x, i) => {
    const mean = means[i] ?? 0;
    return {
      ...sizeSums(Math.expm1(x), chatHours, mean),
      logRate: mean * chatHours,
      squaredLogRate: (mean ** 2 + 0.5) * chatHours,
    };
  });
  return {
    ...sums.reduce<SizeSums>((a, b) => addSizeSums(a, b), NO_SIZE_SUMS),
    hours: 1e7,
    logRate: sums.reduce((sum, { logRate }) => sum + logRate, 0),
    squaredLogRate: sums.reduce((sum, { squaredLogRate }) => sum + squaredLogRate, 0),
  };
}

function tick(more: Partial<Tick>): Tick {
  return { tally: NO_TALLY, allowed: 0, backlog: 0, views: 0, hours: 1, budgetPerHour: BUDGET, ...more };
}
