import { newChat } from '../../lib/chats/change.ts';
import { NEVER_COUNTED } from '../../lib/chats/chat.ts';
import type { ChatUpdate } from '../../lib/max-api/updates.ts';
import type { PlanMessage, RefreshMessage } from '../../lib/state/queues.ts';
import { createMemoryChatStore } from '../support/memory/chat-store.ts';
import { createMemoryChats } from '../support/memory/chats.ts';
import { createMemoryClaimStore } from '../support/memory/claim-store.ts';
import { createMemoryCountStore } from '../support/memory/count-store.ts';
import { createMemoryEventStore } from '../support/memory/event-store.ts';
import { createMemoryHistory } from '../support/memory/history.ts';
import { createMemoryPlannerStore } from '../support/memory/planner-store.ts';
import { createMemoryRunStore } from '../support/memory/run-store.ts';
import { Engine, type Network } from './engine.ts';
import { MaxModel } from './max-model.ts';
import { PostingModel } from './posting-model.ts';
import { QueueModel } from './queue-model.ts';
import { RedisModel } from './redis-model.ts';
import type { Outside } from './service.ts';

/** Visibility timeouts, ms. */
const REFRESH_VISIBILITY_MS = 6 * 60_000;
const PLAN_VISIBILITY_MS = 12 * 60_000;

/**
 * Opens the outside of a service in simulated time, in which nothing fails unless the test makes it fail. Its chats have the ids 1
 * to `size`. Chat `n` has the MAX id `maxIdOf(n)` and `n` participants.
 */
export function openLab(seed: number, size: number) {
  const engine = new Engine(seed);
  const network: Network = { failing: { dynamodb: 0, redis: 0, sqs: 0 }, failed: new Map() };
  const memory = createMemoryChats();
  const max = new MaxModel(engine, () => {});
  const outside = {
    engine,
    max,
    redis: new RedisModel(engine, 'model', () => {}),
    chats: createMemoryChatStore(memory),
    counts: createMemoryCountStore(memory),
    events: createMemoryEventStore(memory),
    runs: createMemoryRunStore(),
    history: createMemoryHistory(),
    planner: createMemoryPlannerStore(),
    subscriptions: { read: async () => undefined, write: async () => {} },
    claims: createMemoryClaimStore(),
    repairs: new PostingModel(engine.random, () => memory.byId).repairs,
    refreshes: {
      express: new QueueModel<RefreshMessage>(engine, 'express', REFRESH_VISIBILITY_MS),
      bulk: new QueueModel<RefreshMessage>(engine, 'bulk', REFRESH_VISIBILITY_MS),
    },
    plans: new QueueModel<PlanMessage>(engine, 'plans', PLAN_VISIBILITY_MS),
    updates: new QueueModel<ChatUpdate>(engine, 'updates', REFRESH_VISIBILITY_MS),
    misusedPermit(message) {
      throw new Error(message);
    },
  } satisfies Outside;
  const fields = { name: 'Чат', url: null, externalChatId: null, universityId: null, department: null, source: null };
  const createdAt = engine.now - 3_600_000;
  for (let id = 1; id <= size; id += 1) {
    const maxChatId = maxIdOf(id);
    max.chats.set(maxChatId, { id: maxChatId, count: id, status: 'active', tells: false });
    const chat = newChat(id, { ...fields, maxChatId }, createdAt);
    memory.byId.set(id, { chat, ...NEVER_COUNTED, dueAt: engine.now });
  }
  memory.lastId = size;
  return { engine, network, outside, chats: memory.byId };
}

export const maxIdOf = (id: number) => `-${id}00`;
