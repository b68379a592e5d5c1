import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import type { ChatAnswer, MaxErrorKind } from '../../../lib/max-api/api.ts';
import type { Permit } from '../../../lib/max-api/permits.ts';
import { createFetchCount, type FetchCountDeps, type RequestOptions } from '../../../lib/refreshing/request-max.ts';
import { type FakeClock, fakeClock } from '../../support/fake-clock.ts';
import { counted, failing, listening, openPermits, scriptedMax } from '../../support/participants.ts';
import { T0 } from '../../support/stores.ts';

let clock: FakeClock;
beforeEach(() => {
  clock = fakeClock(T0);
});

/** @param answer the response to the n-th request, counted from 0, after `tookMs`. */
function asking(answer: (n: number) => ChatAnswer, some: Partial<FetchCountDeps> = {}, tookMs = 10) {
  const maxApi = scriptedMax(async (_, n) => {
    await clock.sleep(tookMs);
    return answer(n);
  });
  const permits = openPermits();
  const { told, events } = listening();
  const settings = { timeoutMs: 5_000, maxRetries: 3 };
  const fetchCount = createFetchCount({
    maxApi,
    permits,
    clock,
    telemetry: events,
    random: () => 0.5,
    settings,
    ...some,
  });
  const ask = (options: Partial<RequestOptions> = {}) =>
    clock.until(fetchCount('-70', { lane: 'background', deadline: T0 + 60_000, ...options }));
  return { maxApi, permits, told, ask };
}

const retryable = ['rate_limited', 'server', 'timeout', 'network'] as const satisfies readonly MaxErrorKind[];

describe('a response', () => {
  test.each<ChatAnswer>([counted(0), counted(2_147_483_647), { kind: 'denied' }, { kind: 'not_found' }])(
    '%j ends the attempts at once, and counts as a success for the rate',
    async (answer) => {
      const heard: boolean[] = [];
      const { ask, maxApi, permits, told } = asking(() => answer);
      expect(await ask({ onAnswer: (ok) => heard.push(ok) })).toEqual({ kind: 'answered', answer, askedAt: T0 });
      expect(maxApi.calls).toEqual(['-70']);
      expect(permits.outcomes).toEqual([{ kind: 'ok' }]);
      expect(told.requestedMax).toEqual([{ durationMs: 10 }]);
      expect(heard).toEqual([true]);
    },
  );

  test('has the time of its own request, after the permit and the retries', async () => {
    const slow = openPermits(async () => {
      await clock.sleep(1_000);
      return { granted: true };
    });
    const { ask, told } = asking((n) => (n === 0 ? failing('server') : counted(7)), { permits: slow });
    // A permit, a request, half of 200 ms, and a permit again.
    expect(await ask()).toMatchObject({ kind: 'answered', askedAt: T0 + 1_000 + 10 + 100 + 1_000 });
    expect(told.waitedForPermit).toEqual(Array(2).fill({ durationMs: 1_000, granted: true }));
  });
});

describe('while MAX hangs', () => {
  /** Fails with `error` at the end of the timeout for `hanging` requests, then answers. */
  const hang = (hanging: number, error: MaxErrorKind = 'timeout') => {
    const maxApi = {
      calls: 0,
      async getChat(_: string, timeoutMs: number) {
        this.calls += 1;
        if (this.calls > hanging) return counted(7);
        await clock.sleep(timeoutMs);
        return failing(error);
      },
    };
    const settings = { timeoutMs: 5_000, maxRetries: 3 };
    const { events } = listening();
    const deps = { maxApi, permits: openPermits(), clock, telemetry: events, random: () => 0.5, settings };
    const fetchCount = createFetchCount(deps);
    const ask = async (lane: 'interactive' | 'background' = 'interactive') => {
      const before = clock.now();
      const { kind } = await clock.until(fetchCount('-70', { lane, deadline: before + 8_000 }));
      return { kind, tookMs: clock.now() - before };
    };
    return { ask };
  };

  test('the first person waits as long as allowed, the next ones a second', async () => {
    const { ask } = hang(Number.POSITIVE_INFINITY);
    expect(await ask()).toEqual({ kind: 'failed', tookMs: 8_000 });
    expect(await ask()).toEqual({ kind: 'failed', tookMs: 1_000 });
    expect(await ask('background')).toEqual({ kind: 'failed', tookMs: 8_000 });
  });

  test.each(['server', 'network'] as const)('it does not count as hanging if requests end with %s', async (error) => {
    const { ask } = hang(Number.POSITIVE_INFINITY, error);
    await ask();
    expect(await ask()).toEqual({ kind: 'failed', tookMs: 8_000 });
  });

  test('only the wait of a person shows it', async () => {
    const { ask } = hang(Number.POSITIVE_INFINITY);
    await ask('background');
    expect(await ask()).toEqual({ kind: 'failed', tookMs: 8_000 });
  });

  test('a response, or ten seconds, ends it', async () => {
    const { ask } = hang(3);
    await ask();
    expect(await ask()).toEqual({ kind: 'failed', tookMs: 1_000 });
    expect(await ask()).toEqual({ kind: 'answered', tookMs: 0 });
    const again = hang(Number.POSITIVE_INFINITY);
    await again.ask();
    await clock.advance(10_000);
    expect(await again.ask()).toEqual({ kind: 'failed', tookMs: 8_000 });
  });

  test('one chat that hangs while others get responses delays nobody', async () => {
    const maxApi = {
      async getChat(id: string, timeoutMs: number) {
        const answers = id !== '-1' && timeoutMs >= 2_000;
        await clock.sleep(answers ? 2_000 : timeoutMs);
        return answers ? counted(7) : failing('timeout');
      },
    };
    const settings = { timeoutMs: 5_000, maxRetries: 3 };
    const { events } = listening();
    const fetchCount = createFetchCount({
      ...{ maxApi, permits: openPermits(), clock, telemetry: events, random: () => 0.5, settings },
    });
    const ask = (id: string) => fetchCount(id, { lane: 'interactive', deadline: clock.now() + 8_000 });
    await clock.until(Promise.all([ask('-1'), ask('-2')]));
    expect(await clock.until(ask('-2'))).toMatchObject({ kind: 'answered' });
  });
});

