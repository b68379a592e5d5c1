import { beforeEach, describe, expect, test } from 'vitest';
import { createApplyUpdates } from '../../../lib/events/apply-updates.ts';
import { createViewCounts } from '../../../lib/listing/view-counts.ts';
import { measuredAccuracy, measuredFreshness } from '../../../lib/planner/findings.ts';
import { createRefreshBatch } from '../../../lib/refreshing/refresh-batch.ts';
import type { FetchMembership } from '../../../lib/refreshing/request-max.ts';
import { createExplainPlan } from '../../../lib/scheduling/explain-plan.ts';
import { createPlanStale } from '../../../lib/scheduling/plan-stale.ts';
import { randomStream } from '../../../localstack/max/random.ts';
import {
  counted,
  HOUR,
  listening,
  memoryCounts,
  memoryQueue,
  memoryViewCounter,
  refreshing,
} from '../../support/participants.ts';
import { line, openMemory, type Stores, T0 } from '../../support/stores.ts';

type ApplyUpdatesDeps = Parameters<typeof createApplyUpdates>[0];

/** Days of the planner through the service's own use cases: syncs, queue, workers, readers. Only the time is simulated. */

const CHATS = 300;
const INTERVAL = 15 * 60_000;
const STEP = 30_000;
const IDS = Array.from({ length: CHATS }, (_, i) => i + 1);
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

interface World {
  now: number;
  /** The actual counts. */
  readonly counts: number[];
  readonly changesPerHour: number[];
  /** Share of joins among the changes. */
  readonly balances: number[];
  readonly viewsPerHour: number[];
}

let random: () => number;
let stores: Stores;
let world: World;

beforeEach(async () => {
  random = randomStream(7);
  stores = await openMemory();
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  world = {
    now: T0,
    counts: Array.from({ length: CHATS }, () => 10_000),
    balances: Array.from({ length: CHATS }, () => random()),
    changesPerHour: Array.from({ length: CHATS }, () => Math.exp(Math.log(0.1) + 1.5 * normal())),
    viewsPerHour: Array.from({ length: CHATS }, (_, i) => 20 / (i + 1)),
  };
  await stores.chats.importMany(
    world.counts.map((_, i) => line(`-${i + 1}`)),
    T0,
  );
});

interface Life {
  readonly days: number;
  /** Ms into it. */
  readonly measuredFrom: number;
  readonly maxCallsPerHour: number;
  /** Whether MAX tells of joins and leaves. */
  readonly events: boolean;
}

