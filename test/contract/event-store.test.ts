import { beforeEach, describe, expect, test } from 'vitest';
import type { EventStore } from '../../lib/participants/event-store.ts';
import { created, IMPLEMENTATIONS, type Stores, T0 } from '../support/stores.ts';

describe.each(IMPLEMENTATIONS)('event store in %s', (_, open) => {
  let stores: Stores;
  let store: EventStore;
  let id: number;
  beforeEach(async () => {
    stores = await open();
    store = stores.events;
    id = await created(stores.chats, { max_chat_id: '-70', university_id: 1 });
  });

  test('opens one window at a time, of chats that there are', async () => {
    expect(await store.openWindow(id, T0, T0 + 30)).toBe(true);
    expect(await store.openWindow(id, T0, T0 + 30)).toBe(false);
    expect(await store.openWindow(id, T0 + 29, T0 + 59)).toBe(false);
    expect(await store.openWindow(id, T0 + 30, T0 + 60)).toBe(true);
    expect(await store.openWindow(999, T0, T0 + 30)).toBe(false);
  });

  test('opens it for one of many at the same time', async () => {
    const opened = await Promise.all(Array.from({ length: 10 }, () => store.openWindow(id, T0, T0 + 30)));
    expect(opened.filter(Boolean)).toHaveLength(1);
  });

  test('holds on to the newest title, and tells it', async () => {
    const title = (title: string, at: number) => ({ title, at });
    expect(await store.retitle(id, title('b', 2))).toEqual(title('b', 2));
    expect(await store.retitle(id, title('a', 1))).toEqual(title('b', 2));
    expect(await store.retitle(id, title('b', 2))).toEqual(title('b', 2));
    expect(await store.retitle(id, title('c', 3))).toEqual(title('c', 3));
    expect(await store.retitle(999, title('c', 3))).toBeUndefined();
  });

  test('leaves the chat itself alone', async () => {
    const before = await stores.chats.get(id);
    await store.openWindow(id, T0, T0 + 30);
    await store.trust(id, true, T0);
    await store.retitle(id, { title: 'b', at: 2 });
    expect(await stores.chats.get(id)).toEqual(before);
    await store.trust(999, true, T0);
    expect(await stores.chats.get(999)).toBeUndefined();
  });
});
