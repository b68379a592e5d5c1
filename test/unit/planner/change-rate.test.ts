import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  beliefFrom,
  type ChangeBelief,
  type Evidence,
  evidenceFor,
  expectedLifetimeHours,
  forget,
  learn,
  NO_EVIDENCE,
  priorOf,
  QUARTER_HOURS,
  UNKNOWN_POPULATION,
} from '../../../lib/planner/change-rate.ts';
import { logDifference, logDifferenceAfterStep } from '../../../lib/planner/steps.ts';

/** Computed from Poisson's law, independently of the planner; for differences see steps.test.ts. */
function likelihood(evidence: Evidence, rate: number): number {
  switch (evidence.kind) {
    case 'difference':
      return logDifference(evidence.difference, rate * evidence.hours);
    case 'silence':
      return Math.log(rate + 1 / (2 * evidence.hours)) - rate * evidence.hours;
    case 'last event': {
      const steps = rate * evidence.hours;
      const ofMessage = Math.exp(logDifference(evidence.difference, steps));
      const ofStep = Math.exp(logDifferenceAfterStep(evidence.difference, steps));
      const sent = evidence.messages;
      const last = sent === null ? ofMessage : (sent / evidence.hours) * ofMessage + rate * ofStep;
      return Math.log(Math.max(last, 1e-300)) - rate * evidence.silentHours;
    }
    case 'events': {
      const silent = evidence.hours - evidence.quarters * QUARTER_HOURS;
      const active = evidence.quarters === 0 ? 0 : evidence.quarters * Math.log(-Math.expm1(-rate * QUARTER_HOURS));
      return active - rate * silent;
    }
  }
}

/** Mean and variance of prior × likelihood by 8,000 steps over ln λ from e^−35 to e^25. */
function byIntegration(prior: ChangeBelief, evidence: Evidence): ChangeBelief {
  const points = Array.from({ length: 8_001 }, (_, i) => -35 + (60 * i) / 8_000);
  const logs = points.map((u) => likelihood(evidence, Math.exp(u)) - (u - prior.mean) ** 2 / (2 * prior.variance));
  const highest = Math.max(...logs);
  const weights = logs.map((log) => Math.exp(log - highest));
  const sum = weights.reduce((a, b) => a + b, 0);
  const mean = weights.reduce((a, weight, i) => a + weight * (points[i] ?? 0), 0) / sum;
  return { mean, variance: weights.reduce((a, weight, i) => a + weight * ((points[i] ?? 0) - mean) ** 2, 0) / sum };
}

const belief = fc.record({
  mean: fc.double({ min: -7, max: 2, noNaN: true }),
  variance: fc.double({ min: 0.02, max: 6, noNaN: true }),
});
const seenHours = fc.double({ min: -2, max: 6, noNaN: true }).map(Math.exp);
const difference = fc.oneof(fc.constant(0), fc.nat({ max: 5 }), fc.nat({ max: 60 }), fc.nat({ max: 200 }));
const polled = fc.record({ kind: fc.constant('difference' as const), hours: seenHours, difference });
const silent = fc.record({ kind: fc.constant('silence' as const), hours: seenHours });
const lastSeen = fc.record({
  ...{ kind: fc.constant('last event' as const), hours: seenHours, silentHours: seenHours },
  ...{ difference: fc.nat({ max: 60 }), messages: fc.option(fc.nat({ max: 500 })) },
});
const told = fc
  .record({
    hours: fc.double({ min: 0.25, max: 200, noNaN: true }),
    share: fc.double({ min: 0, max: 0.9, noNaN: true }),
  })
  .map(({ hours, share }) => ({
    kind: 'events' as const,
    hours,
    quarters: Math.floor((hours / QUARTER_HOURS) * share),
  }));

/** Last events that random cases contain rarely. */
const LAST_EVENTS: [ChangeBelief, Extract<Evidence, { kind: 'last event' }>][] = [
  // By Bayes's rule, this one widens the belief to 0.503.
  [
    { mean: 0, variance: 0.481 },
    { kind: 'last event', hours: 403.4, silentHours: 0.1353, difference: 5, messages: 499 },
  ],
  // A long silence, after an event that was no message, or of which nobody knows.
  [
    { mean: 0, variance: 0.481 },
    { kind: 'last event', hours: 10, silentHours: 50, difference: 3, messages: 0 },
  ],
  [
    { mean: 0, variance: 0.481 },
    { kind: 'last event', hours: 10, silentHours: 50, difference: 3, messages: null },
  ],
];

