import { beforeEach, describe, expect, test } from 'vitest';
import { beliefOf } from '../../../lib/chats/planning.ts';
import type { ChatAnswer } from '../../../lib/max-api/api.ts';
import type { Permit } from '../../../lib/max-api/permits.ts';
import { NO_FINDINGS, NOTHING_MEASURED } from '../../../lib/planner/findings.ts';
import { SCHEDULING_LIMITS } from '../../../lib/planner/plan.ts';
import { contextOf, firstState } from '../../../lib/planner/price.ts';
import { createRefreshBatch } from '../../../lib/refreshing/refresh-batch.ts';
import type { FetchMembership } from '../../../lib/refreshing/request-max.ts';
import type { RefreshMessage } from '../../../lib/state/queues.ts';
import { NO_COUNTS, statusOf } from '../../../lib/state/run-store.ts';
import type { SeenSubscription } from '../../../lib/state/subscription.ts';
import { type FakeClock, fakeClock } from '../../support/fake-clock.ts';
import { DEATHS, mortals, type Worker } from '../../support/mortal.ts';
import {
  counted,
  failing,
  HOUR,
  type MemoryQueue,
  memoryQueue,
  memoryViewCounter,
  openPermits,
  refreshing,
  type ScriptedMax,
  scriptedMax,
} from '../../support/participants.ts';
import { created, openMemory, type Stores, T0 } from '../../support/stores.ts';

type RefreshBatchDeps = Parameters<typeof createRefreshBatch>[0];

let clock: FakeClock;
let stores: Stores;
let queue: MemoryQueue;
let maxApi: ScriptedMax;
let answer: (chat: number, n: number) => ChatAnswer | Promise<ChatAnswer>;
let permit: (n: number) => Permit;
let viewCounter: ReturnType<typeof memoryViewCounter>;
let membership: () => Awaited<ReturnType<FetchMembership>>;
let subscription: SeenSubscription | undefined;
let underWay: number;
let mostUnderWay: number;

beforeEach(() => anew());

async function anew() {
  clock = fakeClock(T0);
  stores = await openMemory();
  queue = memoryQueue();
  viewCounter = memoryViewCounter();
  answer = (chat) => counted(100 + chat);
  permit = () => ({ granted: true });
  subscription = undefined;
  membership = () => {
    throw new Error('not to be asked');
  };
  [underWay, mostUnderWay] = [0, 0];
  maxApi = scriptedMax(async (id, n) => {
    underWay += 1;
    mostUnderWay = Math.max(mostUnderWay, underWay);
    await clock.sleep(40);
    const given = await answer(-Number(id), n);
    underWay -= 1;
    return given;
  });
}

/** Creates chats 1 to `n`, with the MAX ids -1 to -n; @returns a message for all of them. */
async function chats(n: number): Promise<RefreshMessage> {
  const ids: number[] = [];
  for (let i = 1; i <= n; i += 1) ids.push(await created(stores.chats, { maxChatId: `-${i}` }));
  return { ids, requested_at: T0 };
}

function depsOf(worker?: Worker) {
  const permits = openPermits((n) => permit(n));
  const through: Worker['through'] = worker?.through ?? ((port) => port);
  const parts = { maxApi: through(maxApi, { neverFails: true }), permits };
  const countStore = through(stores.counts);
  const deps: RefreshBatchDeps = {
    chatStore: through(stores.chats),
    countStore,
    runStore: through(stores.runs),
    plannerStore: through(stores.planner),
    subscriptionStore: { read: async () => subscription },
    eventStore: through(stores.events),
    fetchMembership: async () => membership(),
    viewCounter: through(viewCounter, { neverFails: true }),
    refreshChat: refreshing({ counts: countStore, history: through(stores.history) }, clock, parts),
    queue: through(queue),
    clock,
    random: () => 0.5,
    settings: { freshMs: HOUR },
  };
  return { deps, permits };
}

const work = (message: RefreshMessage, deadline = clock.now() + 300_000, { deps } = depsOf()) =>
  clock.until(createRefreshBatch(deps)('bulk', message, deadline));