describe('retries', () => {
  test.each(retryable)('are made after %s, each with its own permit', async (error) => {
    const heard: boolean[] = [];
    const { ask, maxApi, permits, told } = asking((n) => (n < 3 ? failing(error) : counted(7)));
    const lane = 'interactive';
    expect(await ask({ lane, onAnswer: (ok) => heard.push(ok) })).toMatchObject({ kind: 'answered' });
    expect(maxApi.calls).toHaveLength(4);
    expect(permits.asked.map((asked) => asked.lane)).toEqual(Array(4).fill(lane));
    expect(permits.outcomes.map(({ kind }) => kind)).toEqual([
      ...Array(3).fill(error === 'rate_limited' ? 'throttled' : 'failed'),
      'ok',
    ]);
    expect(told.requestedMax).toEqual([...Array(3).fill({ durationMs: 10, error }), { durationMs: 10 }]);
    expect(heard).toEqual([false, false, false, true]);
  });

  test.each([0, 1, 3])('are at most %i', async (maxRetries) => {
    const settings = { timeoutMs: 5_000, maxRetries };
    const { ask, maxApi } = asking(() => failing('server'), { settings });
    expect(await ask()).toEqual({ kind: 'failed', error: 'server', exhausted: true, retryAfterMs: undefined });
    expect(maxApi.calls).toHaveLength(maxRetries + 1);
  });

  test.each([failing('auth'), failing('server', { retryable: false })])('are not made after %j', async (answer) => {
    const { ask, maxApi, permits } = asking(() => answer);
    expect(await ask()).toMatchObject({ kind: 'failed', exhausted: true });
    expect(maxApi.calls).toHaveLength(1);
    expect(permits.outcomes).toEqual([{ kind: 'failed' }]);
  });

  test('stop at the first error that is not retryable', async () => {
    const { ask, maxApi } = asking((n) => failing(n === 0 ? 'timeout' : 'auth'));
    expect(await ask()).toMatchObject({ kind: 'failed', error: 'auth', exhausted: true });
    expect(maxApi.calls).toHaveLength(2);
  });

  test('follow a random pause up to 200 ms, doubled each time, at most 5 s', async () => {
    const settings = { timeoutMs: 5_000, maxRetries: 8 };
    const pauses = async (random: () => number) => {
      const at: number[] = [];
      const { ask } = asking(
        () => {
          at.push(clock.now());
          return failing('network');
        },
        { settings, random },
        0,
      );
      await ask({ deadline: clock.now() + 600_000 });
      return at.slice(1).map((time, i) => time - (at[i] ?? 0));
    };
    const bounds = [200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000];
    expect(await pauses(() => 0)).toEqual(Array(8).fill(0));
    expect((await pauses(() => 1 - 2 ** -53)).map(Math.round)).toEqual(bounds);
    await fc.assert(
      fc.asyncProperty(
        fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
        async (draws) => {
          const found = await pauses(() => draws.next().value ?? 0);
          for (const [i, pause] of found.entries()) {
            expect(pause).toBeGreaterThanOrEqual(0);
            // Adding to a present time rounds a pause to a thousandth of a millisecond.
            expect(pause).toBeLessThanOrEqual((bounds[i] ?? 0) + 0.001);
          }
        },
      ),
      { numRuns: 20 },
    );
  });
});

