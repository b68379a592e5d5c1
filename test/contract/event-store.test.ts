import { beforeEach, describe, expect, test } from 'vitest';
import { NOTHING_PLANNED } from '../../lib/chats/planning.ts';
import type { EventStore } from '../../lib/state/event-store.ts';
import { created, IMPLEMENTATIONS, type Stores, T0 } from '../support/stores.ts';

describe.each(IMPLEMENTATIONS)('event store in %s', (_, open) => {
  let stores: Stores;
  let store: EventStore;
  let id: number;
  beforeEach(async () => {
    stores = await open();
    store = stores.events;
    id = await created(stores.chats, { maxChatId: '-70', universityId: 1 });
  });

  const planning = async () => (await stores.chats.get(id))?.planning;
  const QUARTER = 900_000;

  test('opens one window at a time, and only for known chats', async () => {
    expect(await store.markDirty(id, T0, T0 + 30)).toEqual({ readAt: null, planning: NOTHING_PLANNED });
    expect(await store.markDirty(id, T0, T0 + 30)).toBeUndefined();
    expect(await store.markDirty(id, T0 + 29, T0 + 59)).toBeUndefined();
    expect(await store.markDirty(id, T0 + 30, T0 + 60)).toMatchObject({ planning: { dirtyAt: T0, eventQuarters: 1 } });
    expect(await store.markDirty(999, T0, T0 + 30)).toBeUndefined();
    expect(await stores.chats.get(999)).toBeUndefined();
  });

  test('opens one window for many simultaneous events', async () => {
    const opened = await Promise.all(Array.from({ length: 10 }, () => store.markDirty(id, T0, T0 + 30)));
    expect(opened.filter(Boolean)).toHaveLength(1);
    expect(await planning()).toMatchObject({ eventQuarters: 1 });
  });

  test('stores since when a chat is dirty, and counts quarters of an hour with events', async () => {
    const start = Math.floor(T0 / QUARTER) * QUARTER;
    for (const at of [10, 100_000, QUARTER, QUARTER + 100_000, 3 * QUARTER]) {
      await store.markDirty(id, start + at, start + at + 30_000);
    }
    expect(await planning()).toMatchObject({ dirtyAt: start + 10, eventQuarters: 3 });
  });

  test('stores since when events are trusted, by its own clock', async () => {
    await store.recordEventTrust(id, true, 100, T0);
    await store.recordEventTrust(id, true, 200, T0 + 1);
    expect(await planning()).toMatchObject({ eventsTrustedSince: T0 });
    // Older than the known state.
    await store.recordEventTrust(id, false, 150, T0 + 2);
    expect(await planning()).toMatchObject({ eventsTrustedSince: T0 });
    await store.recordEventTrust(id, false, 300, T0 + 3);
    expect(await planning()).toMatchObject({ eventsTrustedSince: null });
    await store.recordEventTrust(id, true, 400, T0 + 4);
    expect(await planning()).toMatchObject({ eventsTrustedSince: T0 + 4 });
  });

  test('knows the newest change of the membership, also when it comes again', async () => {
    expect(await store.recordMembership(id, 200)).toBe(true);
    expect(await store.recordMembership(id, 200)).toBe(true);
    expect(await store.recordMembership(id, 100)).toBe(false);
    expect(await store.recordMembership(id, 201)).toBe(true);
    expect(await store.recordMembership(999, 300)).toBe(false);
    expect(await stores.chats.get(999)).toBeUndefined();
  });

  test('a chat with another MAX id has another membership', async () => {
    await store.recordMembership(id, 200);
    await stores.chats.update(id, { maxChatId: '-71' }, T0 + 1);
    expect(await store.recordMembership(id, 100)).toBe(true);
  });

  test('keeps the newest title and returns it', async () => {
    const title = (title: string, at: number) => ({ title, at });
    expect(await store.retitle(id, title('b', 2))).toEqual(title('b', 2));
    expect(await store.retitle(id, title('a', 1))).toEqual(title('b', 2));
    expect(await store.retitle(id, title('b', 2))).toEqual(title('b', 2));
    expect(await store.retitle(id, title('c', 3))).toEqual(title('c', 3));
    expect(await store.retitle(999, title('c', 3))).toBeUndefined();
  });

  test('does not change the chat itself', async () => {
    const before = await stores.chats.get(id);
    await store.markDirty(id, T0, T0 + 30);
    await store.recordEventTrust(id, true, T0, T0);
    await store.retitle(id, { title: 'b', at: 2 });
    expect(await stores.chats.get(id)).toEqual({ ...before, planning: await planning() });
    await store.recordEventTrust(999, true, T0, T0);
    expect(await stores.chats.get(999)).toBeUndefined();
  });
});