const dueAt = async () =>
  Object.fromEntries(
    (await stores.counts.due(Number.MAX_SAFE_INTEGER, 1_000, undefined)).map(({ id, dueAt }) => [id, dueAt - T0]),
  );
const countOf = async (id: number) => (await stores.chats.get(id))?.participantsCount;

describe('the planner', () => {
  const state = firstState(100, 10, 21_600);
  const price = {
    ...{
      state,
      context: contextOf(state, 100, SCHEDULING_LIMITS),
      tickedAt: T0,
      plannedUntil: T0,
      firstReads: 0,
      budgetPerHour: 21_600,
    },
    ...{ ...NOTHING_MEASURED, spare: 1_000, allowed: 1_000, carried: 0 },
  };
  const learnt = async (id: number) => (await stores.chats.get(id))?.planning.learnt;

  test('learns from every refresh, and schedules the next one', async () => {
    const message = { ...(await chats(3)), charged_to_planner: true as const };
    await stores.planner.writePrice(price, NO_FINDINGS);
    await work(message);
    const first = await dueAt();
    for (const id of [1, 2, 3]) expect(await learnt(id)).toMatchObject({ views: { countedTo: T0 } });
    expect(await stores.planner.readFindings()).toMatchObject({ demand: 0 });

    await clock.advance(10 * HOUR);
    await viewCounter.count([1, 2], 8);
    answer = (chat) => counted(chat === 1 ? 999 : 100 + chat);
    await work({ ...message, requested_at: clock.now() });
    const [changed, quiet] = [await learnt(1), await learnt(2)];
    const meanOf = (what: typeof changed) => beliefOf(what ?? null, price.context).mean;
    expect(meanOf(changed)).toBeGreaterThan(meanOf(quiet));
    expect(changed?.views.views).toBeGreaterThan(7);
    expect(viewCounter.views.size).toBe(0);
    expect((await dueAt())[1]).toBeGreaterThan(first[1] ?? 0);
    const findings = await stores.planner.readFindings();
    expect(findings.demand).toBeGreaterThan(0);
    expect(findings.views).toBeCloseTo(16);
    // Chat 2 was always correct, chat 1 for some time; chat 3 was not viewed.
    expect(findings.measuredViews).toBeGreaterThan(13);
    const wrong = findings.measuredViews - findings.measuredCorrect;
    expect(wrong).toBeGreaterThan(1);
    expect(wrong).toBeLessThan(7.5);
    expect(findings.measuredHours).toBeCloseTo(30, 1);
    expect(findings.measuredCorrectHours).toBeGreaterThan(20);
    expect(findings.measuredCorrectHours).toBeLessThan(29);
    expect(findings.charged).toBe(3);
  });

  test('learns from the size of a chat, and from the time of its last event', async () => {
    const message = await chats(1);
    await stores.planner.writePrice(price, NO_FINDINGS);
    answer = () => ({ ...counted(40), lastEvent: { at: T0 - HOUR, messages: 17 } });
    await work(message);
    expect(await learnt(1)).toMatchObject({ count: 40, activity: { messages: 17, silenceUsedUntil: null } });
    await clock.advance(HOUR);
    answer = () => ({ ...counted(41), lastEvent: { at: T0 - HOUR, messages: 17 } });
    await work({ ...message, requested_at: clock.now() });
    expect(await stores.planner.readFindings()).toMatchObject({ differences: 1, contradicted: 1 });
    expect((await stores.planner.readFindings()).sizedHours).toBeGreaterThan(0.9);
    const reliable = { ...price, context: { ...price.context, lastEventReliable: true } };
    await stores.planner.writePrice(reliable, NO_FINDINGS);
    await clock.advance(HOUR);
    await work({ ...message, requested_at: clock.now() });
    expect((await learnt(1))?.activity.silenceUsedUntil).toBeGreaterThanOrEqual(T0 + 2 * HOUR);
  });

  test('begins with the rate of chats of the same size, and keeps that apart from the evidence', async () => {
    const message = await chats(1);
    const bySize = { slope: 0.5, meanLogSize: Math.log(41) };
    const context = { ...price.context, population: { ...price.context.population, bySize } };
    await stores.planner.writePrice({ ...price, context }, NO_FINDINGS);
    answer = () => counted(409);
    await work(message);
    expect(await learnt(1)).toMatchObject({ count: 409, evidence: { precision: 0, weighted: 0 } });
    const { mean } = context.population;
    expect(beliefOf((await learnt(1)) ?? null, context).mean).toBeCloseTo(mean + 0.5 * Math.log(10), 9);
  });

  test('does not charge its budget for other refreshes, but learns from them', async () => {
    const message = await chats(2);
    await stores.planner.writePrice(price, NO_FINDINGS);
    await work(message);
    await clock.advance(10 * HOUR);
    await work({ ...message, requested_at: clock.now() });
    expect(await stores.planner.readFindings()).toMatchObject({ demand: 0 });
    expect((await stores.planner.readFindings()).hours).toBeCloseTo(20, 1);
    expect(beliefOf((await learnt(1)) ?? null, price.context).mean).not.toBe(price.context.population.mean);
  });

  test('enqueues chats at once that are due again before the next sync', async () => {
    const message = { ...(await chats(3)), charged_to_planner: true as const };
    const cheap = { ...price.context, kappa: 1e-9 };
    await stores.planner.writePrice({ ...price, context: cheap, plannedUntil: T0 + HOUR }, NO_FINDINGS);
    await work(message);
    // A second read of a chat that is viewed every minute; the next one is half a slot before it is due.
    expect(
      queue.messages.map(({ queue, message, delayMs }) => [queue, message.ids, message.charged_to_planner, delayMs]),
    ).toEqual([['bulk', [1, 2, 3], true, 30_000]]);
    queue.messages.length = 0;
    await stores.planner.writePrice({ ...price, context: cheap, plannedUntil: T0 + 50_000 }, NO_FINDINGS);
    await clock.advance(1_000);
    await work({ ...message, requested_at: clock.now() });
    expect(queue.messages).toEqual([]);
  });

  test('but only within the spare budget', async () => {
    const message = { ...(await chats(3)), charged_to_planner: true as const };
    const cheap = { ...price.context, kappa: 1e-9 };
    await stores.planner.writePrice({ ...price, context: cheap, plannedUntil: T0 + HOUR, spare: 5 }, NO_FINDINGS);
    const again = () => queue.messages.splice(0).flatMap(({ message }) => message.ids);
    const numbers: number[] = [];
    for (let i = 0; i < 3; i += 1) {
      await work({ ...message, requested_at: clock.now() });
      numbers.push(again().length);
      await clock.advance(60_000);
    }
    expect(numbers).toEqual([3, 2, 0]);
    expect((await stores.planner.readFindings()).again).toBe(9);
    // Chats that are not enqueued now are due at the next sync.
    expect(Math.max(...Object.values(await dueAt()))).toBeLessThan(HOUR);
  });

  test("checks once, before polling, whether a chat's events can be trusted, if events arrive", async () => {
    const message = { ...(await chats(3)), charged_to_planner: true as const };
    subscription = { url: 'https://chats.example', seenAt: T0, since: T0 - 1 };
    // While many chats are new, their counts come first.
    await stores.planner.writePrice({ ...price, firstReads: 9_999 }, NO_FINDINGS);
    await work(message);
    let asked = 0;
    membership = () => {
      asked += 1;
      const askedAt = clock.now();
      return asked < 3
        ? { kind: 'answered', answer: { kind: 'membership', receivesMembershipEvents: asked === 1 }, askedAt }
        : { kind: 'failed', error: 'timeout', exhausted: true, retryAfterMs: undefined };
    };
    await clock.advance(HOUR);
    subscription = { ...subscription, seenAt: clock.now() };
    await work({ ...message, requested_at: clock.now() });
    const planning = async (id: number) => (await stores.chats.get(id))?.planning;
    expect([await planning(1), await planning(2), await planning(3)]).toMatchObject([
      { eventsTrustedSince: T0 + HOUR + 40, eventTrustChecked: true },
      { eventsTrustedSince: null, eventTrustChecked: true },
      { eventsTrustedSince: null, eventTrustChecked: false },
    ]);
    // With trusted events, it waits for the daily audit; the others are polled.
    const next = await dueAt();
    expect(next[1]).toBeGreaterThan(HOUR + 12 * HOUR);
    expect(next[2]).toBeLessThan(next[1] ?? 0);
    await clock.advance(HOUR);
    // Not while it is not known whether events arrive.
    await work({ ...message, requested_at: clock.now() });
    expect(asked).toBe(3);
    subscription = { ...subscription, seenAt: clock.now() };
    await clock.advance(60_000);
    await work({ ...message, requested_at: clock.now() });
    expect(asked).toBe(4);
    // For a new chat, if few are new, together with its first count.
    await stores.planner.writePrice(price, NO_FINDINGS);
    const id = await created(stores.chats, { maxChatId: '-9' });
    await work({ ...message, ids: [id], requested_at: clock.now() });
    expect(asked).toBe(5);
  });

  test('counts nothing twice: neither superseded chats nor views', async () => {
    const message = { ...(await chats(1)), charged_to_planner: true as const };
    await stores.planner.writePrice(price, NO_FINDINGS);
    await work(message);
    await clock.advance(HOUR);
    await viewCounter.count([1], 4);
    answer = async () => {
      await viewCounter.count([1], 4);
      await stores.counts.apply(
        { id: 1, maxChatId: '-1' },
        { kind: 'count', count: 1 },
        {
          ...{ askedAt: clock.now() + 1, dueAt: clock.now() },
        },
      );
      return counted(5);
    };
    await work({ ...message, requested_at: clock.now() });
    expect(await stores.planner.readFindings()).toMatchObject({ demand: 0, views: 0 });
    expect(viewCounter.views.get(1)).toBe(8);
    answer = async () => {
      await viewCounter.count([1], 4);
      return counted(6);
    };
    await clock.advance(HOUR);
    await work({ ...message, requested_at: clock.now() });
    expect((await stores.planner.readFindings()).views).toBeCloseTo(8);
    expect(viewCounter.views.get(1)).toBe(4);
  });
});

