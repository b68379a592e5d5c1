import { randomUUID } from 'node:crypto';
import { createDynamoChatStore } from '../adapters/dynamodb/chat-store.ts';
import { createDynamoClaimStore } from '../adapters/dynamodb/claim-store.ts';
import { createDynamo } from '../adapters/dynamodb/client.ts';
import { createDynamoCountStore } from '../adapters/dynamodb/count-store.ts';
import { createDynamoEventStore, createDynamoSubscriptionStore } from '../adapters/dynamodb/event-store.ts';
import { createDynamoHistory, createDynamoHistoryWriter } from '../adapters/dynamodb/history.ts';
import { createDynamoPlannerStore } from '../adapters/dynamodb/planner-store.ts';
import { createDynamoPostingRepairStore } from '../adapters/dynamodb/posting-repair-store.ts';
import { createDynamoPostingStore } from '../adapters/dynamodb/posting-store.ts';
import { createDynamoRunStore } from '../adapters/dynamodb/run-store.ts';
import { createDynamoRollUpStore, createDynamoStatistics } from '../adapters/dynamodb/statistics.ts';
import { fetchJson } from '../adapters/issuer/fetch-json.ts';
import { createIssuerKeys } from '../adapters/issuer/keys.ts';
import { createMaxApi, reachable } from '../adapters/max/client.ts';
import { authenticated } from '../adapters/redis/authenticated.ts';
import { createRedis, createRedisGate } from '../adapters/redis/client.ts';
import { createRedisCounts } from '../adapters/redis/counts.ts';
import { createPermits } from '../adapters/redis/permits.ts';
import { createRedisViewCounter } from '../adapters/redis/view-counter.ts';
import { createPlanQueue, createRefreshQueue, createSqs, createUpdateQueue } from '../adapters/sqs/queues.ts';
import { systemClock } from '../base/clock.ts';
import { createApplyUpdates } from '../events/apply-updates.ts';
import { createCheckSubscription } from '../events/check-subscription.ts';
import { createCountFacets } from '../listing/count-facets.ts';
import { createFindChats } from '../listing/find-chats.ts';
import { createRepairPostings } from '../listing/repair-postings.ts';
import { createValidateCounts } from '../listing/validate-counts.ts';
import { createViewCounts } from '../listing/view-counts.ts';
import type { MaxError } from '../max-api/api.ts';
import { spacingMs } from '../max-api/pace.ts';
import { BOT } from '../max-api/permits.ts';
import type { BudgetSettings } from '../planner/budget.ts';
import { createRefreshBatch } from '../refreshing/refresh-batch.ts';
import { createApplyAnswer, createRefreshChat } from '../refreshing/refresh-chat.ts';
import { createRefreshOne } from '../refreshing/refresh-one.ts';
import { createFetchCount, createRequestMax, type FetchMembership } from '../refreshing/request-max.ts';
import { createExplainPlan, createMeasureStaleness } from '../scheduling/explain-plan.ts';
import {
  createListFullUpdates,
  createPlanFullUpdate,
  createReadFullUpdate,
  createStartFullUpdate,
} from '../scheduling/full-update.ts';
import { createPlanStale } from '../scheduling/plan-stale.ts';
import type { RefreshQueueName } from '../state/queues.ts';
import { noTelemetry } from '../state/telemetry.ts';
import { createRollUp } from '../statistics/roll-up.ts';
import { configuredDatabase } from './database.ts';
import { config } from './environment.ts';
import { flushAfterInvocations } from './flushing.ts';
import { reportIssuerFailure, telemetryMetrics } from './observability.ts';
import { secretReader } from './secrets.ts';
import { traced } from './tracing.ts';

/**
 * The composition root. It creates each part from its settings, on first use, once per execution environment. The calls are
 * marked as pure, so tree shaking removes the parts that a function does not use from its bundle.
 */
const once = <T>(make: () => T): (() => T) => {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
};

export const clock = systemClock;
const newId = randomUUID;

