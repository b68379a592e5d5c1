import { describe, expect, test } from 'vitest';
import {
  addContradictions,
  contradicts,
  evidenceOfLastEvent,
  isLastEventReliable,
  NO_ACTIVITY,
} from '../../../lib/planner/last-event.ts';

const HOUR_MS = 3_600_000;
const NOW = 1_000 * 24 * HOUR_MS;
const hoursAgo = (hours: number) => NOW - hours * HOUR_MS;
const MEMORY_HOURS = 1_440;
/** A chat that was read ten hours ago. */
const reading = (eventHoursAgo: number, difference = 0, messages: number | null = null) => ({
  ...{ previousAt: hoursAgo(10), at: NOW, difference },
  lastEvent: { at: hoursAgo(eventHoursAgo), messages },
});
const evidence = (...seen: Parameters<typeof reading>) =>
  evidenceOfLastEvent(reading(...seen), NO_ACTIVITY, MEMORY_HOURS);

describe('evidence of the last event', () => {
  test('divides the time since the previous reading', () => {
    expect(evidence(4, 3)).toEqual({ kind: 'last event', difference: 3, hours: 6, messages: null, silentHours: 4 });
  });

  test('contains the number of messages if both readings did, and it did not fall', () => {
    const sent = (before: number | null, after: number | null) =>
      evidenceOfLastEvent(reading(4, 0, after), { messages: before, silenceUsedUntil: null }, MEMORY_HOURS);
    expect(sent(10, 17)).toMatchObject({ messages: 7 });
    expect(sent(10, 10)).toMatchObject({ messages: 0 });
    for (const [before, after] of [
      [10, 9],
      [null, 17],
      [10, null],
    ] as const) {
      expect(sent(before, after)).toMatchObject({ messages: null });
    }
  });

  test('counts silence from before the first reading once', () => {
    expect(evidence(100)).toEqual({ kind: 'silence', hours: 100 });
    const used = { messages: null, silenceUsedUntil: hoursAgo(10) };
    expect(evidenceOfLastEvent(reading(100), used, MEMORY_HOURS)).toEqual({ kind: 'events', hours: 10, quarters: 0 });
  });

  test('says that a chat was silent from its first reading on, but not for longer than rates last', () => {
    const first = (eventHoursAgo: number) =>
      evidenceOfLastEvent({ ...reading(eventHoursAgo), previousAt: null }, NO_ACTIVITY, MEMORY_HOURS);
    expect(first(20)).toEqual({ kind: 'silence', hours: 20 });
    expect(first(20_000)).toEqual({ kind: 'events', hours: MEMORY_HOURS, quarters: 0 });
    expect(first(0)).toBeNull();
  });

  test('of an impossible time is only the difference', () => {
    // A contradiction, and a clock that is ahead.
    expect(evidence(11, 2)).toEqual({ kind: 'difference', hours: 10, difference: 2 });
    expect(evidence(-3, 2)).toMatchObject({ hours: 10, silentHours: 0 });
    // Clocks that differ by seconds give no step in the first seconds.
    expect(evidence(10 - 1 / 3_600)).toMatchObject({ quarters: 0, hours: 10 });
  });
});

describe('trust in the last event', () => {
  test('is lost by differences after it, but not by those of a minute', () => {
    expect(contradicts(reading(11, 1))).toBe(true);
    expect(contradicts(reading(11, 0))).toBe(false);
    expect(contradicts(reading(9, 1))).toBe(false);
    expect(contradicts(reading(10 + 1 / 120, 1))).toBe(false);
    expect(contradicts({ ...reading(11, 1), previousAt: null })).toBe(false);
  });

  test('needs fifty differences, and at most one contradiction in fifty of them', () => {
    expect(isLastEventReliable({ differences: 49, contradicted: 0 })).toBe(false);
    expect(isLastEventReliable({ differences: 50, contradicted: 1 })).toBe(true);
    expect(isLastEventReliable({ differences: 50, contradicted: 2 })).toBe(false);
    const half = addContradictions({ differences: 40, contradicted: 8 }, { differences: 3, contradicted: 1 }, 0.5);
    expect(half).toEqual({ differences: 23, contradicted: 5 });
  });
});
