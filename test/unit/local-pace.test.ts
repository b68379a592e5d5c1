import { describe, expect, test } from 'vitest';
import { atOnce, type LaneRequest } from '../../lib/max-api/lanes.ts';
import { createLocalPace, type LocalPace } from '../../lib/max-api/local-pace.ts';
import { pace, windowMs } from '../../lib/max-api/pace.ts';
import { T0 } from '../support/stores.ts';

/** A share of 8.4 requests a second gives 8 starts in any window. */
const SETTINGS = { rps: 30, shareOfRate: 0.28 };
const SPACING_MS = windowMs / 8;
/** Time in which permits of the shared limiter may still start and count at MAX, ms. */
const AFTER_SHARED_MS = pace.horizonMs + windowMs;
const NEVER = Number.POSITIVE_INFINITY;

const request = (some: Partial<LaneRequest> = {}): LaneRequest => ({
  ...{ lane: 'background', want: 1, nextCall: atOnce, maxWaitMs: 60_000, otherWaits: false },
  ...some,
});
const later = (at: number, reason = 'busy') => ({ kind: 'later', nextCall: { at, number: -1 }, reason });
const slot = (at: number, reason = 'busy') => ({ kind: 'slots', slots: [at], reason });

/** Returns the pace of an environment that lost Redis long ago, with its first slot. */
function open(): { local: LocalPace; free: number } {
  const local = createLocalPace(SETTINGS);
  local.take(request(), T0, NEVER);
  return { local, free: T0 + AFTER_SHARED_MS };
}

describe('an environment without Redis', () => {
  test('waits first until the permits of the shared limiter count no more', () => {
    const local = createLocalPace(SETTINGS);
    expect(local.take(request({ maxWaitMs: AFTER_SHARED_MS - 1 }), T0, NEVER)).toEqual({
      ...{ kind: 'refused', slot: T0 + AFTER_SHARED_MS, reason: 'busy' },
    });
    expect(local.take(request({ maxWaitMs: AFTER_SHARED_MS }), T0, NEVER)).toEqual(
      later(T0 + AFTER_SHARED_MS - pace.returnMs),
    );
  });

  test('waits again when it loses Redis again, but not while Redis stays lost', () => {
    const { local, free } = open();
    expect(local.take(request(), free, NEVER)).toEqual(slot(free));
    const now = free + 10_000;
    expect(local.take(request(), now, NEVER)).toEqual(slot(now));
    local.sharedAgain();
    expect(local.take(request(), now, NEVER)).toEqual(later(now + AFTER_SHARED_MS - pace.returnMs));
  });

  test('waits again if the shared limiter granted permits to others while it was idle', () => {
    const { local, free } = open();
    expect(local.take(request(), free, NEVER)).toEqual(slot(free));
    // Redis came back, and lost its state again a second ago.
    const now = free + 60_000;
    const lostAt = now - 1_000;
    expect(local.take(request(), now, now + 10_000, lostAt)).toEqual(later(lostAt + AFTER_SHARED_MS - pace.returnMs));
    const then = lostAt + AFTER_SHARED_MS;
    expect(local.take(request(), then, now + 10_000, lostAt)).toEqual(slot(then));
  });

  test('starts requests evenly at its share of the rate', () => {
    const { local, free } = open();
    for (let i = 0; i < 20; i += 1) {
      const at = free + i * SPACING_MS;
      expect(local.take(request(), at - pace.leadMs, NEVER)).toEqual(slot(at));
      expect(local.lastStart()).toBe(at);
    }
  });

  test('grants a slot only shortly before its start', () => {
    const { local, free } = open();
    expect(local.take(request(), free - pace.leadMs - 1, NEVER)).toEqual(later(free - pace.returnMs));
    expect(local.lastStart()).toBe(Number.NEGATIVE_INFINITY);
    expect(local.granted()).toBe(0);
    expect(local.take(request(), free - pace.leadMs, NEVER)).toEqual(slot(free));
    expect(local.granted()).toBe(1);
    expect(local.granted()).toBe(0);
  });

  test('starts nothing from the time on at which the shared limiter takes over', () => {
    const { local, free } = open();
    const now = free - 10;
    expect(local.take(request(), now, free)).toEqual(later(free));
    expect(local.take(request(), now, now - 5)).toEqual(later(now + 1));
    expect(local.take(request(), now, free + 1)).toEqual(slot(free));
  });

  test('serves its lanes in turn while both wait', () => {
    const { local, free } = open();
    const both = (lane: LaneRequest['lane']) => request({ lane, otherWaits: true });
    expect(local.take(both('background'), free, NEVER)).toEqual(slot(free));
    const next = free + SPACING_MS;
    expect(local.take(both('background'), next, NEVER)).toEqual(later(next + SPACING_MS - pace.returnMs));
    expect(local.take(both('interactive'), next, NEVER)).toEqual(slot(next));
    const third = next + SPACING_MS;
    expect(local.take(both('interactive'), third, NEVER)).toEqual(later(third + SPACING_MS - pace.returnMs));
    // The other lane did not come. Then the same lane has the next slot.
    expect(local.take(both('interactive'), third, NEVER)).toEqual(slot(third));
    expect(local.take(request({ lane: 'interactive' }), third + SPACING_MS, NEVER)).toEqual(slot(third + SPACING_MS));
  });
});

