import { expect, test } from 'vitest';
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
  await clock.advance(2_500);
  expect(await may(sides.shared(), clock)).toBe(true);
  await sides.settled();
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
