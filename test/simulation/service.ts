import { createRedisCounts } from '../../lib/adapters/redis/counts.ts';
import { createPermits } from '../../lib/adapters/redis/permits.ts';
import { createRedisViewCounter } from '../../lib/adapters/redis/view-counter.ts';
import { createApplyUpdates } from '../../lib/events/apply-updates.ts';
import { createCheckSubscription } from '../../lib/events/check-subscription.ts';
import { type ImportTotals, importChats } from '../../lib/importing/import-chats.ts';
import type { ImportLine } from '../../lib/importing/read-line.ts';
import { createRepairPostings } from '../../lib/listing/repair-postings.ts';
import { createViewCounts } from '../../lib/listing/view-counts.ts';
import type { MaxError } from '../../lib/max-api/api.ts';
import type { ClaimStore } from '../../lib/max-api/claims.ts';
import { spacingMs } from '../../lib/max-api/pace.ts';
import type { ChatUpdate } from '../../lib/max-api/updates.ts';
import { createRefreshBatch } from '../../lib/refreshing/refresh-batch.ts';
import { createApplyAnswer, createRefreshChat } from '../../lib/refreshing/refresh-chat.ts';
import { createRefreshOne } from '../../lib/refreshing/refresh-one.ts';
import {
  createFetchCount,
  createRequestMax,
  type FetchMembership,
  type RequestMax,
} from '../../lib/refreshing/request-max.ts';
import { createPlanFullUpdate, createStartFullUpdate } from '../../lib/scheduling/full-update.ts';
import { createPlanStale } from '../../lib/scheduling/plan-stale.ts';
import type { ChatStore, ImportedChat } from '../../lib/state/chat-store.ts';
import type { CountStore } from '../../lib/state/count-store.ts';
import type { EventStore } from '../../lib/state/event-store.ts';
import type { HistoryWriter } from '../../lib/state/history.ts';
import type { PlannerStore } from '../../lib/state/planner-store.ts';
import type { PostingRepairStore } from '../../lib/state/posting-store.ts';
import type { PlanMessage, RefreshMessage, RefreshQueueName } from '../../lib/state/queues.ts';
import type { RunStore } from '../../lib/state/run-store.ts';
import type { SubscriptionStore } from '../../lib/state/subscription.ts';
import { noTelemetry } from '../../lib/state/telemetry.ts';
import type { Engine, Environment } from './engine.ts';
import type { MaxModel } from './max-model.ts';
import { PermitAccount } from './permit-account.ts';
import type { QueueModel } from './queue-model.ts';
import type { RedisModel } from './redis-model.ts';

/** The settings of the simulated service. They suit a small organisation, so that a simulated day takes little time. */
export const SETTINGS = {
  rps: 10,
  freshMs: 3_600_000,
  batchSize: 5,
  syncMs: 15 * 60_000,
  windowMs: 30_000,
  webhookUrl: 'https://chats.example/webhooks/max',
} as const;

/** Everything outside of the environments. */
export interface Outside {
  readonly engine: Engine;
  readonly redis: RedisModel;
  readonly max: MaxModel;
  readonly chats: ChatStore;
  readonly counts: CountStore;
  readonly events: EventStore;
  readonly runs: RunStore;
  readonly history: HistoryWriter;
  readonly planner: PlannerStore;
  readonly subscriptions: SubscriptionStore;
  readonly claims: ClaimStore;
  readonly repairs: PostingRepairStore;
  readonly refreshes: Readonly<Record<RefreshQueueName, QueueModel<RefreshMessage>>>;
  readonly plans: QueueModel<PlanMessage>;
  readonly updates: QueueModel<ChatUpdate>;
  /** Called with a description of each permit that was misused. */
  readonly misusedPermit: (message: string) => void;
}

/** Returns a store whose methods send requests over the simulated network. */
function remote<S extends object>(environment: Environment, store: S, name: string): S {
  return new Proxy(store, {
    get(target, method) {
      const call = target[method as keyof S];
      if (typeof call !== 'function') return call;
      return (...args: unknown[]) =>
        environment.request(
          'dynamodb',
          `${name}.${String(method)}`,
          () => call.apply(target, args) as Promise<unknown>,
        );
    },
  });
}