describe('a message', () => {
  test('refreshes its chats', async () => {
    const message = await chats(100);
    expect(await work(message)).toEqual({
      ...{ done: 100, changed: 100, failed: 0, unavailable: 0, superseded: 0, remaining: 0, outage: false },
    });
    expect(await countOf(77)).toBe(177);
    expect(maxApi.calls).toHaveLength(100);
    expect(queue.messages).toEqual([]);
    expect(mostUnderWay).toBe(32);
  });

  test('counts the chats that changed', async () => {
    const message = await chats(4);
    await work(message);
    answer = (chat) => counted(chat === 2 ? 7 : 100 + chat);
    expect(await work({ ...message, requested_at: clock.now() })).toMatchObject({ done: 4, changed: 1 });
  });

  test('sends no request for chats that were deleted, have no MAX id, were refused, or were read since', async () => {
    const message = await chats(5);
    await stores.chats.delete(1);
    await stores.chats.update(2, { maxChatId: null }, T0);
    const refused = { kind: 'unavailable', status: 'gone' } as const;
    await stores.counts.apply({ id: 3, maxChatId: '-3' }, refused, { askedAt: T0 - 1, dueAt: 0 });
    await stores.counts.apply({ id: 4, maxChatId: '-4' }, { kind: 'count', count: 1 }, { askedAt: T0, dueAt: T0 });
    await stores.counts.apply({ id: 5, maxChatId: '-5' }, { kind: 'count', count: 1 }, { askedAt: T0 - 1, dueAt: T0 });
    const report = await work(message);
    expect(report).toMatchObject({ done: 5, changed: 1, unavailable: 3, superseded: 1, remaining: 0 });
    expect(maxApi.calls).toEqual(['-5']);
    expect([await countOf(4), await countOf(5)]).toEqual([1, 105]);
  });

  test('counts a chat as superseded if a newer count was stored during its request', async () => {
    const message = await chats(2);
    answer = async (chat) => {
      const newer = { askedAt: clock.now() + 5, dueAt: T0 };
      if (chat === 2) await stores.counts.apply({ id: 2, maxChatId: '-2' }, { kind: 'count', count: 7 }, newer);
      return counted(100 + chat);
    };
    expect(await work(message)).toMatchObject({ done: 2, changed: 1, superseded: 1, remaining: 0 });
    expect(await countOf(2)).toBe(7);
  });

  test('stores the status of chats that MAX refuses, and does not count them as failed', async () => {
    const message = await chats(6);
    answer = (chat) => (chat % 2 ? { kind: 'denied' } : { kind: 'inactive', status: 'left' });
    expect(await work(message)).toMatchObject({ done: 6, unavailable: 6, failed: 0, outage: false });
    expect((await stores.chats.get(1))?.chat.status).toBe('denied');
    expect((await stores.chats.get(2))?.chat.status).toBe('left');
    expect(await dueAt()).toEqual({});
  });
});