describe('a throttled response', () => {
  test('is reported to the limiter and to the caller', async () => {
    const settings = { timeoutMs: 5_000, maxRetries: 1 };
    const { ask, permits } = asking((n) => failing('rate_limited', n === 0 ? {} : { retryAfterMs: 7_000 }), {
      settings,
    });
    expect(await ask()).toEqual({ kind: 'failed', error: 'rate_limited', exhausted: true, retryAfterMs: 7_000 });
    expect(permits.outcomes).toEqual([{ kind: 'throttled' }, { kind: 'throttled', retryAfterMs: 7_000 }]);
  });
});

test('as a 503 with Retry-After slows all callers down like a 429', async () => {
  const settings = { timeoutMs: 5_000, maxRetries: 0 };
  const { ask, permits } = asking(() => failing('server', { retryAfterMs: 7_000 }), { settings });
  expect(await ask()).toMatchObject({ kind: 'failed', error: 'server', retryAfterMs: 7_000 });
  expect(permits.outcomes).toEqual([{ kind: 'throttled', retryAfterMs: 7_000 }]);
});

describe('without a permit', () => {
  test.each<Extract<Permit, { granted: false }>>([
    { granted: false, reason: 'busy', retryAfterMs: 1_234 },
    { granted: false, reason: 'cooling', retryAfterMs: 60_000 },
  ])('no request is sent: %j', async (permit) => {
    const { ask, maxApi, told } = asking(() => counted(1), { permits: openPermits(() => permit) });
    const { reason, retryAfterMs } = permit;
    expect(await ask()).toEqual({ kind: 'not_permitted', reason, retryAfterMs });
    expect(maxApi.calls).toEqual([]);
    expect(told.waitedForPermit).toEqual([{ durationMs: 0, granted: false }]);
  });

  test("for the retry, the first failure does not count as the chat's", async () => {
    const permits = openPermits((n) =>
      n === 0 ? { granted: true } : { granted: false, reason: 'busy', retryAfterMs: 9 },
    );
    const { ask, maxApi } = asking(() => failing('server'), { permits });
    expect(await ask()).toEqual({ kind: 'not_permitted', reason: 'busy', retryAfterMs: 9 });
    expect(maxApi.calls).toHaveLength(1);
  });
});

describe('the deadline', () => {
  test('limits the wait for the permit and the request', async () => {
    const { ask, maxApi, permits } = asking(() => counted(1));
    await ask({ deadline: T0 + 3_000 });
    expect(permits.asked[0]?.maxWaitMs).toBe(3_000);
    expect(maxApi.timeouts).toEqual([3_000]);
  });

  test('does not extend a request beyond its timeout', async () => {
    const { ask, maxApi } = asking(() => counted(1));
    await ask();
    expect(maxApi.timeouts).toEqual([5_000]);
  });

  test.each([0, -1])('%i ms ahead: no request is sent, no permit taken', async (ms) => {
    const { ask, maxApi, permits } = asking(() => counted(1));
    expect(await ask({ deadline: T0 + ms })).toEqual({
      kind: 'not_permitted',
      reason: 'busy',
      retryAfterMs: undefined,
    });
    expect([maxApi.calls, permits.asked]).toEqual([[], []]);
  });

  test('prevents requests after it, even with a permit', async () => {
    const permits = openPermits(async () => {
      await clock.sleep(1_000);
      return { granted: true };
    });
    const { ask, maxApi } = asking(() => counted(1), { permits });
    expect(await ask({ deadline: T0 + 1_000 })).toMatchObject({ kind: 'not_permitted' });
    expect(maxApi.calls).toEqual([]);
  });

  test('prevents a retry that would start after it, without a wait', async () => {
    const { ask, maxApi } = asking(() => failing('timeout'));
    // 10 ms for the request, and half of 200 ms.
    expect(await ask({ deadline: T0 + 110 })).toMatchObject({ kind: 'failed', error: 'timeout', exhausted: false });
    expect(clock.now()).toBe(T0 + 10);
    expect(maxApi.calls).toHaveLength(1);
  });
});

describe('abandoned work', () => {
  test('sends no request', async () => {
    const { ask, maxApi, permits } = asking(() => counted(1));
    expect(await ask({ abandoned: () => true })).toMatchObject({ kind: 'not_permitted' });
    expect([maxApi.calls, permits.asked]).toEqual([[], []]);
  });

  test('does not use a permit that comes too late', async () => {
    let abandoned = false;
    const permits = openPermits(async () => {
      abandoned = true;
      return { granted: true };
    });
    const { ask, maxApi } = asking(() => counted(1), { permits });
    expect(await ask({ abandoned: () => abandoned })).toMatchObject({ kind: 'not_permitted' });
    expect(maxApi.calls).toEqual([]);
    expect(permits.outcomes).toEqual([]);
  });

  test('sends no further request', async () => {
    let abandoned = false;
    const { ask, maxApi } = asking(() => {
      abandoned = true;
      return failing('server');
    });
    expect(await ask({ abandoned: () => abandoned })).toMatchObject({ kind: 'not_permitted' });
    expect(maxApi.calls).toHaveLength(1);
  });
});