describe('without Redis, after MAX refused requests', () => {
  const throttled = (retryAfterMs?: number) =>
    ({ kind: 'throttled', ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }) as const;

  test('with a 429, starts pause for a second, then resume at half the rate', () => {
    const { local, free } = open();
    const now = free + 5_000;
    local.report(throttled(), now);
    const resumes = now + pace.pauseMinMs;
    expect(local.take(request(), now, NEVER)).toEqual(later(resumes - pace.returnMs, 'cooling'));
    expect(local.take(request(), resumes, NEVER)).toEqual(slot(resumes, 'cooling'));
    const next = local.take(request(), resumes + 2 * SPACING_MS - pace.leadMs, NEVER);
    expect(next).toEqual(slot(resumes + 2 * SPACING_MS, 'cooling'));
  });

  test('the wait that MAX asked for is kept', () => {
    const { local, free } = open();
    local.report(throttled(7_000), free);
    expect(local.take(request(), free, NEVER)).toEqual(later(free + 7_000 - pace.returnMs, 'cooling'));
  });

  test('the rate is full again after the time of recovery', () => {
    const { local, free } = open();
    local.report(throttled(), free);
    const now = free + pace.pauseMinMs + pace.recoverMs / 2;
    expect(local.take(request(), now, NEVER)).toEqual(slot(now));
    expect(local.take(request(), now + SPACING_MS, NEVER)).toEqual(slot(now + SPACING_MS));
  });

  test('only the fifth failure in a row slows down', () => {
    const { local, free } = open();
    const fail = (times: number) => {
      for (let i = 0; i < times; i += 1) local.report({ kind: 'failed' }, free);
    };
    fail(pace.failuresToCut - 1);
    local.report({ kind: 'ok' }, free);
    fail(pace.failuresToCut - 1);
    expect(local.take(request(), free, NEVER)).toEqual(slot(free));
    fail(1);
    expect(local.take(request(), free, NEVER)).toEqual(later(free + pace.pauseMinMs - pace.returnMs, 'cooling'));
  });

  test('a failure that follows a 429 counts from one again', () => {
    const { local, free } = open();
    for (let i = 0; i < pace.failuresToCut - 1; i += 1) local.report({ kind: 'failed' }, free);
    local.report(throttled(), free);
    const recovered = free + pace.pauseMinMs + pace.recoverMs;
    local.report({ kind: 'failed' }, recovered);
    expect(local.take(request(), recovered, NEVER)).toEqual(slot(recovered));
  });
});