/** Returns how long a count is fresh, ms. */
const freshMs = () => config.freshness.PARTICIPANTS_CACHE_TTL;
const batchSize = () => config.batches.PARTICIPANTS_BATCH_SIZE;

// Durable stores

const database = /* @__PURE__ */ once(() => configuredDatabase(config.tables, traced(createDynamo())));
export const chatStore = /* @__PURE__ */ once(() => createDynamoChatStore(database()));
const postingStore = /* @__PURE__ */ once(() => createDynamoPostingStore(database()));
const countStore = /* @__PURE__ */ once(() => createDynamoCountStore(database()));
/** The reader of the history of counts. */
export const history = /* @__PURE__ */ once(() => createDynamoHistory(database(), config.history.HISTORY_TABLE));
/** The writer of the history. It needs the lifetime of an entry. */
const historyWriter = /* @__PURE__ */ once(() =>
  createDynamoHistoryWriter(database(), {
    table: config.history.HISTORY_TABLE,
    keptDays: config.retention.PARTICIPANTS_HISTORY_DAYS,
  }),
);
export const statistics = /* @__PURE__ */ once(() => createDynamoStatistics(database(), config.history.HISTORY_TABLE));
export const runStore = /* @__PURE__ */ once(() => createDynamoRunStore(database()));
const eventStore = /* @__PURE__ */ once(() => createDynamoEventStore(database()));
const subscriptionStore = /* @__PURE__ */ once(() => createDynamoSubscriptionStore(database()));
const plannerStore = /* @__PURE__ */ once(() => createDynamoPlannerStore(database()));

// Queues

const sqs = /* @__PURE__ */ once(() => traced(createSqs()));
export const refreshQueue = /* @__PURE__ */ once(() => {
  const { EXPRESS_REFRESHES_QUEUE_URL, BULK_REFRESHES_QUEUE_URL } = config.queues;
  return createRefreshQueue(sqs(), { express: EXPRESS_REFRESHES_QUEUE_URL, bulk: BULK_REFRESHES_QUEUE_URL });
});
const planQueue = /* @__PURE__ */ once(() => createPlanQueue(sqs(), config.plans.FULL_UPDATE_QUEUE_URL));

// Redis

/** Longest wait for Redis, ms, which normally responds in less than a millisecond. After it, requests are served without Redis. */
const REDIS_TIMEOUT_MS = 250;
export const redisGate = /* @__PURE__ */ once(() => {
  const { REDIS_URL, REDIS_AUTH_TOKEN, REDIS_AUTH_TOKEN_PARAMETER } = config.redis;
  const gate = createRedisGate(createRedis(REDIS_URL, { commandTimeoutMs: REDIS_TIMEOUT_MS }));
  if (!REDIS_AUTH_TOKEN && !REDIS_AUTH_TOKEN_PARAMETER) return gate;
  const token = { value: REDIS_AUTH_TOKEN, parameter: REDIS_AUTH_TOKEN_PARAMETER };
  return authenticated(gate, secretReader('REDIS_AUTH_TOKEN', token, clock.now), clock);
});
export const counts = /* @__PURE__ */ once(() =>
  createRedisCounts(redisGate(), { freshMs: freshMs(), random: Math.random }),
);
const viewCounter = /* @__PURE__ */ once(() => createRedisViewCounter(redisGate()));

// MAX

export const permits = /* @__PURE__ */ once(() => {
  const rps = config.quota.MAX_API_RPS;
  const shareOfRate = config.fallback.MAX_API_FALLBACK_SHARE;
  const claims = createDynamoClaimStore(database(), BOT);
  const made = createPermits({ redis: redisGate(), claims, clock, settings: { bot: BOT, rps, shareOfRate } });
  // Sends the outcomes of the last requests, because other environments need them before this environment is used again.
  flushAfterInvocations(made.flush);
  return made;
});
/** Returns the requests per second that the limiter grants. */
export const requestsPerSecond = () => 1_000 / spacingMs(config.quota.MAX_API_RPS);

