import { describe, expect, test } from 'vitest';
import {
  beliefOf,
  isDirty,
  isKnownCorrect,
  type Learnt,
  learntIn,
  NOTHING_PLANNED,
  observationsOf,
  type Planning,
  type ScheduledChat,
  scheduleOf,
} from '../../../lib/chats/planning.ts';
import { type Population, priorOf } from '../../../lib/planner/change-rate.ts';
import { NO_ACTIVITY } from '../../../lib/planner/last-event.ts';
import { SCHEDULING_LIMITS, type SchedulingContext } from '../../../lib/planner/plan.ts';

const population: Population = { mean: -3, variance: 4, bySize: { slope: 0.5, meanLogSize: Math.log1p(40) } };
const context: SchedulingContext = {
  ...{ kappa: 1, population, lastEventReliable: false, meanViewsPerHour: 1, limits: SCHEDULING_LIMITS },
};
const learnt: Learnt = {
  evidence: { precision: 0.75, weighted: -1.5 },
  views: { views: 2, hours: 8, countedTo: 900 },
  count: 400,
  activity: { messages: 17, silenceUsedUntil: 800 },
};
const chat = (planning: Partial<Planning> = {}, readAt: number | null = 1_000): ScheduledChat => ({
  readAt,
  planning: { ...NOTHING_PLANNED, ...planning },
});

describe('the schedule of a chat', () => {
  test('has what was learnt', () => {
    expect(scheduleOf(chat({ learnt }), 5_000, 4_000, context)).toEqual({
      change: beliefOf(learnt, context),
      ...{ views: learnt.views, count: 400, activity: learnt.activity, readAt: 1_000, dirtyAt: null, dueAt: 5_000 },
    });
  });

  test.each([
    [1_000, 1_000],
    [null, 4_000],
  ])('of a chat read at %j without a plan counts its views from %i', (readAt, countedTo) => {
    expect(scheduleOf(chat({}, readAt), 5_000, 4_000, context)).toEqual({
      change: { mean: -3, variance: 4 },
      views: { views: 0, hours: 0, countedTo },
      ...{ count: null, activity: NO_ACTIVITY, readAt, dirtyAt: null, dueAt: 5_000 },
    });
  });

  test('has an event only if it came after the reading', () => {
    const dirtyAt = (at: number) => scheduleOf(chat({ dirtyAt: at }), 5_000, 4_000, context).dirtyAt;
    expect([dirtyAt(1_000), dirtyAt(1_001)]).toEqual([null, 1_001]);
  });

  test('believes that a chat changes as often as chats of the size that was just read', () => {
    const schedule = scheduleOf(chat({ learnt }), 5_000, 4_000, context, 40);
    expect(schedule.count).toBe(40);
    expect(schedule.change).toEqual(beliefOf(learnt, context, 40));
    expect(schedule.change.mean).toBeLessThan(beliefOf(learnt, context).mean);
  });

  test('gives back what was learnt', () => {
    const again = learntIn(scheduleOf(chat({ learnt }), 5_000, 4_000, context), context);
    expect(again).toMatchObject({ views: learnt.views, count: 400, activity: learnt.activity });
    expect(again.evidence.precision).toBeCloseTo(0.75, 12);
    expect(again.evidence.weighted).toBeCloseTo(-1.5, 12);
  });
});

describe('the belief about a chat', () => {
  test('of which nothing is known is that about chats of its size', () => {
    expect(beliefOf(null, context)).toEqual({ mean: -3, variance: 4 });
    const large = beliefOf(null, context, 4_000);
    expect(large.mean).toBeCloseTo(priorOf(population, 4_000).mean, 12);
    expect(large.mean).toBeGreaterThan(-3);
  });
});

describe('the observations of a chat', () => {
  test.each([
    [null, null, null],
    [500, null, null],
    [null, 600, null],
    [500, 600, 600],
    [700, 600, 700],
  ])('trusted since %j, with events received since %j, are trusted since %j', (trusted, received, expected) => {
    const observed = observationsOf(chat({ eventsTrustedSince: trusted, eventQuarters: 3 }), 5, received);
    expect(observed).toEqual({ views: 5, eventsTrustedSince: expected, eventQuarters: 3 });
  });
});

describe('a count', () => {
  test.each<[boolean, number | null, number | null]>([
    [false, null, null],
    [false, null, 1_000],
    [true, 1, null],
    [false, 999, 1_000],
    [false, 1_000, 1_000],
    [true, 1_001, 1_000],
  ])('is dirty: %j, with an event at %j and a reading at %j', (dirty, dirtyAt, readAt) => {
    expect(isDirty(chat({ dirtyAt }, readAt))).toBe(dirty);
  });

  test.each<[boolean, Partial<Planning>, number | null]>([
    [true, { eventsTrustedSince: 999 }, 1_000],
    [true, { eventsTrustedSince: 1_000 }, 1_000],
    [false, { eventsTrustedSince: 1_001 }, 1_000],
    [false, { eventsTrustedSince: null }, 1_000],
    [false, { eventsTrustedSince: 0 }, null],
    [false, { eventsTrustedSince: 999, dirtyAt: 1_001 }, 1_000],
    [true, { eventsTrustedSince: 999, dirtyAt: 1_000 }, 1_000],
  ])('is known to be correct: %j, with %j and a reading at %j', (correct, planning, readAt) => {
    expect(isKnownCorrect(chat(planning, readAt))).toBe(correct);
  });
});
