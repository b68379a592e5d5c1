import { describe, expect, test } from 'vitest';
import { type ClaimStore, createSides } from '../../lib/max-api/claims.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { createMemoryClaimStore } from '../support/memory/claim-store.ts';
import { T0 } from '../support/stores.ts';

function open(store: ClaimStore = createMemoryClaimStore()) {
  const clock = fakeClock(T0);
  const asked: string[] = [];
  const counted: ClaimStore = {
    claimShared(until) {
      asked.push('shared');
      return store.claimShared(until);
    },
    claimLocal(until, unless) {
      asked.push('local');
      return store.claimLocal(until, unless);
    },
  };
  return { clock, asked, sides: createSides({ store: counted, clock }) };
}
/** Returns whether a side may send requests now. */
const may = async (claim: Promise<{ readonly from: number }>, { now }: { now(): number }) =>
  (await claim).from <= now();

test('a claim is written once in two seconds, for any number of permits', async () => {
  const { clock, asked, sides } = open();
  for (let i = 0; i < 100; i += 1) {
    expect(await may(sides.shared(), clock)).toBe(true);
    await clock.advance(100);
  }
  await sides.settled();
  expect(asked.length).toBeLessThanOrEqual(6);
});

describe('a request to the store', () => {
  /** Returns a store whose requests are answered by the test. */
  function openByHand() {
    const requests: { readonly args: readonly number[]; readonly answer: (until: number) => void }[] = [];
    const request = (...args: number[]) => new Promise<number>((answer) => requests.push({ args, answer }));
    return { requests, ...open({ claimShared: request, claimLocal: request }) };
  }

  test('claims six seconds; a local claim is made only if the other claim ended a second ago', async () => {
    const { sides, requests } = openByHand();
    void sides.shared();
    void sides.local();
    expect(requests.map(({ args }) => args)).toEqual([[T0 + 6_000], [T0 + 6_000, T0 - 1_000]]);
  });

  test('does not delay a caller while the last claim is valid, and is awaited before the environment freezes', async () => {
    for (const side of ['shared', 'local'] as const) {
      const { sides, requests, clock } = openByHand();
      const first = sides[side]();
      requests[0]?.answer(0);
      await first;
      await clock.advance(2_001);
      expect(await sides[side]()).toEqual({ from: 0, othersUntil: 0 });
      expect(requests).toHaveLength(2);
      let settled = false;
      const settling = sides.settled().then(() => {
        settled = true;
      });
      await clock.advance(0);
      expect(settled).toBe(false);
      requests[1]?.answer(0);
      await settling;
    }
  });

  test('delays callers when the last claim is about to end', async () => {
    const { sides, requests, clock } = openByHand();
    const first = sides.shared();
    requests[0]?.answer(0);
    await first;
    await clock.advance(2_001);
    void sides.shared();
    await clock.advance(2_399);
    const waiting = sides.shared();
    expect(await Promise.race([waiting, 'waits'])).toBe('waits');
    requests[1]?.answer(0);
    expect(await waiting).toEqual({ from: 0, othersUntil: 0 });
  });

  test('is made by the shared side once in two seconds even before the other claim has ended', async () => {
    const { sides, requests, clock } = openByHand();
    const first = sides.shared();
    requests[0]?.answer(T0 + 500);
    expect(await first).toEqual({ from: T0 + 1_500, othersUntil: T0 + 500 });
    await clock.advance(1_999);
    expect(await may(sides.shared(), clock)).toBe(true);
    expect(requests).toHaveLength(1);
    await clock.advance(2);
    void sides.shared();
    expect(requests).toHaveLength(2);
  });

  test('is not repeated while a side waits for the end of the other claim', async () => {
    const { sides, requests, clock } = openByHand();
    const first = sides.local();
    requests[0]?.answer(T0 + 3_000);
    expect(await first).toEqual({ from: T0 + 4_000, othersUntil: T0 + 3_000 });
    await clock.advance(3_999);
    expect(await sides.local()).toEqual({ from: T0 + 4_000, othersUntil: T0 + 3_000 });
    expect(requests).toHaveLength(1);
    await clock.advance(1);
    void sides.local();
    expect(requests).toHaveLength(2);
  });
});

test('without Redis, a claim is written once in two seconds', async () => {
  const { clock, asked, sides } = open();
  for (let i = 0; i < 100; i += 1) {
    expect(await may(sides.local(), clock)).toBe(true);
    await clock.advance(100);
  }
  await sides.settled();
  expect(asked).toHaveLength(5);
});

test("environments without Redis wait for the end of the shared limiter's claim, and a second more", async () => {
  const { clock, sides } = open();
  await sides.shared();
  expect(await sides.local()).toEqual({ from: T0 + 7_000, othersUntil: T0 + 6_000 });
  await clock.advance(6_999);
  expect(await may(sides.local(), clock)).toBe(false);
  await clock.advance(1);
  expect(await may(sides.local(), clock)).toBe(true);
});

test("the shared limiter has priority: when it is back, environments without Redis can't renew, and it waits for their claims", async () => {
  const { clock, sides } = open();
  expect(await may(sides.local(), clock)).toBe(true);
  await clock.advance(2_500);
  expect(await sides.shared()).toEqual({ from: T0 + 7_000, othersUntil: T0 + 6_000 });
  await sides.local();
  await sides.settled();
  expect(await may(sides.local(), clock)).toBe(false);
  await clock.advance(4_500);
  expect(await may(sides.shared(), clock)).toBe(true);
  expect(await may(sides.local(), clock)).toBe(false);
});

test('a side without a claim sends no requests, and a claim remains valid until it ends', async () => {
  let down = true;
  const memory = createMemoryClaimStore();
  const { clock, sides } = open({
    ...memory,
    claimShared: async (until) => (down ? Promise.reject(new Error('down')) : memory.claimShared(until)),
  });
  expect(await sides.shared()).toEqual({ from: T0 + 2_000, othersUntil: 0 });
  down = false;
  await clock.advance(2_000);
  expect(await may(sides.shared(), clock)).toBe(true);
  down = true;
  await clock.advance(2_100);
  expect(await may(sides.shared(), clock)).toBe(true);
  await sides.settled();
  // The renewal has failed. The claim holds until its end is near.
  expect(await may(sides.shared(), clock)).toBe(true);
  await clock.advance(2_500);
  expect(await may(sides.shared(), clock)).toBe(false);
});

test('both sides never send requests within the same second, in any order of calls', async () => {
  for (let seed = 1; seed <= 200; seed += 1) {
    const clock = fakeClock(T0);
    const store = createMemoryClaimStore();
    const environments = [0, 1, 2].map(() => createSides({ store, clock }));
    let random = seed;
    const next = (below: number) => {
      random = (random * 1_103_515_245 + 12_345) % 2 ** 31;
      return Math.floor((random / 2 ** 31) * below);
    };
    const last = { shared: Number.NEGATIVE_INFINITY, local: Number.NEGATIVE_INFINITY };
    for (let step = 0; step < 300; step += 1) {
      const sides = environments[next(3)];
      const side = next(2) === 0 ? 'shared' : 'local';
      if (sides && (await may(sides[side](), clock))) {
        last[side] = clock.now();
        expect(Math.abs(last.shared - last.local)).toBeGreaterThanOrEqual(1_000);
      }
      await sides?.settled();
      await clock.advance(next(4_000));
    }
  }
});