const maxApi = /* @__PURE__ */ once(() => {
  const { MAX_API_TOKEN, MAX_API_TOKEN_PARAMETER, MAX_API_CA } = config.max;
  const token = { value: MAX_API_TOKEN, parameter: MAX_API_TOKEN_PARAMETER };
  return createMaxApi({
    url: config.upstream.MAX_API_URL,
    token: secretReader('MAX_API_TOKEN', token, clock.now),
    ca: MAX_API_CA,
  });
});

const requestMaxDeps = () => {
  const { PARTICIPANTS_MAX_API_TIMEOUT, PARTICIPANTS_MAX_RETRIES } = config.max;
  return {
    permits: permits(),
    clock,
    telemetry: telemetryMetrics,
    random: Math.random,
    settings: { timeoutMs: PARTICIPANTS_MAX_API_TIMEOUT, maxRetries: PARTICIPANTS_MAX_RETRIES },
  };
};
const requestMax = /* @__PURE__ */ once(() => createRequestMax(requestMaxDeps()));
const fetchCount = /* @__PURE__ */ once(() => createFetchCount({ maxApi: maxApi(), ...requestMaxDeps() }));

const applyAnswer = /* @__PURE__ */ once(() =>
  createApplyAnswer({
    countStore: countStore(),
    history: historyWriter(),
    cache: counts(),
    settings: { freshMs: freshMs() },
  }),
);

const refreshChat = /* @__PURE__ */ once(() =>
  createRefreshChat({ fetchCount: fetchCount(), applyAnswer: applyAnswer(), clock, telemetry: telemetryMetrics }),
);
export const refreshOne = /* @__PURE__ */ once(() =>
  createRefreshOne({ chatStore: chatStore(), leases: counts(), refreshChat: refreshChat(), clock, newId }),
);

const fetchMembership: FetchMembership = (maxChatId, options) =>
  requestMax()((timeoutMs) => maxApi().getMembership(maxChatId, timeoutMs), options);

export const applyUpdates = /* @__PURE__ */ once(() =>
  createApplyUpdates({
    chatStore: chatStore(),
    eventStore: eventStore(),
    plannerStore: plannerStore(),
    subscriptionStore: subscriptionStore(),
    cache: counts(),
    fetchCount: fetchCount(),
    fetchMembership,
    applyAnswer: applyAnswer(),
    queue: refreshQueue(),
    clock,
    settings: { windowMs: config.events.PARTICIPANTS_EVENT_WINDOW },
  }),
);

/** The secret of the subscription. MAX sends it with every delivery. */
export const webhookSecret = /* @__PURE__ */ once(() => {
  const { WEBHOOK_SECRET, WEBHOOK_SECRET_PARAMETER } = config.webhookSecret;
  return secretReader('WEBHOOK_SECRET', { value: WEBHOOK_SECRET, parameter: WEBHOOK_SECRET_PARAMETER }, clock.now);
});

export const updateQueue = /* @__PURE__ */ once(() => createUpdateQueue(sqs(), config.updates.UPDATES_QUEUE_URL));

/** Returns the address for MAX's deliveries; `undefined` if webhooks are not used. */
export const webhookUrl = () => config.webhook.WEBHOOK_URL;

export const checkSubscription = /* @__PURE__ */ once(() => {
  const within = <A>(deadline: number, request: (timeoutMs: number) => Promise<A | MaxError>) =>
    requestMax()(request, { lane: 'background', deadline });
  return createCheckSubscription({
    listSubscriptions: (deadline) => within(deadline, (timeoutMs) => maxApi().listSubscriptions(timeoutMs)),
    subscribe: async (url, deadline) => {
      const secret = await webhookSecret()();
      return within(deadline, (timeoutMs) => maxApi().subscribe(url, secret, timeoutMs));
    },
    store: subscriptionStore(),
    refreshAll: () => startFullUpdate()(),
    clock,
  });
});