describe('learn', () => {
  test("applies Bayes's rule, but never widens a belief", () => {
    fc.assert(
      fc.property(belief, fc.oneof(polled, told, silent, lastSeen), (prior, evidence) => {
        const exact = byIntegration(prior, evidence);
        const learnt = learn(prior, evidence);
        const variance = Math.min(prior.variance, exact.variance);
        expect(Math.abs(learnt.mean - exact.mean) / Math.sqrt(variance)).toBeLessThan(0.01);
        expect(Math.abs(learnt.variance / variance - 1)).toBeLessThan(0.01);
        expect(variance).toBeGreaterThan(0.95 * exact.variance);
      }),
      { numRuns: 300, examples: LAST_EVENTS },
    );
  });

  test('returns a valid belief for any evidence', () => {
    const hours = fc.double({ min: -30, max: 30, noNaN: true }).map(Math.exp);
    const wild = fc.oneof(
      fc.record({ kind: fc.constant('difference' as const), hours, difference: fc.nat(100_000) }),
      fc.record({ kind: fc.constant('events' as const), hours, quarters: fc.nat(100_000) }),
      fc.record({ kind: fc.constant('silence' as const), hours }),
      fc.record({
        ...{ kind: fc.constant('last event' as const), hours, silentHours: hours },
        ...{ difference: fc.nat(100_000), messages: fc.option(fc.nat(1e9)) },
      }),
    );
    const prior = {
      mean: fc.double({ min: -12, max: 9, noNaN: true }),
      variance: fc.constantFrom(0, 1e-6, 0.01, 4, 100),
    };
    fc.assert(
      fc.property(fc.record(prior), fc.array(wild, { minLength: 1, maxLength: 4 }), (first, seen) => {
        const last = seen.reduce<ChangeBelief>(learn, first);
        expect(last.variance).toBeGreaterThanOrEqual(0);
        expect(last.variance).toBeLessThanOrEqual(first.variance);
        expect(Math.abs(last.mean)).toBeLessThan(12);
      }),
      { numRuns: 1_000 },
    );
  });

  test('keeps a certain belief', () => {
    const seen = { kind: 'difference', hours: 5, difference: 3 } as const;
    expect(learn({ mean: -1, variance: 0 }, seen)).toEqual({ mean: -1, variance: 0 });
  });

  test('finds the rate of a chat that changes every six hours from hourly reads', () => {
    let now = UNKNOWN_POPULATION;
    for (let i = 0; i < 600; i += 1) {
      now = learn(now, { kind: 'difference', hours: 1, difference: i % 6 === 0 ? 1 : 0 });
    }
    expect(Math.exp(now.mean)).toBeCloseTo(-Math.log(5 / 6), 1);
    expect(Math.sqrt(now.variance)).toBeCloseTo(0.1, 1);
  });

  test('distinguishes a chat whose count changed by 37 in four days from one that changed by 1', () => {
    const moved = (difference: number) => learn(UNKNOWN_POPULATION, { kind: 'difference', hours: 96, difference });
    const [busy, quiet] = [moved(37), moved(1)];
    expect(Math.exp(busy.mean) * 96).toBeGreaterThan(30);
    expect(Math.exp(busy.mean) * 96).toBeLessThan(200);
    expect(Math.exp(quiet.mean) * 96).toBeLessThan(8);
    expect(busy.variance).toBeLessThan(0.5);
  });

  test('counts a mass join within a quarter of an hour as one change', () => {
    const quiet = learn(UNKNOWN_POPULATION, { kind: 'events', hours: 24, quarters: 1 });
    expect(Math.exp(quiet.mean)).toBeLessThan(1 / 12);
  });
});