describe("chats that can't be done in time", () => {
  test('return as a new message when permits are available again', async () => {
    const message = { ...(await chats(10)), run: { id: 'r', part: '500.3' } };
    await stores.runs.start({ ...NO_COUNTS, id: 'r', startedAt: T0, progressedAt: T0, ...planned(10) }, T0);
    permit = (n) => (n < 6 ? { granted: true } : { granted: false, reason: 'busy', retryAfterMs: n * 1_000 });
    expect(await work(message)).toMatchObject({ done: 6, failed: 0, remaining: 4, outage: false });
    expect(queue.messages).toEqual([
      {
        queue: 'bulk',
        message: { ids: [7, 8, 9, 10], requested_at: T0, run: { id: 'r', part: '500.3+1' } },
        delayMs: 9_000,
      },
    ]);
    permit = () => ({ granted: true });
    await work((queue.messages.splice(0)[0] ?? { message }).message);
    expect(await stores.runs.get('r')).toMatchObject({ done: 10, changed: 10, failed: 0 });
  });

  test('return when the time is over', async () => {
    const message = await chats(100);
    // Thirty-two at a time, 40 ms each: two rounds.
    expect(await work(message, T0 + 80)).toMatchObject({ done: 64, remaining: 36, failed: 0 });
    expect(queue.messages[0]?.message.ids).toEqual(message.ids.slice(64));
    expect(queue.messages[0]?.delayMs).toBe(0);
  });

  test('all return if there is no time at all', async () => {
    const message = await chats(3);
    expect(await work(message, T0)).toMatchObject({ done: 0, remaining: 3 });
    expect(queue.messages).toMatchObject([{ message, delayMs: 0 }]);
    expect(maxApi.calls).toEqual([]);
  });

  test('do not count as failed if there was no time for retries', async () => {
    const message = await chats(1);
    answer = () => failing('timeout');
    expect(await work(message, T0 + 100)).toMatchObject({ done: 0, failed: 0, remaining: 1 });
    expect(await dueAt()).toEqual({ 1: 0 });
  });
});