export const startFullUpdate = /* @__PURE__ */ once(() =>
  createStartFullUpdate({
    chatStore: chatStore(),
    runStore: runStore(),
    planQueue: planQueue(),
    clock,
    newId,
    settings: { requestsPerSecond: requestsPerSecond() },
  }),
);
const runReportDeps = () => ({ runStore: runStore(), clock, settings: { requestsPerSecond: requestsPerSecond() } });
export const readFullUpdate = /* @__PURE__ */ once(() => createReadFullUpdate(runReportDeps()));
export const listFullUpdates = /* @__PURE__ */ once(() => createListFullUpdates(runReportDeps()));
export const planFullUpdate = /* @__PURE__ */ once(() =>
  createPlanFullUpdate({
    chatStore: chatStore(),
    runStore: runStore(),
    queue: refreshQueue(),
    planQueue: planQueue(),
    clock,
    settings: { batchSize: batchSize() },
  }),
);

export const refreshBatch = /* @__PURE__ */ once(() =>
  createRefreshBatch({
    chatStore: chatStore(),
    countStore: countStore(),
    runStore: runStore(),
    plannerStore: plannerStore(),
    subscriptionStore: subscriptionStore(),
    eventStore: eventStore(),
    fetchMembership,
    viewCounter: viewCounter(),
    refreshChat: refreshChat(),
    queue: refreshQueue(),
    clock,
    random: Math.random,
    settings: { freshMs: freshMs() },
  }),
);

/** Returns the refresh queue of a message. The ARN and the URL of a queue both end with its name. */
export const queueOf = (arn: string): RefreshQueueName =>
  config.queues.BULK_REFRESHES_QUEUE_URL.endsWith(`/${arn.split(':').at(-1)}`) ? 'bulk' : 'express';

const budget = (): BudgetSettings => {
  const { PARTICIPANTS_BACKGROUND_SHARE, PARTICIPANTS_MAX_CALLS_PER_HOUR } = config.budget;
  return {
    rps: config.quota.MAX_API_RPS,
    backgroundShare: PARTICIPANTS_BACKGROUND_SHARE,
    maxCallsPerHour: PARTICIPANTS_MAX_CALLS_PER_HOUR,
  };
};

const overviewDeps = () => ({ chatStore: chatStore(), countStore: countStore(), clock, random: Math.random });
export const measureStaleness = /* @__PURE__ */ once(() => createMeasureStaleness(overviewDeps()));
export const explainPlan = /* @__PURE__ */ once(() =>
  createExplainPlan({
    ...overviewDeps(),
    plannerStore: plannerStore(),
    subscriptionStore: subscriptionStore(),
    settings: budget(),
  }),
);

export const planStale = /* @__PURE__ */ once(() =>
  createPlanStale({
    chatStore: chatStore(),
    countStore: countStore(),
    plannerStore: plannerStore(),
    runStore: runStore(),
    subscriptionStore: subscriptionStore(),
    viewCounter: viewCounter(),
    queue: refreshQueue(),
    clock,
    random: Math.random,
    settings: {
      ...budget(),
      batchSize: batchSize(),
      intervalMs: config.sync.PARTICIPANTS_UPDATE_INTERVAL,
      windowMs: config.events.PARTICIPANTS_EVENT_WINDOW,
    },
  }),
);

export const rollUp = /* @__PURE__ */ once(() =>
  createRollUp({
    chatStore: chatStore(),
    rollUpStore: createDynamoRollUpStore(database(), {
      table: config.history.HISTORY_TABLE,
      keptDays: config.retention.PARTICIPANTS_HISTORY_DAYS,
    }),
    now: clock.now,
    settings: { freshMs: freshMs() },
  }),
);

/** Returns whether schedules enqueue work. */
export const backgroundSync = () => config.switches.PARTICIPANTS_ENABLE_BACKGROUND_SYNC && !integrationDisabled();

/** Resolves when MAX accepts a connection. It sends no request, because requests use the quota. */
export const maxReachable = (timeoutMs: number) => reachable(new URL(config.upstream.MAX_API_URL), timeoutMs);