/** Creates the service in an environment, like the composition root. @param shareOfRate the function's share of the rate. */
export function openService(outside: Outside, environment: Environment, shareOfRate: number) {
  const { clock, random } = environment;
  const { rps, freshMs, batchSize, windowMs } = SETTINGS;
  const requestsPerSecond = 1_000 / spacingMs(rps);
  let lastId = 0;
  const newId = () => {
    lastId += 1;
    return `${environment.name}-${lastId}`;
  };

  const chatStore = remote(environment, outside.chats, 'chats');
  const countStore = remote(environment, outside.counts, 'counts');
  const eventStore = remote(environment, outside.events, 'events');
  const runStore = remote(environment, outside.runs, 'runs');
  const plannerStore = remote(environment, outside.planner, 'planner');
  const subscriptionStore = remote(environment, outside.subscriptions, 'subscription');
  const history = remote(environment, outside.history, 'history');
  const claims = remote(environment, outside.claims, 'claims');

  const account = new PermitAccount((message) => outside.misusedPermit(`${environment.name}: ${message}`));
  const gate = outside.redis.gate(environment, (slots) => {
    account.slots += slots;
  });
  const cache = createRedisCounts(gate, { freshMs, random });
  const viewCounter = createRedisViewCounter(gate);
  const permits = createPermits({ redis: gate, claims, clock, settings: { bot: 'main', rps, shareOfRate } });

  const send = <M>(to: QueueModel<M>, message: M, delayMs = 0) =>
    environment.request('sqs', `send to ${to.name}`, () => to.send(message, delayMs, environment.name));
  const queue = {
    async send(name: RefreshQueueName, messages: readonly RefreshMessage[], delayMs = 0) {
      for (const message of messages) await send(outside.refreshes[name], message, delayMs);
    },
    depth: (name: RefreshQueueName) => environment.request('sqs', 'depth', () => outside.refreshes[name].depth),
  };
  const planQueue = { send: (message: PlanMessage) => send(outside.plans, message) };

  const maxApi = account.api(outside.max.api(environment));
  const requestDeps = {
    ...{ permits: account.permits(permits), clock, telemetry: noTelemetry, random },
    settings: { timeoutMs: 5_000, maxRetries: 3 },
  };
  const requestMax = account.work(createRequestMax(requestDeps)) as RequestMax;
  const fetchCount = account.work(createFetchCount({ maxApi, ...requestDeps }));
  const fetchMembership: FetchMembership = (maxChatId, options) =>
    requestMax((timeoutMs) => maxApi.getMembership(maxChatId, timeoutMs), options);
  const applyAnswer = createApplyAnswer({ countStore, history, cache, settings: { freshMs } });
  const refreshChat = createRefreshChat({ fetchCount, applyAnswer, clock, telemetry: noTelemetry });
  const startFullUpdate = createStartFullUpdate({
    ...{ chatStore, runStore, planQueue, clock, newId },
    settings: { requestsPerSecond },
  });
  const within = <A>(deadline: number, request: (timeoutMs: number) => Promise<A | MaxError>) =>
    requestMax(request, { lane: 'background', deadline });

  /** The durable store writes an import in many requests, so an import that is killed has written a part. */
  async function importOneByOne(lines: readonly ImportedChat[], at: number) {
    const sum = { created: 0, updated: 0, unchanged: 0 };
    for (const line of lines) {
      const one = await chatStore.importMany([line], at);
      for (const kind of ['created', 'updated', 'unchanged'] as const) sum[kind] += one[kind];
    }
    return sum;
  }

  return {
    permits,
    account,
    cache,
    chatStore,
    viewCounts: createViewCounts({
      ...{ chatStore, cache, leases: cache, viewCounter, queue, refreshChat, clock, telemetry: noTelemetry },
      ...{ newId, random, settings: { freshMs, batchSize, lazyUpdate: true, integrationDisabled: false } },
    }),
    refreshOne: createRefreshOne({ chatStore, leases: cache, refreshChat, clock, newId }),
    refreshBatch: createRefreshBatch({
      ...{ chatStore, countStore, runStore, plannerStore, subscriptionStore, eventStore, fetchMembership },
      ...{ viewCounter, refreshChat, queue, clock, random, settings: { freshMs } },
    }),
    applyUpdates: createApplyUpdates({
      ...{
        chatStore,
        eventStore,
        plannerStore,
        subscriptionStore,
        cache,
        fetchCount,
        fetchMembership,
        applyAnswer,
        queue,
        clock,
      },
      settings: { windowMs },
    }),
    planStale: createPlanStale({
      ...{ chatStore, countStore, plannerStore, runStore, subscriptionStore, viewCounter, queue, clock, random },
      settings: {
        rps,
        backgroundShare: 0.2,
        maxCallsPerHour: 15,
        batchSize,
        intervalMs: SETTINGS.syncMs,
        windowMs,
      },
    }),
    repairPostings: createRepairPostings({
      chatStore,
      repairs: remote(environment, outside.repairs, 'repairs'),
      clock,
    }),
    importChats: (lines: readonly ImportLine[]): Promise<ImportTotals> =>
      importChats({ importMany: importOneByOne }, lines, { now: clock.now, onRefused: () => {} }),
    startFullUpdate,
    planFullUpdate: createPlanFullUpdate({
      ...{ chatStore, runStore, queue, planQueue, clock, settings: { batchSize } },
    }),
    checkSubscription: createCheckSubscription({
      listSubscriptions: (deadline) => within(deadline, (timeoutMs) => maxApi.listSubscriptions(timeoutMs)),
      subscribe: (url, deadline) => within(deadline, (timeoutMs) => maxApi.subscribe(url, 'secret', timeoutMs)),
      ...{ store: subscriptionStore, refreshAll: startFullUpdate, clock },
    }),
  };
}
export type Service = ReturnType<typeof openService>;