const planned = (n: number) => ({ expected: n, planned: n, cursor: null });

describe('chats that fail by themselves', () => {
  test('are counted and postponed, and stop no other chat', async () => {
    const message = await chats(40);
    answer = (chat) => (chat % 10 ? counted(1) : failing('server', { retryable: false }));
    expect(await work(message)).toMatchObject({ done: 40, changed: 36, failed: 4, remaining: 0, outage: false });
    expect(queue.messages).toEqual([]);
    const due = await dueAt();
    for (const id of [10, 20, 30, 40]) {
      expect(due[id]).toBe(clock.now() - T0 + HOUR);
      expect(await countOf(id)).toBeNull();
    }
  });

  test('are retried first', async () => {
    const message = await chats(3);
    answer = (chat, n) => (n < 3 && chat === 2 ? failing('network') : counted(5));
    expect(await work(message)).toMatchObject({ done: 3, failed: 0, outage: false });
    expect(maxApi.callsTo('-2')).toBe(4);
  });

  test('do not count as an outage if there are four in a row', async () => {
    const message = await chats(12);
    answer = (chat) => (chat > 8 ? failing('server', { retryable: false }) : counted(1));
    expect(await work(message)).toMatchObject({ done: 12, failed: 4, outage: false });
  });
});

describe('an outage', () => {
  test('is five consecutive failures: all chats return with a delay, and none is postponed', async () => {
    const message = await chats(100);
    answer = (chat) => (chat <= 32 ? counted(1) : failing('server', { retryable: false }));
    const report = await work(message);
    expect(report).toEqual({
      ...{ done: 32, changed: 32, failed: 0, unavailable: 0, superseded: 0, remaining: 68, outage: true },
    });
    // No further request starts. The 32 in progress end; each of the first four failures was followed by another request.
    expect(maxApi.calls.length).toBeLessThanOrEqual(32 + 32 + 4);
    expect(queue.messages).toHaveLength(1);
    expect(queue.messages[0]?.message.ids.toSorted((a, b) => a - b)).toEqual(message.ids.slice(32));
    expect(queue.messages[0]?.delayMs).toBe(45_000);
    const due = await dueAt();
    expect(message.ids.slice(32).map((id) => due[id])).toEqual(Array(68).fill(0));
  });

  test.each([
    [0, 30_000],
    [1 - 2 ** -53, 60_000],
  ])('causes a delay from half a minute to a minute (%d)', async (random, delayMs) => {
    const parts = depsOf();
    answer = () => failing('timeout');
    await work(await chats(6), undefined, { ...parts, deps: { ...parts.deps, random: () => random } });
    expect(queue.messages[0]?.delayMs).toBeCloseTo(delayMs, 3);
  });

  test('is detected during retries, before all are made', async () => {
    answer = () => failing('network');
    expect(await work(await chats(2))).toMatchObject({ done: 0, remaining: 2, outage: true });
    expect(maxApi.calls.length).toBeLessThanOrEqual(6);
  });

  test('is detected at once if MAX refuses the token', async () => {
    const message = await chats(50);
    answer = () => failing('auth');
    expect(await work(message)).toMatchObject({ done: 0, failed: 0, remaining: 50, outage: true });
    expect(maxApi.calls).toHaveLength(32);
    expect(queue.messages[0]?.message.ids).toHaveLength(50);
    expect(await dueAt()).toEqual(Object.fromEntries(message.ids.map((id) => [id, 0])));
  });

  test('of the token is detected even among successful responses', async () => {
    const message = await chats(40);
    answer = (chat) => (chat === 3 ? failing('auth') : counted(1));
    const { done, failed, remaining, outage } = await work(message);
    expect({ failed, outage, all: done + remaining }).toEqual({ failed: 0, outage: true, all: 40 });
    expect(queue.messages[0]?.message.ids).toContain(3);
  });

  test('that ended meanwhile is none', async () => {
    const message = await chats(33);
    answer = async (chat) => {
      if (chat > 5) await clock.sleep(100);
      return chat <= 5 ? failing('server', { retryable: false }) : counted(1);
    };
    const { failed, remaining, outage, done } = await work(message);
    expect({ outage, all: done + remaining }).toEqual({ outage: false, all: 33 });
    expect(failed).toBe(5);
  });
});

