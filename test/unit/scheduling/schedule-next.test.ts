import { beforeEach, describe, expect, test } from 'vitest';
import type { StoredChat } from '../../../lib/chats/chat.ts';
import { NO_FINDINGS } from '../../../lib/planner/findings.ts';
import type { Price } from '../../../lib/planner/sync.ts';
import { createPlanStale } from '../../../lib/scheduling/plan-stale.ts';
import { createNextScheduler, type Refreshed } from '../../../lib/scheduling/schedule-next.ts';
import { type FakeClock, fakeClock } from '../../support/fake-clock.ts';
import { HOUR, type MemoryQueue, memoryQueue, memoryViewCounter } from '../../support/participants.ts';
import { created, openMemory, type Stores, T0 } from '../../support/stores.ts';

/** The decisions of a worker about the chats of its message, beyond reading them. */

let clock: FakeClock;
let stores: Stores;
let queue: MemoryQueue;
let viewCounter: ReturnType<typeof memoryViewCounter>;
let seenAt: number;
let chat: StoredChat;
let price: Price;

beforeEach(async () => {
  clock = fakeClock(T0);
  stores = await openMemory();
  queue = memoryQueue();
  viewCounter = memoryViewCounter();
  seenAt = T0;
  const id = await created(stores.chats, { maxChatId: '-1' });
  await stores.counts.apply({ id, maxChatId: '-1' }, { kind: 'count', count: 7 }, { askedAt: T0 - HOUR, dueAt: T0 });
  const stored = await stores.chats.get(id);
  if (!stored) throw new Error('no chat');
  chat = stored;
});

const subscriptionStore = { read: async () => ({ url: 'https://chats.example', seenAt, since: 0 }) };
const open = (planned = true, ids: readonly number[] = [chat.chat.id]) =>
  createNextScheduler(
    { plannerStore: stores.planner, subscriptionStore, viewCounter, queue, clock, random: () => 0.5 },
    'bulk',
    ids,
    planned,
  );

/** Runs the background sync, which sets the price, then changes the price. */
async function setPrice(changes: Partial<Price> = {}): Promise<void> {
  await createPlanStale({
    ...{ chatStore: stores.chats, countStore: stores.counts, plannerStore: stores.planner, runStore: stores.runs },
    ...{ subscriptionStore, queue: memoryQueue(), viewCounter: memoryViewCounter(), clock, random: () => 0.5 },
    settings: {
      ...{ rps: 30, backgroundShare: 0.2, maxCallsPerHour: undefined },
      ...{ batchSize: 50, intervalMs: 900_000, windowMs: 30_000 },
    },
  })(T0 + HOUR);
  const stored = await stores.planner.readPrice();
  if (!stored) throw new Error('no price');
  price = { ...stored, ...changes };
  await stores.planner.writePrice(price, NO_FINDINGS);
}

describe('whether events of a chat can be trusted is checked', () => {
  test('for a planned refresh of a chat that was not checked yet, while events arrive', async () => {
    await setPrice();
    expect((await open()).wantsTrust(chat)).toBe(true);
    expect((await open(false)).wantsTrust(chat)).toBe(false);
    const checked = { ...chat, planning: { ...chat.planning, eventTrustChecked: true } };
    expect((await open()).wantsTrust(checked)).toBe(false);
    seenAt = T0 - HOUR;
    expect((await open()).wantsTrust(chat)).toBe(false);
  });

  test('not before the first price', async () => {
    expect((await open()).wantsTrust(chat)).toBe(false);
  });

  test.each([
    [5_000, true],
    [5_001, false],
  ])('for a first read while %i chats wait for theirs: %s', async (firstReads, wanted) => {
    await setPrice({ firstReads });
    expect((await open()).wantsTrust({ ...chat, readAt: null })).toBe(wanted);
    expect((await open()).wantsTrust(chat)).toBe(true);
  });
});

describe('after the refreshes of a message', () => {
  const refreshed = (id: number, inMs: number, again = 1): Refreshed => ({
    id,
    dueAt: T0 + inMs,
    findings: { ...NO_FINDINGS, again },
  });

  test('nothing is stored or queued without a price, or if no chat was refreshed', async () => {
    await (await open()).settle([refreshed(1, 0)]);
    await setPrice();
    const before = await stores.planner.readFindings();
    await (await open()).settle([]);
    expect(await stores.planner.readFindings()).toEqual(before);
    expect(queue.messages).toEqual([]);
  });

  test('chats that are due again soon are queued, those that are due first before the others, within the spare budget', async () => {
    await setPrice({ spare: 2 });
    await (await open(true, [1, 2, 3, 4])).settle([
      ...[refreshed(1, 95_000), refreshed(2, 30_000), refreshed(3, 31_000), refreshed(4, 10_000, 0)],
    ]);
    expect(queue.messages).toEqual([
      {
        ...{ queue: 'bulk', delayMs: 30_000 },
        message: { ids: [2, 3], requested_at: T0, charged_to_planner: true },
      },
    ]);
    // Chats of earlier messages have used a part of the spare budget.
    await (await open(true, [5])).settle([refreshed(5, 30_000)]);
    expect(queue.messages).toHaveLength(1);
  });

  test('the views that the plan has used are subtracted, and no others', async () => {
    await setPrice();
    await viewCounter.count([1, 2], 3);
    const scheduler = await open(true, [1]);
    await viewCounter.count([1], 2);
    await scheduler.settle([refreshed(1, 0, 0)]);
    expect([...viewCounter.views]).toEqual([
      [1, 2],
      [2, 3],
    ]);
  });
});

describe('the next refresh of a chat', () => {
  test('is planned from what this one found', async () => {
    await setPrice();
    await viewCounter.count([chat.chat.id], 8);
    const next = (await open()).scheduleNext(chat);
    const same = next?.({ count: 7 }, T0);
    const changed = next?.({ count: 9 }, T0);
    expect(same?.dueAt).toBeGreaterThan(changed?.dueAt ?? Number.POSITIVE_INFINITY);
    expect(changed?.dueAt).toBeGreaterThan(T0);
    // A planned refresh counts against the budget; a first one, or one that a person asked for, does not.
    expect(changed?.findings.charged).toBe(1);
    expect((await open(false)).scheduleNext(chat)?.({ count: 9 }, T0).findings.charged).toBe(0);
    const unread = { ...chat, readAt: null, participantsCount: null };
    expect((await open()).scheduleNext(unread)?.({ count: 9 }, T0).findings.charged).toBe(0);
  });

  test('is not planned before the first price', async () => {
    expect((await open()).scheduleNext(chat)).toBeUndefined();
  });
});
