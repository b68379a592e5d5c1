import { beforeEach, describe, expect, test } from 'vitest';
import { atOnce, createLanes, type LaneRequest, type LimiterAnswer } from '../../lib/max-api/lanes.ts';
import { pace } from '../../lib/max-api/pace.ts';
import type { Permit } from '../../lib/max-api/permits.ts';
import { type FakeClock, fakeClock } from '../support/fake-clock.ts';
import { T0 } from '../support/stores.ts';

const TRIP_MS = 4;
const MINUTE = 60_000;

let clock: FakeClock;
/** Delay of each wake-up, as in a busy process, ms. */
let lateMs: number;
let requests: (LaneRequest & { readonly at: number })[];
/** The limiter's responses, in order. Further requests get no response. */
let answers: ((request: LaneRequest) => LimiterAnswer | Promise<LimiterAnswer>)[];
let granted: { readonly name: string; readonly at: number }[];

beforeEach(() => {
  clock = fakeClock(T0);
  lateMs = 0;
  [requests, answers, granted] = [[], [], []];
});

function open() {
  return createLanes({
    async callLimiter(request) {
      requests.push({ ...request, at: clock.now() - T0 });
      const answer = answers.shift();
      return answer ? answer(request) : new Promise(() => {});
    },
    tripMs: () => TRIP_MS,
    clock: { now: clock.now, sleep: (ms) => clock.sleep(ms + lateMs) },
  });
}

/** Returns the response with slots at these times after T0. */
const slots = (times: readonly number[], next?: { at: number; number: number }): LimiterAnswer => ({
  ...{ kind: 'slots', slots: times.map((ms) => T0 + ms), reason: 'busy' },
  ...(next && { nextCall: { at: T0 + next.at, number: next.number } }),
});
const later = (at: number, number = -1): LimiterAnswer => ({
  ...{ kind: 'later', nextCall: { at: T0 + at, number }, reason: 'cooling' },
});
const refused = (at: number): LimiterAnswer => ({ kind: 'refused', slot: T0 + at, reason: 'cooling' });

function acquire(
  lanes: ReturnType<typeof open>,
  name: string,
  maxWaitMs = MINUTE,
  lane: LaneRequest['lane'] = 'background',
) {
  const permit: Promise<Permit> = lanes.acquire(lane, maxWaitMs).then((given) => {
    if (given.granted) granted.push({ name, at: clock.now() - T0 });
    return given;
  });
  return permit;
}
const NOTHING = { granted: 0, waitedMs: 0, refused: 0, unusedSlots: 0 };

describe('a lane', () => {
  test('starts its callers in their order, each in a slot of its own', async () => {
    const lanes = open();
    answers = [() => slots([30]), () => slots([60, 90])];
    for (const name of ['first', 'second', 'third']) void acquire(lanes, name);
    await clock.advance(29);
    expect(granted).toEqual([]);
    await clock.advance(1_000);
    expect(granted).toEqual([
      { name: 'first', at: 30 },
      { name: 'second', at: 60 },
      { name: 'third', at: 90 },
    ]);
    expect(lanes.stats()).toEqual({ interactive: NOTHING, background: { ...NOTHING, granted: 3, waitedMs: 180 } });
    expect(lanes.stats().background).toEqual(NOTHING);
  });

  test('calls the limiter once for all its callers, and tells it the longest wait and whether the other lane waits', async () => {
    const lanes = open();
    answers = [() => later(50), () => later(50)];
    void acquire(lanes, 'short', 500);
    await clock.advance(10);
    void acquire(lanes, 'long', 2_000);
    void acquire(lanes, 'a person', 1_000, 'interactive');
    await clock.advance(40);
    expect(requests).toEqual([
      { lane: 'background', want: 1, nextCall: atOnce, maxWaitMs: 500, otherWaits: false, at: 0 },
      { lane: 'interactive', want: 1, nextCall: atOnce, maxWaitMs: 1_000, otherWaits: true, at: 10 },
      {
        ...{ lane: 'background', want: 2, nextCall: { at: T0 + 50, number: -1 } },
        maxWaitMs: 1_960,
        otherWaits: true,
        at: 50,
      },
      {
        ...{ lane: 'interactive', want: 1, nextCall: { at: T0 + 50, number: -1 } },
        maxWaitMs: 960,
        otherWaits: true,
        at: 50,
      },
    ]);
  });

  test('calls again at the time that the limiter named, with its place in the queue', async () => {
    const lanes = open();
    answers = [() => later(700, 17), () => slots([720], { at: 900, number: 18 })];
    void acquire(lanes, 'first');
    void acquire(lanes, 'second');
    await clock.advance(2_000);
    expect(requests.map(({ at, nextCall }) => [at, nextCall.number])).toEqual([
      [0, -1],
      [700, 17],
      [900, 18],
    ]);
  });

  test('calls again at once, without a place, if the limiter named no time', async () => {
    const lanes = open();
    answers = [() => later(100, 3), () => slots([110])];
    void acquire(lanes, 'first');
    void acquire(lanes, 'second');
    await clock.advance(100);
    expect(requests.at(-1)).toMatchObject({ at: 100, want: 1, nextCall: atOnce });
  });

  test('makes one call at a time', async () => {
    const lanes = open();
    for (const name of ['first', 'second', 'third']) {
      void acquire(lanes, name, MINUTE, 'interactive');
      await clock.advance(1_000);
    }
    expect(requests).toMatchObject([{ lane: 'interactive', want: 1, otherWaits: false }]);
  });

  test('serves callers that come after all others have started', async () => {
    const lanes = open();
    answers = [() => slots([0]), () => slots([500])];
    expect(await acquire(lanes, 'first')).toEqual({ granted: true });
    await clock.advance(500);
    expect(await acquire(lanes, 'second')).toEqual({ granted: true });
    expect(requests.map(({ at }) => at)).toEqual([0, 500]);
  });
});