describe('a store or a queue that can’t be reached', () => {
  const broken = () => Promise.reject(new Error('throttled'));

  test.each<[string, (deps: RefreshBatchDeps) => Partial<RefreshBatchDeps>]>([
    ['reading', ({ chatStore }) => ({ chatStore: { ...chatStore, getMany: broken } })],
    ['refreshing', () => ({ refreshChat: broken })],
    ['postponing', ({ countStore }) => ({ countStore: { ...countStore, postpone: broken } })],
    ['booking', ({ runStore }) => ({ runStore: { ...runStore, book: broken } })],
    ['putting back', ({ queue }) => ({ queue: { ...queue, send: broken } })],
  ])('when %s: the message is delivered again', async (_, breaking) => {
    const message = { ...(await chats(3)), run: { id: 'r', part: '0.0' } };
    await stores.runs.start({ ...NO_COUNTS, id: 'r', startedAt: T0, progressedAt: T0, ...planned(3) }, T0);
    answer = (chat) => (chat === 2 ? failing('server', { retryable: false }) : counted(1));
    permit = (n) => (n < 2 ? { granted: true } : { granted: false, reason: 'busy', retryAfterMs: 1 });
    const { deps, permits } = depsOf();
    await expect(work(message, undefined, { deps: { ...deps, ...breaking(deps) }, permits })).rejects.toThrow(
      'throttled',
    );
  });
});

