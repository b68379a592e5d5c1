import { beforeEach, describe, expect, test } from 'vitest';
import type { RedisGate } from '../../lib/adapters/redis/client.ts';
import { createPermits } from '../../lib/adapters/redis/permits.ts';
import { createSharedLimiter } from '../../lib/adapters/redis/shared-limiter.ts';
import { atOnce } from '../../lib/max-api/lanes.ts';
import { type FakeClock, fakeClock } from '../support/fake-clock.ts';
import { uncontestedClaims } from '../support/memory/claim-store.ts';
import { T0 } from '../support/stores.ts';

/** Replies of Redis that are slow, or do not come. test/integration/permits.test.ts has the limiter on real servers. */

const REQUEST = { lane: 'interactive', want: 2, nextCall: atOnce, maxWaitMs: 5_000, otherWaits: false } as const;
/** Redis's clock is ahead. */
const AHEAD_MS = 40_000;

let clock: FakeClock;
beforeEach(() => {
  clock = fakeClock(T0);
});

const redisWith = (...tripsMs: (number | undefined)[]) => openRedis('granted', tripsMs);
const warmingRedisWith = (...tripsMs: (number | undefined)[]) => openRedis('warming', tripsMs);

/**
 * A Redis that handles each call at once. Its replies take these times, ms; `undefined`: it is lost.
 * The first reply grants slots that begin 300 and 410 ms after the call, or says that the limiter warms up for 11 s.
 */
function openRedis(
  status: 'granted' | 'warming',
  tripsMs: readonly (number | undefined)[],
): { readonly gate: RedisGate; readonly calls: () => number } {
  let calls = 0;
  const us = (ms: number) => String((ms + AHEAD_MS) * 1_000);
  // A whole client of Redis has hundreds of methods; the limiter calls these.
  const gate = {
    client: { defineCommand() {} },
    async run(work: (redis: { acquirePermit(): void }) => void) {
      const trip = tripsMs[calls];
      calls += 1;
      if (trip === undefined) return { ok: false, reason: 'down' };
      work({ acquirePermit() {} });
      const now = clock.now();
      const slots = calls === 1 && status === 'granted' ? [us(now + 300), us(now + 410)] : [];
      const at = us(now + (status === 'warming' ? 11_000 : 0));
      await clock.sleep(trip);
      return { ok: true, value: [calls === 1 ? status : 'done', 'busy', us(now), at, '-1', ...slots] };
    },
  } as unknown as RedisGate;
  return { gate, calls: () => calls };
}

const limiter = (gate: RedisGate) =>
  createSharedLimiter({
    ...{ redis: gate, clock, bot: 'test', rps: 10, warmupMs: 11_000 },
    lastLocalStart: () => Number.NEGATIVE_INFINITY,
  });
const take = (gate: RedisGate) => clock.until(limiter(gate).take(REQUEST));

describe('slots of', () => {
  test('a fast reply are placed by its own time', async () => {
    const { gate, calls } = redisWith(2);
    expect(await take(gate)).toMatchObject({ kind: 'slots', slots: [T0 + 301, T0 + 411] });
    expect(calls()).toBe(1);
  });

  test('a slow reply are placed by the next fast one', async () => {
    const { gate, calls } = redisWith(200, 2);
    expect(await take(gate)).toMatchObject({ kind: 'slots', slots: [T0 + 301, T0 + 411] });
    expect(calls()).toBe(2);
  });

  test('slow replies are placed by the fastest of four', async () => {
    const { gate, calls } = redisWith(200, 100, 40, 60);
    expect(await take(gate)).toMatchObject({ kind: 'slots', slots: [T0 + 320, T0 + 430] });
    expect(calls()).toBe(4);
  });

  test.each([[[200]], [[200, 100]]])('the last replies of Redis are lost if these were slow: %j ms', async (trips) => {
    const { gate, calls } = redisWith(...trips, undefined);
    // By the middle of the slow exchange, they would begin 100 ms too late.
    expect(await take(gate)).toEqual({ kind: 'no_redis', lostSlots: 2 });
    expect(calls()).toBe(trips.length + 1);
  });

  test('a Redis that does not answer are none', async () => {
    expect(await take(redisWith(undefined).gate)).toEqual({ kind: 'no_redis', lostSlots: 0 });
  });
});

describe('the end of a warm-up that', () => {
  test('a slow reply tells is placed by the next fast one', async () => {
    const { gate, calls } = warmingRedisWith(200, 2);
    expect(await take(gate)).toEqual({ kind: 'warming', until: T0 + 11_001 });
    expect(calls()).toBe(2);
  });

  test('the last, slow reply of Redis tells is not known', async () => {
    // By the middle of the slow exchange, this environment would pace itself for 100 ms too long.
    expect(await take(warmingRedisWith(200, undefined).gate)).toEqual({ kind: 'no_redis', lostSlots: 0 });
  });
});

test('lost slots are counted as unused, and nothing starts before the permits of others have started', async () => {
  const permits = createPermits({
    ...{ redis: redisWith(200).gate, claims: uncontestedClaims, clock },
    settings: { bot: 'test', rps: 10, shareOfRate: 0.2 },
  });
  expect(await clock.until(permits.acquire('interactive', 5_000))).toEqual({ granted: true });
  expect(clock.now()).toBeGreaterThan(T0 + 1_500);
  expect(permits.stats()).toMatchObject({ local: 1, interactive: { granted: 1, unusedSlots: 2 } });
});
