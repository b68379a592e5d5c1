import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createApplyUpdates } from '../../../lib/events/apply-updates.ts';
import type { ChatUpdate } from '../../../lib/max-api/updates.ts';
import { createRefreshBatch } from '../../../lib/refreshing/refresh-batch.ts';
import { createApplyAnswer } from '../../../lib/refreshing/refresh-chat.ts';
import { createRefreshOne } from '../../../lib/refreshing/refresh-one.ts';
import { createFetchCount } from '../../../lib/refreshing/request-max.ts';
import { randomStream } from '../../../localstack/max/random.ts';
import {
  counted,
  HOUR,
  listening,
  memoryCounts,
  memoryQueue,
  memoryViewCounter,
  openPermits,
  refreshing,
  scriptedMax,
} from '../../support/participants.ts';
import { created, openMemory, T0 } from '../../support/stores.ts';

/**
 * The final table: for each chat that the service knows, its status and, if it is active, its count. The count of a chat that MAX no
 * longer shows is the last one that was stored, so it depends on the order of deliveries and is not compared.
 */
type Table = Readonly<
  Record<string, { readonly status: string | undefined; readonly count?: number | null | undefined }>
>;

/** Largest difference between the clock of an environment and the true time, ms. */
const SKEW_MS = 5 * 60_000;
const MAX_COPIES = 10;
const WINDOW_MS = 30_000;
const CHATS = ['-1', '-2', '-3'];
/** The chat that the service does not know before an event about it. */
const UNKNOWN = '-3';

const skews = fc.array(fc.integer({ min: -SKEW_MS, max: SKEW_MS }), { minLength: 2, maxLength: 4 });

/** Returns the chats of the service in memory, with the table of some of them. */
async function openStores() {
  const stores = await openMemory();
  const tableOf = async (maxChatIds: readonly string[]): Promise<Table> => {
    const rows = maxChatIds.map(async (maxChatId) => {
      const id = await stores.chats.findByMaxChatId(maxChatId);
      const stored = id === undefined ? undefined : await stores.chats.get(id);
      const status = stored?.chat.status;
      return [maxChatId, status === 'active' ? { status, count: stored?.participantsCount } : { status }] as const;
    });
    return Object.fromEntries(await Promise.all(rows));
  };
  return { stores, tableOf };
}

