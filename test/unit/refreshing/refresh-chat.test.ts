import { beforeEach, describe, expect, test } from 'vitest';
import type { ScheduleNext } from '../../../lib/chats/planning.ts';
import { type ChatAnswer, INACTIVE_STATUSES } from '../../../lib/max-api/api.ts';
import { NO_FINDINGS } from '../../../lib/planner/findings.ts';
import type { CountStore } from '../../../lib/state/count-store.ts';
import { type FakeClock, fakeClock } from '../../support/fake-clock.ts';
import {
  counted,
  failing,
  HOUR,
  listening,
  type MemoryCounts,
  memoryCounts,
  refreshing,
  scriptedMax,
} from '../../support/participants.ts';
import { created, openMemory, type Stores, T0 } from '../../support/stores.ts';

let clock: FakeClock;
let stores: Stores;
let cache: MemoryCounts;
let chat: { id: number; maxChatId: string };

beforeEach(async () => {
  clock = fakeClock(T0);
  stores = await openMemory();
  cache = memoryCounts(clock);
  chat = { id: await created(stores.chats, { maxChatId: '-70' }), maxChatId: '-70' };
});

interface Options {
  readonly tookMs?: number;
  /** Happens before MAX responds. */
  readonly meanwhile?: () => Promise<void>;
  readonly counts?: CountStore;
  readonly scheduleNext?: ScheduleNext;
}

function refresh(answer: ChatAnswer, options: Options = {}) {
  const { tookMs = 10, meanwhile = async () => {}, counts = stores.counts, scheduleNext } = options;
  const { told, events } = listening();
  const maxApi = scriptedMax(async () => {
    await clock.sleep(tookMs);
    await meanwhile();
    return answer;
  });
  const refreshChat = refreshing({ counts, history: stores.history }, clock, { maxApi, cache, telemetry: events });
  const outcome = clock.until(refreshChat(chat, { lane: 'background', deadline: clock.now() + 60_000 }, scheduleNext));
  return outcome.then((outcome) => ({ outcome, told }));
}

const cached = async () => (await cache.getMany([chat.id]))?.get(chat.id);
const due = () => stores.counts.due(Number.MAX_SAFE_INTEGER, 10, undefined);
const at = (ms: number) => new Date(ms).toISOString();

test('a count is stored and cached, with the time of the request to MAX', async () => {
  const { outcome, told } = await refresh(counted(101));
  expect(outcome).toEqual({ kind: 'updated', count: 101, readAt: T0, changed: true });
  expect(await stores.chats.get(chat.id)).toMatchObject({ participantsCount: 101, readAt: T0, checkedAt: T0 });
  expect(await cached()).toEqual({ count: 101, updatedAt: at(T0), source: 'api', maxChatId: chat.maxChatId });
  expect(await due()).toMatchObject([{ id: chat.id, dueAt: T0 + HOUR }]);
  expect(told.updated).toEqual([{ durationMs: 10, changed: true }]);
});

test('a count is cached as correct until the next event, if events are trusted', async () => {
  await stores.events.recordEventTrust(chat.id, true, 1, T0 - 1);
  await refresh(counted(101));
  expect((await cached())?.eventsTrusted).toBe(true);
  const changes = async () => void (await stores.events.markDirty(chat.id, clock.now(), clock.now() + 1));
  await refresh(counted(102), { meanwhile: changes });
  expect(await cached()).toMatchObject({ count: 102 });
  expect((await cached())?.eventsTrusted).toBeUndefined();
});

test('a changed count is added to the history, an unchanged one is not', async () => {
  const days = () => stores.history.days(chat.id, '2000-01-01', '2100-01-01');
  for (const count of [101, 101, 103]) await refresh(counted(count), { tookMs: HOUR });
  const date = at(T0).slice(0, 10);
  const expected = { date, first: 101, firstAt: T0, min: 101, max: 103, last: 103, lastAt: T0 + 2 * HOUR };
  expect(await days()).toEqual([expected]);
  // Neither is a superseded response, nor one without a count.
  const newer = () => stores.counts.apply(chat, { kind: 'count', count: 103 }, { askedAt: T0 + 8 * HOUR, dueAt: T0 });
  await refresh(counted(5), { meanwhile: async () => void (await newer()) });
  await clock.advance(9 * HOUR);
  await refresh({ kind: 'not_found' } as ChatAnswer);
  expect(await days()).toEqual([expected]);
});

test('an equal count changes only the age', async () => {
  await refresh(counted(101));
  const { outcome, told } = await refresh(counted(101));
  expect(outcome).toEqual({ kind: 'updated', count: 101, readAt: T0 + 10, changed: false });
  expect((await cached())?.updatedAt).toBe(at(T0 + 10));
  expect(told.updated).toMatchObject([{ changed: false }]);
});