/** Returns whether the console is served. */
export const consoleEnabled = () => config.console.CONSOLE_ENABLED;

/** The settings for signing in at the issuer; `undefined` if people paste a token. */
export const consoleSignIn = () => {
  const { CONSOLE_CLIENT_ID: client_id } = config.console;
  if (client_id === undefined) return undefined;
  const { AUTH_ISSUER: issuer, AUTH_AUDIENCE: audience } = config.auth;
  return { issuer, client_id, audience };
};

export const integrationDisabled = () => config.switches.PARTICIPANTS_INTEGRATION_DISABLED;

const viewCountsDeps = () => ({
  chatStore: chatStore(),
  cache: counts(),
  leases: counts(),
  viewCounter: viewCounter(),
  queue: refreshQueue(),
  refreshChat: refreshChat(),
  clock,
  telemetry: telemetryMetrics,
  newId,
  random: Math.random,
  settings: {
    freshMs: freshMs(),
    batchSize: batchSize(),
    lazyUpdate: config.switches.PARTICIPANTS_ENABLE_LAZY_UPDATE,
    integrationDisabled: integrationDisabled(),
  },
});
export const viewCounts = /* @__PURE__ */ once(() => createViewCounts(viewCountsDeps()));
export const findChats = /* @__PURE__ */ once(() =>
  createFindChats({ chatStore: chatStore(), postings: postingStore() }),
);
export const countFacets = /* @__PURE__ */ once(() =>
  createCountFacets({ chatStore: chatStore(), postings: postingStore() }),
);
export const repairPostings = /* @__PURE__ */ once(() =>
  createRepairPostings({ chatStore: chatStore(), repairs: createDynamoPostingRepairStore(database()), clock }),
);
/** Returns the counts that readers see, but requests, caches and measures nothing. */
const inspectCounts = /* @__PURE__ */ once(() => {
  const deps = viewCountsDeps();
  return createViewCounts({
    ...deps,
    cache: { ...deps.cache, putMany: async () => {} },
    viewCounter: { count: async () => {} },
    telemetry: noTelemetry,
    settings: { ...deps.settings, lazyUpdate: false },
  });
});

export const validateCounts = /* @__PURE__ */ once(() =>
  createValidateCounts({
    ...{ chatStore: chatStore(), viewCounts: inspectCounts(), fetchCount: fetchCount(), leases: counts() },
    ...{ clock, newId, random: Math.random },
  }),
);

// Tokens

/** The keys that verify tokens. */
const issuerKeys = /* @__PURE__ */ once(() => {
  const { AUTH_ISSUER, AUTH_JWKS_URL } = config.auth;
  const url = new URL(AUTH_JWKS_URL ?? `${AUTH_ISSUER.replace(/\/$/, '')}/.well-known/jwks.json`);
  return createIssuerKeys({ fetchKeySet: () => fetchJson(url), now: clock.now, onFailure: reportIssuerFailure });
});

/** Returns the issuer, the audience and the keys of tokens. */
export const tokenSettings = () => {
  const { AUTH_ISSUER: issuer, AUTH_AUDIENCE: audience } = config.auth;
  return { issuer, audience, keys: issuerKeys() };
};

// Preparation by the first request of an environment, while the issuer's keys are fetched

/** Connects to Redis, unless the integration is switched off. Never rejects. */
export const connectRedis = async () => {
  if (!integrationDisabled()) await redisGate().run(async () => {});
};

/** Connects to DynamoDB by its cheapest request. Round trips: 1 GetItem. */
export const connectDynamo = () => chatStore().total('all');

/** The secret that signs the cursors of listings. */
export const cursorSecret = /* @__PURE__ */ once(() => {
  const { CURSOR_SECRET, CURSOR_SECRET_PARAMETER } = config.cursors;
  return secretReader('CURSOR_SECRET', { value: CURSOR_SECRET, parameter: CURSOR_SECRET_PARAMETER }, clock.now);
});