describe('the final table is the same for any order of', () => {
  test('answers that were read by clocks that differ: the newest answer of each chat wins', async () => {
    const reading = fc.record({
      chat: fc.constantFrom(...CHATS),
      askedAt: fc.integer({ min: T0 - SKEW_MS, max: T0 + SKEW_MS }),
      answer: fc.oneof(
        fc.record({ kind: fc.constant('count' as const), count: fc.nat(9) }),
        fc.constantFrom({ kind: 'denied' } as const, { kind: 'inactive', status: 'closed' } as const),
      ),
    });
    const readings = fc.uniqueArray(reading, {
      ...{ minLength: 1, maxLength: 12, selector: ({ chat, askedAt }) => `${chat} ${askedAt}` },
    });
    await fc.assert(
      fc.asyncProperty(readings, fc.nat(), async (readings, seed) => {
        const { stores, tableOf } = await openStores();
        const cache = memoryCounts({ now: () => T0 });
        const applyAnswer = createApplyAnswer({
          ...{ countStore: stores.counts, history: stores.history, cache, settings: { freshMs: HOUR } },
        });
        const right: Record<string, Table[string]> = {};
        for (const chat of new Set(readings.map(({ chat }) => chat))) {
          await created(stores.chats, { maxChatId: chat });
          const own = readings.filter((one) => one.chat === chat);
          const { answer } = own.reduce((a, b) => (a.askedAt > b.askedAt ? a : b));
          if (answer.kind === 'count') right[chat] = { status: 'active', count: answer.count };
          else right[chat] = { status: answer.kind === 'denied' ? 'denied' : answer.status };
        }
        const deliveries = shuffled(Array<typeof readings>(MAX_COPIES).fill(readings).flat(), randomStream(seed));
        for (const { chat, answer, askedAt } of deliveries) {
          const id = (await stores.chats.findByMaxChatId(chat)) ?? 0;
          await applyAnswer({ id, maxChatId: chat }, answer, askedAt);
        }
        expect(await tableOf(Object.keys(right))).toEqual(right);
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    ['right clocks: it is what MAX has', fc.constant([0, 0])],
    ['clocks that differ: it is what MAX has after one more refresh, ten minutes later', skews],
  ])(
    'one to ten copies of each event and each refresh, with %s',
    async (_, skews) => {
      const step = fc.record({
        chat: fc.constantFrom(...CHATS),
        kind: fc.constantFrom('join', 'join', 'leave', 'bot', 'refresh', 'deliver', 'deliver', 'deliver'),
        pauseMs: fc.integer({ min: 1, max: 20_000 }),
      });
      await fc.assert(
        fc.asyncProperty(
          fc.array(step, { minLength: 1, maxLength: 20 }),
          skews,
          fc.nat(),
          async (steps, skews, seed) => {
            const world = await openWorld(skews, randomStream(seed));
            for (const { chat, kind, pauseMs } of steps) {
              world.pass(pauseMs);
              if (kind === 'deliver') await world.deliverNext();
              else if (kind === 'refresh') await world.refresh(chat);
              else if (kind === 'bot') world.moveBot(chat);
              else world.changeCount(chat, kind === 'join' ? 1 : -1);
            }
            await world.deliverAll();
            if (skews.some((ms) => ms !== 0)) {
              world.pass(2 * SKEW_MS + 1);
              for (const chat of CHATS) await world.refresh(chat);
            }
            expect(await world.table()).toEqual(world.right());
          },
        ),
        { numRuns: 2_000 },
      );
    },
    60_000,
  );
});

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const keyed = items.map((item) => ({ item, key: random() }));
  return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item);
}

/**
 * Opens three chats in MAX, two of which the service knows, and one environment for each clock. Events and refresh messages wait
 * until they are delivered, each from once to `MAX_COPIES` times, to any environment.
 */
async function openWorld(skews: readonly number[], random: () => number) {
  let now = T0;
  const { stores, tableOf } = await openStores();
  const queue = memoryQueue();
  const cache = memoryCounts({ now: () => now });
  const inMax = new Map(CHATS.map((id, i) => [id, { count: 10 * (i + 1), hasBot: true, wasRead: false }]));
  for (const maxChatId of CHATS) if (maxChatId !== UNKNOWN) await created(stores.chats, { maxChatId });
  /** Messages with the number of copies that were not delivered. */
  let waiting: { readonly handle: (by: Environment) => Promise<unknown>; readonly from: number; copies: number }[] = [];

  function environment(skewMs: number) {
    const clock = { now: () => now + skewMs, sleep: async () => {} };
    const maxApi = scriptedMax((id) => {
      const chat = inMax.get(id);
      return chat?.hasBot ? counted(chat.count) : { kind: 'denied' };
    });
    const requestDeps = {
      ...{ permits: openPermits(), clock, telemetry: listening().events, random },
      settings: { timeoutMs: 5_000, maxRetries: 3 },
    };
    const fetchCount = createFetchCount({ maxApi, ...requestDeps });
    const refreshChat = refreshing(stores, clock, { maxApi, cache });
    const settings = { windowMs: WINDOW_MS, freshMs: HOUR };
    const deps = {
      ...{ chatStore: stores.chats, countStore: stores.counts, eventStore: stores.events, runStore: stores.runs },
      ...{ plannerStore: stores.planner, subscriptionStore: { read: async () => undefined } },
      ...{ viewCounter: memoryViewCounter(), queue, cache, leases: cache, clock, random, settings },
      ...{ fetchCount, refreshChat, newId: () => `${skewMs}` },
      applyAnswer: createApplyAnswer({ countStore: stores.counts, history: stores.history, cache, settings }),
      fetchMembership: async () => ({
        kind: 'answered' as const,
        answer: { kind: 'membership' as const, receivesMembershipEvents: true },
        askedAt: clock.now(),
      }),
    };
    return {
      clock,
      applyUpdates: createApplyUpdates(deps),
      refreshBatch: createRefreshBatch(deps),
      refreshOne: createRefreshOne(deps),
    };
  }
  type Environment = ReturnType<typeof environment>;
  const environments = skews.map(environment);
  const pick = <T>(from: readonly T[]) => from[Math.floor(random() * from.length)];

  const copies = () => 1 + Math.floor(random() * MAX_COPIES);

  function announce(update: ChatUpdate) {
    waiting.push({
      handle: ({ applyUpdates, clock }) => applyUpdates(update.chat_id, [update], clock.now() + 10_000),
      ...{ from: now, copies: copies() },
    });
  }

  /** Delivers one copy of any message that can be delivered now. @returns whether there was one. */
  async function deliverNext(): Promise<boolean> {
    const message = pick(waiting.filter(({ from }) => from <= now));
    const by = pick(environments);
    if (!message || !by) return false;
    message.copies -= 1;
    waiting = waiting.filter(({ copies }) => copies > 0);
    await message.handle(by);
    for (const { queue: name, message, delayMs } of queue.messages.splice(0)) {
      waiting.push({
        handle: ({ refreshBatch, clock }) => refreshBatch(name, message, clock.now() + 50_000),
        ...{ from: now + delayMs, copies: copies() },
      });
    }
    return true;
  }

  return {
    pass(ms: number) {
      now += ms;
    },
    changeCount(id: string, by: number) {
      const chat = inMax.get(id);
      if (!chat?.hasBot) return;
      chat.count += by;
      chat.wasRead = true;
      announce({ kind: 'members_changed', chat_id: id, at: now });
    },
    /** Removes the bot from a chat that the service knows, or adds it again. */
    moveBot(id: string) {
      const chat = inMax.get(id);
      if (!chat || id === UNKNOWN) return;
      chat.hasBot = !chat.hasBot;
      chat.wasRead = true;
      announce({ kind: chat.hasBot ? 'bot_added' : 'bot_removed', chat_id: id, at: now });
    },
    deliverNext,
    async deliverAll() {
      while (waiting.length > 0) {
        if (!(await deliverNext())) now = Math.min(...waiting.map(({ from }) => from));
        now += Math.floor(random() * 5_000);
      }
    },
    /** Refreshes a chat as a person does, if the service knows it. */
    async refresh(maxChatId: string) {
      const id = await stores.chats.findByMaxChatId(maxChatId);
      const stored = id === undefined ? undefined : await stores.chats.get(id);
      const by = pick(environments);
      const chat = inMax.get(maxChatId);
      if (!stored || !by || !chat) return;
      await by.refreshOne(stored, now, by.clock.now() + 8_000);
      chat.wasRead = true;
    },
    table: () => tableOf(CHATS),
    /** Returns the table that agrees with MAX. */
    right(): Table {
      return Object.fromEntries(
        [...inMax].map(([id, { count, hasBot, wasRead }]) => {
          if (!wasRead) return [id, id === UNKNOWN ? { status: undefined } : { status: 'active', count: null }];
          return [id, hasBot ? { status: 'active', count } : { status: 'denied' }];
        }),
      );
    },
  };
}