test('only a count schedules the next refresh', async () => {
  const scheduled: number[] = [];
  const scheduleNext: ScheduleNext = ({ count }) => {
    scheduled.push(count);
    return { dueAt: T0 + 5, findings: NO_FINDINGS };
  };
  expect((await refresh(counted(101), { scheduleNext })).outcome).toMatchObject({ scheduled: { dueAt: T0 + 5 } });
  await refresh({ kind: 'denied' }, { scheduleNext });
  expect(scheduled).toEqual([101]);
});

test.each<[ChatAnswer, string]>([
  [{ kind: 'denied' }, 'denied'],
  [{ kind: 'not_found' }, 'gone'],
  ...INACTIVE_STATUSES.map((status): [ChatAnswer, string] => [{ kind: 'inactive', status }, status]),
])('%j becomes the status of the chat, and the count remains', async (answer, status) => {
  await refresh(counted(101));
  const { outcome, told } = await refresh(answer);
  expect(outcome).toEqual({ kind: 'unavailable', status });
  expect(await stores.chats.get(chat.id)).toMatchObject({ chat: { status }, participantsCount: 101, readAt: T0 });
  expect(await due()).toEqual([]);
  expect((await cached())?.count).toBe(101);
  expect(told.updated).toEqual([]);
});

test('a count reactivates a chat that MAX had refused', async () => {
  await refresh({ kind: 'inactive', status: 'closed' });
  await refresh(counted(5));
  expect(await stores.chats.get(chat.id)).toMatchObject({ chat: { status: 'active' }, participantsCount: 5 });
  expect(await due()).toHaveLength(1);
});

describe('nothing changes', () => {
  const snapshot = async () => [await stores.chats.get(chat.id), await cached(), await due()];

  test('if a response is late and a newer one is stored', async () => {
    let newer: unknown;
    const { outcome, told } = await refresh(counted(101), {
      tookMs: 4_000,
      meanwhile: async () => {
        await stores.counts.apply(chat, { kind: 'count', count: 7 }, { askedAt: T0 + 1_000, dueAt: T0 + HOUR });
        await cache.putMany(new Map([[chat.id, { count: 7, updatedAt: at(T0 + 1_000), source: 'api' }]]));
        newer = await snapshot();
      },
    });
    expect(outcome).toEqual({ kind: 'superseded' });
    expect(await snapshot()).toEqual(newer);
    expect(told.updated).toEqual([]);
  });

  test('if a late refusal follows a newer count', async () => {
    const { outcome } = await refresh(
      { kind: 'not_found' },
      {
        meanwhile: async () => {
          await stores.counts.apply(chat, { kind: 'count', count: 7 }, { askedAt: T0 + 1, dueAt: T0 + HOUR });
        },
      },
    );
    expect(outcome).toEqual({ kind: 'superseded' });
    expect(await stores.chats.get(chat.id)).toMatchObject({ chat: { status: 'active' }, participantsCount: 7 });
  });

  test.each<[string, () => Promise<unknown>]>([
    ['was deleted', () => stores.chats.delete(chat.id)],
    ['got another MAX id', () => stores.chats.update(chat.id, { maxChatId: '-71' }, T0 + 1)],
  ])('if the chat %s meanwhile', async (_, meanwhile) => {
    let after: unknown;
    const { outcome } = await refresh(counted(101), {
      meanwhile: async () => {
        await meanwhile();
        after = await snapshot();
      },
    });
    expect(outcome).toEqual({ kind: 'superseded' });
    expect(await snapshot()).toEqual(after);
  });

  test.each([failing('auth'), failing('server', { retryable: false })])('if MAX returns %j', async (answer) => {
    const before = await snapshot();
    expect((await refresh(answer)).outcome).toMatchObject({ kind: 'failed', exhausted: true });
    expect(await snapshot()).toEqual(before);
  });

  test('in the cache, if the store fails', async () => {
    const counts: CountStore = { ...stores.counts, apply: () => Promise.reject(new Error('throttled')) };
    await expect(refresh(counted(101), { counts })).rejects.toThrow('throttled');
    expect(cache.calls).not.toContain('putMany');
  });
});

test('the store is written before the cache', async () => {
  let knewFirst: boolean | undefined;
  const { putMany } = cache;
  cache.putMany = async (counts) => {
    knewFirst = (await stores.chats.get(chat.id))?.participantsCount === 101;
    await putMany(counts);
  };
  await refresh(counted(101));
  expect(knewFirst).toBe(true);
});

test('an unavailable cache does not change the outcome', async () => {
  cache.down = true;
  expect((await refresh(counted(101))).outcome).toMatchObject({ kind: 'updated', count: 101 });
  expect((await stores.chats.get(chat.id))?.participantsCount).toBe(101);
});
