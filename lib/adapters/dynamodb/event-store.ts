import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { type EventStore, quarterOf } from '../../state/event-store.ts';
import type { SeenSubscription, SubscriptionStore } from '../../state/subscription.ts';
import { type PlanningItem, planningOf } from './chat-item.ts';
import { type Database, namesIn, readState, update } from './database.ts';

/** Creates the event store. Each call is one UpdateItem with a condition. */
export function createDynamoEventStore(database: Database): EventStore {
  const change = (
    id: number,
    expression: string,
    values: Record<string, unknown>,
    { only, returns }: { readonly only?: string; readonly returns?: 'ALL_OLD' } = {},
  ) => {
    const condition = `attribute_exists(#id)${only ? ` AND (${only})` : ''}`;
    return update(database, {
      TableName: database.tables.chats,
      Key: { id },
      UpdateExpression: expression,
      ConditionExpression: condition,
      ExpressionAttributeNames: namesIn(expression, condition),
      ExpressionAttributeValues: values,
      ReturnValues: returns,
    });
  };

  return {
    /** 1 UpdateItem; the first one in each quarter of an hour costs 1 more. */
    async markDirty(id, now, until) {
      const quarter = quarterOf(now);
      const marked = await change(
        id,
        'SET #window_until = :until, #dirty_at = if_not_exists(#dirty_at, :now), #event_quarter = :quarter',
        { ':until': until, ':now': now, ':quarter': quarter },
        { only: 'attribute_not_exists(#window_until) OR #window_until <= :now', returns: 'ALL_OLD' },
      );
      if (!marked.written) return undefined;
      const before: PlanningItem & { readonly read_at?: number; readonly event_quarter?: number } = marked.before;
      if (before.event_quarter !== quarter) await change(id, 'ADD #event_quarters :one', { ':one': 1 });
      return { readAt: before.read_at ?? null, planning: planningOf(before) };
    },

    async recordEventTrust(id, trusted, at, now) {
      const since = trusted ? ', #told_since = if_not_exists(#told_since, :now)' : ' REMOVE #told_since';
      await change(
        id,
        `SET #told = :told, #told_at = :at${since}`,
        { ':told': trusted, ':at': at, ...(trusted ? { ':now': now } : {}) },
        { only: 'attribute_not_exists(#told_at) OR #told_at < :at' },
      );
    },

    async recordMembership(id, at) {
      const outcome = await change(
        id,
        'SET #member_at = :at',
        { ':at': at },
        { only: 'attribute_not_exists(#member_at) OR #member_at <= :at' },
      );
      return outcome.written;
    },

    async retitle(id, { title, at }) {
      const outcome = await change(
        id,
        'SET #title = :title, #titled_at = :at',
        { ':title': title, ':at': at },
        { only: 'attribute_not_exists(#titled_at) OR #titled_at <= :at' },
      );
      if (outcome.written) return { title, at };
      const later = outcome.item;
      return later && { title: String(later.title?.S), at: Number(later.titled_at?.N) };
    },
  };
}

const SUBSCRIPTION = 'subscription';

/** Creates the subscription store. A read is 1 GetItem, a write 1 PutItem. */
export const createDynamoSubscriptionStore = (database: Database): SubscriptionStore => ({
  async read() {
    const item = await readState<SeenSubscription & { pk: string }>(database, SUBSCRIPTION);
    return item && { url: item.url, seenAt: item.seenAt, since: item.since };
  },
  async write(seen) {
    const { client, tables } = database;
    await client.send(new PutCommand({ TableName: tables.state, Item: { ...seen, pk: SUBSCRIPTION } }));
  },
});