describe('a caller is refused', () => {
  test('with the time of the next slot, if the limiter refuses', async () => {
    const lanes = open();
    answers = [() => refused(1_500.2), () => refused(0)];
    const refusal = { granted: false, reason: 'cooling' };
    expect(await acquire(lanes, 'first', 100)).toEqual({ ...refusal, retryAfterMs: 1_501 });
    // A slot that has passed meanwhile: another attempt is useful soon, but not at once.
    expect(await acquire(lanes, 'second', 100)).toEqual({ ...refusal, retryAfterMs: 1 });
    expect(lanes.stats().background).toEqual({ ...NOTHING, refused: 2 });
  });

  test('only if it waited when the limiter was called, or cannot wait for the slot', async () => {
    const lanes = open();
    answers = [
      async () => {
        await clock.sleep(5);
        return refused(1_000);
      },
    ];
    const before = acquire(lanes, 'before', MINUTE);
    await clock.advance(1);
    const short = acquire(lanes, 'short', 998);
    const long = acquire(lanes, 'long', 999);
    await clock.advance(10);
    expect(await before).toMatchObject({ granted: false });
    expect(await short).toMatchObject({ granted: false });
    // The last one waits, and is in the next request.
    expect(requests.at(-1)).toMatchObject({ want: 1, nextCall: atOnce });
    answers = [];
    expect(await Promise.race([long, 'waits'])).toBe('waits');
  });

  test('if its slot is later than it can wait, even with the trip to the limiter; the slot goes to the next one', async () => {
    const lanes = open();
    const allowance = TRIP_MS + pace.latestStartMs;
    answers = [() => slots([1_000])];
    const tooShort = acquire(lanes, 'too short', 1_000 - allowance - 1);
    void acquire(lanes, 'long enough', 1_000 - allowance);
    expect(await tooShort).toEqual({ granted: false, reason: 'busy', retryAfterMs: 1_000 });
    await clock.advance(1_000);
    expect(granted).toEqual([{ name: 'long enough', at: 1_000 }]);
  });

  test('at once, without a call, if the next call of its lane is too late for it', async () => {
    const lanes = open();
    answers = [() => later(800)];
    void acquire(lanes, 'patient');
    await clock.advance(100);
    expect(await acquire(lanes, 'hurried', 699)).toEqual({ granted: false, reason: 'cooling', retryAfterMs: 700 });
    void acquire(lanes, 'just in time', 700);
    await clock.advance(700);
    expect(requests.map(({ want }) => want)).toEqual([1, 2]);
  });

  test('if the limiter names a call that is too late for it, while others wait', async () => {
    const lanes = open();
    answers = [() => later(800)];
    const hurried = acquire(lanes, 'hurried', 799);
    void acquire(lanes, 'patient', 800);
    expect(await hurried).toEqual({ granted: false, reason: 'cooling', retryAfterMs: 800 });
    await clock.advance(800);
    expect(requests.map(({ want }) => want)).toEqual([2, 1]);
  });
});

describe('an unused slot', () => {
  test('is one for which nobody waits any more', async () => {
    const lanes = open();
    answers = [() => slots([10, 20, 30])];
    void acquire(lanes, 'only');
    await clock.advance(100);
    expect(granted).toEqual([{ name: 'only', at: 10 }]);
    expect(lanes.stats().background).toMatchObject({ granted: 1, unusedSlots: 2 });
  });

  test('is one whose holder is late: it waits again, before all others', async () => {
    const lanes = open();
    answers = [() => slots([10]), () => later(100), () => slots([200, 300])];
    lateMs = pace.latestStartMs + 1;
    void acquire(lanes, 'late');
    await clock.advance(5);
    void acquire(lanes, 'other');
    lateMs = 0;
    await clock.advance(90);
    expect(granted).toEqual([]);
    await clock.advance(1_000);
    expect(granted.map(({ name }) => name)).toEqual(['late', 'other']);
    expect(lanes.stats().background).toMatchObject({ granted: 2, unusedSlots: 1 });
  });

  test('is not one whose holder is as late as allowed', async () => {
    const lanes = open();
    answers = [() => slots([10])];
    lateMs = pace.latestStartMs;
    void acquire(lanes, 'in time');
    await clock.advance(1_000);
    expect(granted).toEqual([{ name: 'in time', at: 10 + pace.latestStartMs }]);
    expect(lanes.stats().background).toMatchObject({ granted: 1, unusedSlots: 0 });
  });
});