describe('the last event', () => {
  const last = { kind: 'last event', hours: 96, silentHours: 1, difference: 0 } as const;
  const mean = (evidence: Evidence) => learn(UNKNOWN_POPULATION, evidence).mean;

  test('is a join or leave if there were no messages, and likely a message if there were many', () => {
    expect(mean({ ...last, messages: 0 })).toBeGreaterThan(mean({ ...last, messages: 3 }));
    expect(mean({ ...last, messages: 3 })).toBeGreaterThan(mean({ ...last, messages: 500 }));
    expect(mean({ ...last, messages: 500 })).toBeCloseTo(mean({ ...last, messages: null }), 1);
  });

  test('says less the later it came, and that a chat silent for a year changes rarely', () => {
    const silentFor = (silentHours: number) => mean({ ...last, messages: 5, silentHours });
    expect(silentFor(90)).toBeLessThan(silentFor(10));
    expect(Math.exp(mean({ kind: 'silence', hours: 8_760 })) * 8_760).toBeLessThan(2);
  });
});

describe('the evidence of a chat', () => {
  test('turns its prior into its belief, and follows a population that becomes better known', () => {
    fc.assert(
      fc.property(belief, polled, (prior, seen) => {
        const learnt = learn(prior, seen);
        const evidence = evidenceFor(learnt, prior);
        const again = beliefFrom(prior, evidence);
        expect(again.mean).toBeCloseTo(learnt.mean, 6);
        expect(again.variance).toBeCloseTo(learnt.variance, 6);
        expect(beliefFrom({ ...prior, mean: prior.mean + 1 }, evidence).mean).toBeGreaterThanOrEqual(again.mean);
      }),
    );
    expect(beliefFrom(UNKNOWN_POPULATION, NO_EVIDENCE)).toEqual(UNKNOWN_POPULATION);
  });

  test('begins with the rate of chats of its size', () => {
    const population = { mean: -3, variance: 4, bySize: { slope: 0.5, meanLogSize: Math.log(41) } };
    expect(priorOf(population, 40)).toEqual({ mean: -3, variance: 4 });
    expect(priorOf(population, 409).mean).toBeCloseTo(-3 + 0.5 * Math.log(10), 12);
    expect(priorOf(population, null)).toEqual({ mean: -3, variance: 4 });
    expect(priorOf(UNKNOWN_POPULATION, 40)).toEqual(UNKNOWN_POPULATION);
  });
});

describe('forget', () => {
  const population = { mean: -3, variance: 4 };
  const known = { mean: 1, variance: 0.1 };

  test('forgets half of a varying rate after memory × ln 2', () => {
    const half = forget(known, population, 10 * Math.LN2, 10);
    expect(half.mean).toBeCloseTo(-1, 12);
    expect(half.variance).toBeCloseTo(4 + 0.25 * (0.1 - 4), 12);
  });

  test('forgets nothing in no time, everything in the end, and nothing if rates never change', () => {
    const variance = expect.closeTo(known.variance, 12);
    expect(forget(known, population, 0, 10)).toEqual({ ...known, variance });
    expect(forget(known, population, 1e6, 10)).toEqual(population);
    expect(forget(known, population, 1e6, Number.POSITIVE_INFINITY)).toEqual({ ...known, variance });
  });

  test('gives the same result for two periods as for one of their total length', () => {
    fc.assert(
      fc.property(belief, fc.nat(100), fc.nat(100), (from, a, b) => {
        const once = forget(from, population, a + b, 50);
        const twice = forget(forget(from, population, a, 50), population, b, 50);
        expect(twice.mean).toBeCloseTo(once.mean, 9);
        expect(twice.variance).toBeCloseTo(once.variance, 9);
      }),
    );
  });
});

test('the expected lifetime of a count is the mean of 1/λ', () => {
  expect(expectedLifetimeHours({ mean: Math.log(4), variance: 0 })).toBeCloseTo(0.25, 12);
  // E[e^(−u)] of N(0, 1) by summing: e^(1/2).
  let sum = 0;
  let weights = 0;
  for (let u = -12; u <= 12; u += 0.01) {
    sum += Math.exp((-u * u) / 2 - u);
    weights += Math.exp((-u * u) / 2);
  }
  expect(expectedLifetimeHours({ mean: 0, variance: 1 })).toBeCloseTo(sum / weights, 9);
});