/** Runs the service; @returns the counts that readers saw. */
async function live({ days, measuredFrom, maxCallsPerHour, events }: Life) {
  const clock = { now: () => world.now, sleep: async () => {} };
  const queue = memoryQueue();
  const waiting: { readonly at: number; readonly sent: (typeof queue.messages)[number] }[] = [];
  const cache = memoryCounts(clock);
  const viewCounter = memoryViewCounter();
  let calls = 0;
  const maxApi = {
    async getChat(maxChatId: string) {
      calls += 1;
      return counted(world.counts[-Number(maxChatId) - 1] ?? 0);
    },
  };
  const refreshChat = refreshing(stores, clock, { maxApi, cache });
  const settings = { rps: 30, backgroundShare: 0.2, maxCallsPerHour };
  const subscriptionStore = {
    read: async () => (events ? { url: 'https://chats.example', seenAt: world.now, since: T0 } : undefined),
  };
  const plan = {
    ...{ chatStore: stores.chats, countStore: stores.counts, plannerStore: stores.planner, viewCounter, queue, clock },
    ...{ random, runStore: stores.runs, subscriptionStore },
    settings: { ...settings, batchSize: 50, intervalMs: INTERVAL, windowMs: 30_000 },
  };
  const fetchMembership: FetchMembership = async () => {
    if (!events) throw new Error('there are no events');
    return { kind: 'answered', answer: { kind: 'membership', receivesMembershipEvents: true }, askedAt: world.now };
  };
  const updates: ApplyUpdatesDeps = {
    ...{ chatStore: stores.chats, eventStore: stores.events, plannerStore: stores.planner, cache, queue, clock },
    ...{ fetchMembership, subscriptionStore, settings: { windowMs: 30_000 } },
    fetchCount: () => Promise.reject(new Error('only known chats are told of')),
    applyAnswer: () => Promise.reject(new Error('only known chats are told of')),
  };
  const batch = {
    ...{ chatStore: stores.chats, countStore: stores.counts, runStore: stores.runs, plannerStore: stores.planner },
    ...{ refreshChat, queue, clock, random, viewCounter, eventStore: stores.events },
    ...{ fetchMembership, subscriptionStore },
    settings: { freshMs: HOUR },
  };
  const viewCounts = createViewCounts({
    ...{ chatStore: stores.chats, cache, leases: cache, viewCounter, queue, refreshChat, clock, random },
    ...{ telemetry: listening().events, newId: () => 'reader' },
    settings: { freshMs: HOUR, batchSize: 50, lazyUpdate: false, integrationDisabled: false },
  });
  let shown = 0;
  let right = 0;
  let all = 0;
  let allRight = 0;
  let callsBefore = 0;
  let changes = 0;
  const expected = { freshness: [] as number[], accuracy: [] as number[] };
  for (; world.now < T0 + days * 24 * HOUR; world.now += STEP) {
    const measured = world.now - T0 >= measuredFrom;
    if (measured && callsBefore === 0) callsBefore = calls;
    if ((world.now - T0) % INTERVAL === 0) {
      await createPlanStale(plan)(Number.MAX_SAFE_INTEGER);
      if (measured && (world.now - T0) % (6 * HOUR) === 0) {
        const explained = await createExplainPlan({ ...plan, random, settings })(undefined);
        expected.freshness.push(explained.expected_freshness ?? Number.NaN);
        expected.accuracy.push(explained.expected_accuracy ?? Number.NaN);
      }
    }
    waiting.push(...queue.messages.splice(0).map((sent) => ({ at: world.now + sent.delayMs, sent })));
    for (const ready of waiting.filter(({ at }) => at <= world.now)) {
      waiting.splice(waiting.indexOf(ready), 1);
      world.now += 1;
      await createRefreshBatch(batch)('bulk', ready.sent.message, world.now + HOUR);
    }
    world.now -= world.now % 1_000;
    if (measured && (world.now - T0) % HOUR === 0) {
      for (const { chat, participantsCount } of (await stores.chats.getMany(IDS)).values()) {
        all += 1;
        if (participantsCount === world.counts[chat.id - 1]) allRight += 1;
      }
    }
    for (let i = 0; i < CHATS; i += 1) {
      if (random() < -Math.expm1((-(world.changesPerHour[i] ?? 0) * STEP) / HOUR)) {
        world.counts[i] = (world.counts[i] ?? 0) + (random() < (world.balances[i] ?? 0) ? 1 : -1);
        if (measured) changes += 1;
        const told = { kind: 'members_changed', chat_id: `-${i + 1}`, at: world.now } as const;
        if (events) await createApplyUpdates(updates)(told.chat_id, [told], world.now + HOUR);
      }
      if (random() >= -Math.expm1((-(world.viewsPerHour[i] ?? 0) * STEP) / HOUR)) continue;
      const stored = await stores.chats.get(i + 1);
      const seen = stored && (await viewCounts([{ chat: stored.chat, count: undefined }])).get(i + 1);
      if (!measured) continue;
      shown += 1;
      if (seen?.participantsCount === world.counts[i]) right += 1;
    }
  }
  const price = await stores.planner.readPrice();
  return {
    freshness: right / shown,
    expected: mean(expected.freshness),
    measured: (price && measuredFreshness(price)) ?? Number.NaN,
    accuracy: allRight / all,
    expectedAccuracy: mean(expected.accuracy),
    measuredAccuracy: (price && measuredAccuracy(price)) ?? Number.NaN,
    changes,
    calls: calls - callsBefore,
    hours: days * 24 - measuredFrom / HOUR,
  };
}

describe('the service without events', () => {
  test('serves the share of correct counts that the plan expects and refreshes measure, within two points and the budget', async () => {
    const outcome = await live({ days: 7, measuredFrom: 3 * 24 * HOUR, maxCallsPerHour: 120, events: false });
    expect(Math.abs(outcome.expected - outcome.freshness)).toBeLessThan(0.02);
    expect(Math.abs(outcome.measured - outcome.freshness)).toBeLessThan(0.02);
    expect(Math.abs(outcome.expectedAccuracy - outcome.accuracy)).toBeLessThan(0.02);
    expect(Math.abs(outcome.measuredAccuracy - outcome.accuracy)).toBeLessThan(0.02);
    expect(outcome.calls / outcome.hours).toBeLessThan(1.05 * 120);
    expect(outcome.calls / outcome.hours).toBeGreaterThan(0.85 * 120);
  }, 120_000);
});

describe('the service with events', () => {
  test('serves correct counts, with one request per change and one per chat and day', async () => {
    const outcome = await live({ days: 3, measuredFrom: 24 * HOUR, maxCallsPerHour: 1_000, events: true });
    expect(outcome.freshness).toBeGreaterThan(0.99);
    expect(outcome.calls).toBeLessThanOrEqual(outcome.changes + (CHATS * outcome.hours) / 12);
  }, 120_000);
});
