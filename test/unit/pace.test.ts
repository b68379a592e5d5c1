import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  floorOfPace,
  fullRate,
  localSpacingMs,
  pace,
  reduceRate,
  shareAt,
  spacingMs,
  windowMs,
} from '../../lib/max-api/pace.ts';

const rates = fc.integer({ min: 1, max: 2_000 });
const second = 1_000;

/** Returns the most arrivals in one second for starts `spacing` apart, each up to `late` ms late at MAX. */
const worstSecond = (spacing: number, late: number) => Math.floor((second + late) / spacing) + 1;

describe('spacing', () => {
  test('is 36.7 ms for 30 a second, at least 98 % of (30 - 1) / 1.05', () => {
    expect(spacingMs(30)).toBeCloseTo(36.667, 3);
    expect(second / spacingMs(30)).toBeGreaterThanOrEqual(0.98 * (29 / 1.05));
  });

  test('keeps every second within the rate, with jitter, late starts and errors of clocks', () => {
    fc.assert(
      fc.property(rates, (rps) => {
        const late = pace.jitterMs + pace.latestStartMs + pace.clockErrorMs + pace.heldBackMs - 1;
        expect(worstSecond(spacingMs(rps), late)).toBeLessThanOrEqual(rps);
      }),
    );
  });

  test('uses at least nine tenths of a rate for which jitter is small', () => {
    fc.assert(
      fc.property(fc.integer({ min: 10, max: 2_000 }), (rps) => {
        expect(second / spacingMs(rps)).toBeGreaterThanOrEqual(0.85 * rps);
      }),
    );
  });
});

describe('local spacing', () => {
  test('keeps environments with whole shares within the rate together, at any phases', () => {
    fc.assert(
      fc.property(rates, fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 20 }), (rps, weights) => {
        const sum = weights.reduce((a, b) => a + b, 0);
        const shares = weights.map((weight) => (0.95 * weight) / sum);
        fc.pre(shares.every((share) => rps * share >= 1));
        const late = windowMs - second - 1;
        const together = shares.reduce((all, share) => all + worstSecond(localSpacingMs(rps, share), late), 0);
        expect(together).toBeLessThanOrEqual(rps);
      }),
    );
  });

  test('keeps a share below one request a second on average', () => {
    expect(localSpacingMs(30, 0.01)).toBeCloseTo(windowMs / 0.3);
  });
});

describe('brake', () => {
  const spacing = spacingMs(30);
  const floor = floorOfPace(30);
  const hit = (brake: typeof fullRate, now: number, retryAfterMs = 0) =>
    reduceRate(brake, now, retryAfterMs, spacing, floor);

  test('goes down to one request in five seconds, never below', () => {
    expect(spacing / floor).toBeCloseTo(5_000);
    expect(floorOfPace(1)).toBeCloseTo(0.22);
  });

  test('halves the rate, and pauses for the second that MAX counts', () => {
    const { brake, pausedUntil } = hit(fullRate, 10_000);
    expect(pausedUntil).toBe(11_000);
    expect(shareAt(brake, 11_000)).toBe(0.5);
  });

  test('treats signals within a second of a cut as the same signal', () => {
    const first = hit(fullRate, 10_000).brake;
    expect(hit(first, 10_999).brake).toBe(first);
    expect(hit(first, 11_000).brake.share).toBe(0.25);
  });

  test('obeys Retry-After up to a minute, even of a later signal in the same second', () => {
    expect(hit(fullRate, 10_000, 7_000).pausedUntil).toBe(17_000);
    expect(hit(hit(fullRate, 10_000).brake, 10_500, 9_000).pausedUntil).toBe(19_500);
    expect(hit(fullRate, 10_000, 3_600_000).pausedUntil).toBe(70_000);
  });

  test('recovers to 95 % within 60 s after ten minutes of throttling, with at most one request every few seconds before', () => {
    let brake = fullRate;
    let now = 0;
    let calls = 0;
    while (now < 600_000) {
      calls += 1;
      const harder = hit(brake, now);
      brake = harder.brake;
      now = Math.max(now, harder.pausedUntil) + 1;
    }
    expect(calls).toBeLessThan(140);
    expect(brake.share).toBeCloseTo(floor);
    expect(shareAt(brake, 600_000 + 60_000)).toBeGreaterThanOrEqual(0.95);
  });

  test('always stays between the minimum and the full rate', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 100_000 })), (gaps) => {
        let now = 0;
        let brake = fullRate;
        for (const gap of gaps) {
          now += gap;
          brake = hit(brake, now).brake;
          expect(shareAt(brake, now)).toBeGreaterThanOrEqual(floor);
          expect(shareAt(brake, now)).toBeLessThanOrEqual(1);
        }
      }),
    );
  });
});