describe('for any death of a worker', () => {
  /**
   * 1, 2, 3 are read; 4 is denied, 5 fails, 6 has no MAX id, 7 was deleted; 8 is not answered in time at first, and so goes
   * back; 9 was there with the count MAX gives.
   */
  async function world(run: boolean) {
    await anew();
    const { ids } = await chats(9);
    await stores.chats.update(6, { maxChatId: null }, T0);
    await stores.chats.delete(7);
    await stores.counts.apply(
      { id: 9, maxChatId: '-9' },
      { kind: 'count', count: 109 },
      { askedAt: T0 - 1, dueAt: T0 },
    );
    await stores.runs.start({ ...NO_COUNTS, id: 'r', startedAt: T0, progressedAt: T0, ...planned(9) }, T0);
    answer = async (chat, n) => {
      if (chat === 4) return { kind: 'denied' };
      if (chat === 5) return failing('server', { retryable: false });
      if (chat !== 8 || n > 0) return counted(100 + chat);
      await clock.sleep(60_000);
      return failing('timeout');
    };
    return { ids, requested_at: T0, ...(run ? { run: { id: 'r', part: '0.0' } } : {}) };
  }

  /** Handles messages, and delivers unfinished ones again, until there are none. */
  async function deliver(message: RefreshMessage, worker: () => Worker) {
    const waiting = [message];
    let deliveries = 0;
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      if (++deliveries > 10) throw new Error('delivered again and again');
      const mine = worker();
      const { deps } = depsOf(mine);
      const working = createRefreshBatch(deps)('bulk', next, clock.now() + 50_000).then(() => 'done' as const);
      const ending = await clock.until(Promise.race([working.catch(() => 'failed' as const), mine.dead]));
      if (ending !== 'done') waiting.push(next);
      waiting.push(...queue.messages.splice(0).map((sent) => sent.message));
    }
  }

  describe.each(DEATHS)('(%s)', (death) => {
    test.each([true, false])(
      'nothing is lost, nothing is counted twice, and hardly any request is repeated (run: %j)',
      async (run) => {
        let deaths = 0;
        for (let at = 0; ; at += 1) {
          const message = await world(run);
          const fate = mortals(death, at);
          await deliver(message, fate.worker);
          if (!fate.met) break;
          deaths += 1;
          const where = `at call ${at}`;
          for (const id of [1, 2, 3, 8, 9]) expect(await countOf(id), where).toBe(100 + id);
          expect((await stores.chats.get(4))?.chat.status, where).toBe('denied');
          expect((await dueAt())[5], where).toBeGreaterThan(HOUR);
          for (const id of [1, 2, 3, 4, 5, 9]) expect(maxApi.callsTo(`-${id}`), where).toBeLessThanOrEqual(2);
          // Once in vain, by design.
          expect(maxApi.callsTo('-8'), where).toBeLessThanOrEqual(3);
          if (!run) continue;
          const booked = await stores.runs.get('r');
          expect(booked, where).toMatchObject({ done: 9, failed: 1, unavailable: 3 });
          expect(booked && statusOf(booked, clock.now()), where).toBe('finished');
          // If a worker died between storing a change and recording the part, only the count shows the change.
          expect(booked?.changed, where).toBeLessThanOrEqual(4);
        }
        // Each call of the worker was its last in one run: reads, MAX and the store for each chat, recording, returning.
        expect(deaths).toBeGreaterThanOrEqual(death === 'the call fails' ? 8 : 16);
      },
    );
  });

  test('without a death, every change is counted', async () => {
    await deliver(await world(true), mortals('the call fails', Number.POSITIVE_INFINITY).worker);
    expect(await stores.runs.get('r')).toMatchObject({ done: 9, changed: 4, failed: 1, unavailable: 3 });
    expect(maxApi.calls).toHaveLength(8);
  });
});
