import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { NOTHING_PLANNED } from '../../lib/chats/planning.ts';
import type { CountStore, DueChat, Reading } from '../../lib/state/count-store.ts';
import { created, IMPLEMENTATIONS, idsOf, line, listAll, type Stores, T0 } from '../support/stores.ts';

const GONE: Reading = { kind: 'unavailable', status: 'gone' };
const count = (count: number): Reading => ({ kind: 'count', count });
const HOUR = 3_600_000;
const LEARNT = {
  ...{ evidence: { precision: 0.25, weighted: -1.5 }, views: { views: 2.5, hours: 10, countedTo: T0 } },
  ...{ count: 5, activity: { messages: 17, silenceUsedUntil: T0 } },
};
const at = (askedAt: number) => ({ askedAt, dueAt: askedAt + 3_600_000 });

describe.each(IMPLEMENTATIONS)('count store in %s', (_, open) => {
  let stores: Stores;
  let store: CountStore;
  /** Creates a chat in MAX that is due since T0. */
  let chat: { id: number; maxChatId: string };
  beforeEach(async () => {
    stores = await open();
    store = stores.counts;
    chat = { id: await created(stores.chats, { maxChatId: '-70', universityId: 1 }), maxChatId: '-70' };
  });

  const stored = () => stores.chats.get(chat.id);
  const due = () => store.due(Number.MAX_SAFE_INTEGER, 100, undefined);

  describe('apply', () => {
    test('stores a count, returns the replaced one, and makes the chat due later', async () => {
      const before = await stored();
      expect(await store.apply(chat, count(5), at(T0 + 1))).toEqual({
        kind: 'applied',
        before: null,
        knownCorrect: false,
      });
      expect(await store.apply(chat, count(0), at(T0 + 2))).toEqual({
        kind: 'applied',
        before: 5,
        knownCorrect: false,
      });
      expect(await store.apply(chat, count(7), at(T0 + 3))).toEqual({
        kind: 'applied',
        before: 0,
        knownCorrect: false,
      });
      expect(await stored()).toEqual({
        chat: before?.chat,
        participantsCount: 7,
        readAt: T0 + 3,
        checkedAt: T0 + 3,
        planning: NOTHING_PLANNED,
      });
      expect(await due()).toEqual([
        { id: chat.id, dueAt: at(T0 + 3).dueAt, readAt: T0 + 3, planning: NOTHING_PLANNED },
      ]);
    });

    test('stores the first reading even if an import stored a count', async () => {
      await stores.chats.importMany([line('-71', { participantsCount: 9 })], T0);
      const imported = { id: 2, maxChatId: '-71' };
      expect(await store.apply(imported, count(8), at(T0 - 99))).toEqual({
        kind: 'applied',
        before: 9,
        knownCorrect: false,
      });
    });

    test('ignores a repeated or late reading', async () => {
      await store.apply(chat, count(5), at(T0 + 10));
      const before = [await stored(), await due()];
      for (const reading of [count(6), GONE]) {
        for (const askedAt of [T0 + 10, T0 + 9]) {
          expect(await store.apply(chat, reading, at(askedAt))).toEqual({ kind: 'superseded' });
        }
      }
      expect([await stored(), await due()]).toEqual(before);
    });

    test('is superseded if the chat has another MAX id, has none, or was deleted', async () => {
      await stores.chats.update(chat.id, { maxChatId: '-71' }, T0);
      expect(await store.apply(chat, count(5), at(T0 + 1))).toEqual({ kind: 'superseded' });
      expect(await stored()).toMatchObject({ participantsCount: null, checkedAt: null });
      await stores.chats.update(chat.id, { maxChatId: null }, T0);
      expect(await store.apply({ ...chat, maxChatId: '-71' }, GONE, at(T0 + 1))).toEqual({ kind: 'superseded' });
      await stores.chats.delete(chat.id);
      for (const reading of [count(5), GONE]) {
        expect(await store.apply(chat, reading, at(T0 + 1))).toEqual({ kind: 'superseded' });
      }
      expect(await stored()).toBeUndefined();
      expect(await due()).toEqual([]);
    });

    test('of a 403 or 404 keeps the count and removes the chat from the due index until the next count', async () => {
      await store.apply(chat, count(5), at(T0 + 1));
      expect(await store.apply(chat, GONE, at(T0 + 2))).toEqual({ kind: 'applied', before: 5, knownCorrect: false });
      expect(await stored()).toMatchObject({
        ...{ participantsCount: 5, readAt: T0 + 1, checkedAt: T0 + 2 },
        chat: { status: 'gone' },
      });
      expect(await due()).toEqual([]);
      expect(await store.apply(chat, { kind: 'unavailable', status: 'denied' }, at(T0 + 3))).toMatchObject({
        before: 5,
      });
      expect((await listAll(stores.chats))[0]?.chat.status).toBe('denied');

      expect(await store.apply(chat, count(6), at(T0 + 3))).toEqual({ kind: 'superseded' });
      expect(await store.apply(chat, count(6), at(T0 + 4))).toEqual({
        kind: 'applied',
        before: 5,
        knownCorrect: false,
      });
      expect(await stored()).toMatchObject({ participantsCount: 6, chat: { status: 'active' } });
      expect(await due()).toHaveLength(1);
      expect((await listAll(stores.chats, { sort: 'name' }))[0]?.chat.status).toBe('active');
    });

    test('moves the chat only in the listings by count', async () => {
      await created(stores.chats, { maxChatId: '-71', universityId: 1 });
      await store.apply(chat, count(5), at(T0 + 1));
      for (const scope of ['all', { universityId: 1 }] as const) {
        expect(idsOf(await listAll(stores.chats, { scope, sort: 'participants_count' }))).toEqual([2, 1]);
        expect(idsOf(await listAll(stores.chats, { scope, sort: 'updated_at' }))).toEqual([1, 2]);
      }
    });

    test('and a simultaneous change of the chat are both stored', async () => {
      await Promise.all([
        store.apply(chat, count(5), at(T0 + 1)),
        stores.chats.update(chat.id, { name: 'Новое' }, T0 + 1),
        store.apply(chat, GONE, at(T0 + 2)),
        stores.chats.update(chat.id, { url: 'https://max.ru/n' }, T0 + 1),
      ]);
      expect(await stored()).toMatchObject({
        checkedAt: T0 + 2,
        chat: { name: 'Новое', url: 'https://max.ru/n', status: 'gone' },
      });
      expect(await due()).toEqual([]);
    });

    test('stores what was learnt and resets the count of events; without it both stay', async () => {
      await stores.events.markDirty(chat.id, T0, T0 + 1);
      await store.apply(chat, count(5), { ...at(T0 + 1), learnt: LEARNT });
      const planning = { ...NOTHING_PLANNED, learnt: LEARNT };
      expect(await stored()).toMatchObject({ planning });
      expect((await due())[0]).toMatchObject({ planning });
      await stores.events.markDirty(chat.id, T0 + HOUR, T0 + HOUR + 1);
      await store.apply(chat, count(5), at(T0 + HOUR));
      expect(await stored()).toMatchObject({ planning: { learnt: LEARNT, eventQuarters: 1, dirtyAt: null } });
    });

    test('clears changes from before the request to MAX, but none from after it', async () => {
      await store.apply(chat, count(5), at(T0 + 1));
      await stores.events.markDirty(chat.id, T0 + 10, T0 + 11);
      expect(await store.apply(chat, count(6), at(T0 + 9))).toMatchObject({ kind: 'applied', before: 5 });
      expect(await stored()).toMatchObject({ participantsCount: 6, planning: { dirtyAt: T0 + 10 } });
      expect(await store.apply(chat, count(7), at(T0 + 10))).toMatchObject({ kind: 'applied', before: 6 });
      expect(await stored()).toMatchObject({ participantsCount: 7, planning: { dirtyAt: null } });
      // The same for a chat that MAX had refused.
      await store.apply(chat, GONE, at(T0 + 11));
      await stores.events.markDirty(chat.id, T0 + 20, T0 + 21);
      expect(await store.apply(chat, count(8), at(T0 + 19))).toMatchObject({ kind: 'applied' });
      expect(await stored()).toMatchObject({ chat: { status: 'active' }, planning: { dirtyAt: T0 + 20 } });
    });

    test('returns whether the count is known to be correct', async () => {
      await stores.events.recordEventTrust(chat.id, true, 1, T0 + 5);
      const known = async (askedAt: number) => {
        const outcome = await store.apply(chat, count(1), at(askedAt));
        return outcome.kind === 'applied' && outcome.knownCorrect;
      };
      expect(await known(T0 + 4)).toBe(false);
      expect(await known(T0 + 5)).toBe(true);
      await stores.events.markDirty(chat.id, T0 + 9, T0 + 10);
      expect(await known(T0 + 8)).toBe(false);
      expect(await known(T0 + 9)).toBe(true);
      await stores.events.recordEventTrust(chat.id, false, 2, T0 + 10);
      expect(await known(T0 + 11)).toBe(false);
    });

    test('to a chat with a new MAX id resets what was learnt', async () => {
      await store.apply(chat, count(5), { ...at(T0 + 1), learnt: LEARNT });
      await stores.events.recordEventTrust(chat.id, true, 1, T0);
      await stores.events.markDirty(chat.id, T0 + 2, T0 + 3);
      await stores.chats.update(chat.id, { maxChatId: '-71' }, T0 + 4);
      expect(await stored()).toMatchObject({ readAt: null, planning: NOTHING_PLANNED });
    });

    test('keeps the newest of readings that are shuffled, repeated, simultaneous or sequential', async () => {
      const readings = fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 50 }), fc.option(fc.nat(9))), {
        selector: ([time]) => time,
        minLength: 1,
        maxLength: 6,
      });
      const delivered = readings.chain((some) =>
        fc.tuple(fc.constant(some), fc.shuffledSubarray([...some, ...some], { minLength: some.length }), fc.boolean()),
      );
      let next = 100;
      await fc.assert(
        fc.asyncProperty(delivered, async ([readings, order, atOnce]) => {
          const maxChatId = `-${next++}`;
          const one = { id: await created(stores.chats, { maxChatId }), maxChatId };
          const deliver = ([time, n]: (typeof readings)[number]) =>
            store.apply(one, n === null ? GONE : count(n), at(T0 + time));
          // Every reading arrives, some of them twice.
          const all = [...order, ...readings.filter((reading) => !order.includes(reading))];
          if (atOnce) await Promise.all(all.map(deliver));
          else for (const reading of all) await deliver(reading);

          const [time, newest] = readings.reduce((a, b) => (a[0] > b[0] ? a : b));
          const end = await stores.chats.get(one.id);
          expect(end).toMatchObject({ checkedAt: T0 + time, chat: { status: newest === null ? 'gone' : 'active' } });
          if (newest !== null) expect(end).toMatchObject({ participantsCount: newest, readAt: T0 + time });
          const dueNow = (await due()).filter(({ id }) => id === one.id);
          expect(dueNow).toMatchObject(newest === null ? [] : [{ id: one.id, dueAt: at(T0 + time).dueAt }]);
        }),
        { numRuns: 25 },
      );
    });
  });

  describe('reschedule', () => {
    test('changes the time of a due chat and stores what was learnt', async () => {
      await store.apply(chat, count(5), at(T0));
      await stores.events.markDirty(chat.id, T0 + 1, T0 + 2);
      const [found] = await due();
      if (!found) throw new Error('nothing is due');
      await store.reschedule(found, { dueAt: T0 + 5, learnt: LEARNT });
      expect(await due()).toEqual([
        { ...found, dueAt: T0 + 5, planning: { ...found.planning, learnt: LEARNT, eventQuarters: 0 } },
      ]);
      expect(await stored()).toMatchObject({ participantsCount: 5, readAt: T0, planning: { dirtyAt: T0 + 1 } });
    });

    test('ignores a chat that was read, refused or deleted meanwhile', async () => {
      await store.apply(chat, count(5), at(T0));
      const [found] = await due();
      if (!found) throw new Error('nothing is due');
      const late = () => store.reschedule(found, { dueAt: T0 + 5, learnt: LEARNT });
      await store.apply(chat, count(6), at(T0 + 1));
      await late();
      expect(await due()).toMatchObject([{ dueAt: at(T0 + 1).dueAt, planning: { learnt: null } }]);
      await store.apply(chat, GONE, at(T0 + 2));
      await late();
      expect(await due()).toEqual([]);
      await stores.chats.delete(chat.id);
      await late();
      expect(await stored()).toBeUndefined();
    });
  });

  describe('due', () => {
    /** Creates chats 1 to 10. Pairs are due at the same time: T0, T0 + 1 h, … */
    beforeEach(async () => {
      for (let id = 2; id <= 10; id++) await created(stores.chats, { maxChatId: `-${id}` });
      await stores.chats.update(1, { maxChatId: '-1' }, T0);
      for (let id = 1; id <= 10; id++) {
        const askedAt = T0 - 3_600_000 + Math.floor((id - 1) / 2) * 3_600_000;
        await store.apply({ id, maxChatId: `-${id}` }, count(id), at(askedAt));
      }
      await created(stores.chats);
    });
    const hours = (n: number) => T0 + n * 3_600_000;

    test('returns chats in order of due times, including those due right now, and counts them', async () => {
      expect((await store.due(hours(2), 100, undefined)).map(({ dueAt }) => dueAt)).toEqual(
        [0, 0, 1, 1, 2, 2].map(hours),
      );
      expect(await store.due(hours(2) - 1, 100, undefined)).toHaveLength(4);
      expect(await store.due(T0 - 1, 100, undefined)).toEqual([]);
      expect(await store.countDue(hours(2))).toBe(6);
      expect(await store.countDue(T0 - 1)).toBe(0);
    });

    test.each([1, 2, 3, 4, 100])('visits every chat once with pages of %i', async (limit) => {
      const seen: DueChat[] = [];
      for (;;) {
        const page = await store.due(hours(9), limit, seen.at(-1));
        expect(page.length).toBeLessThanOrEqual(limit);
        seen.push(...page);
        if (page.length < limit) break;
      }
      expect(seen.map(({ id }) => id).sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    });

    test('continues after a chat that is no longer in the index', async () => {
      const [first] = await store.due(hours(9), 1, undefined);
      await store.postpone([first?.id ?? 0], hours(8));
      const rest = await store.due(hours(7), 100, first);
      expect(rest).toHaveLength(9);
      expect(rest[0]?.dueAt).toBe(T0);
    });

    test('postpones only chats that are due, and only to later times', async () => {
      await store.apply({ id: 3, maxChatId: '-3' }, GONE, at(hours(9)));
      const before = await stores.chats.get(1);
      await store.postpone([1, 3, 10, 11, 999], hours(3));
      const times = new Map((await due()).map(({ id, dueAt }) => [id, dueAt]));
      expect(times.get(1)).toBe(hours(3));
      expect(times.get(10)).toBe(hours(4));
      expect([3, 11, 999].map((id) => times.get(id))).toEqual([undefined, undefined, undefined]);
      expect(await stores.chats.get(1)).toEqual(before);
      expect(await stores.chats.get(999)).toBeUndefined();
    });
  });
});
