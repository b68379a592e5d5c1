import { PutCommand } from '@aws-sdk/lib-dynamodb';
import type { SeenSubscription, SubscriptionStore } from '../../participants/check-subscription.ts';
import type { EventStore } from '../../participants/event-store.ts';
import { type PlanningItem, planningOf } from './chat-item.ts';
import { assign, type Database, namesIn, readState, update } from './database.ts';

const QUARTER_MS = 15 * 60_000;

/** Each is one UpdateItem that owns its condition. */
export function createDynamoEventStore(database: Database): EventStore {
  const write = (id: number, attributes: Record<string, unknown>, condition: string, values: Record<string, unknown>) =>
    update(database, {
      TableName: database.tables.chats,
      Key: { id },
      ...assign(attributes, `attribute_exists(#id) AND (${condition})`, values),
    });

  return {
    /** 1 UpdateItem, and 1 more in each quarter of an hour. */
    async markDirty(id, now, until) {
      const quarter = Math.floor(now / QUARTER_MS);
      const change =
        'SET #window_until = :until, #dirty_at = if_not_exists(#dirty_at, :now), #event_quarter = :quarter';
      const closed = 'attribute_exists(#id) AND (attribute_not_exists(#window_until) OR #window_until <= :now)';
      const marked = await update(database, {
        TableName: database.tables.chats,
        Key: { id },
        UpdateExpression: change,
        ConditionExpression: closed,
        ExpressionAttributeNames: namesIn(change, closed),
        ExpressionAttributeValues: { ':until': until, ':now': now, ':quarter': quarter },
        ReturnValues: 'ALL_OLD',
      });
      if (!marked.written) return undefined;
      const before: PlanningItem & { readonly read_at?: number; readonly event_quarter?: number } = marked.before;
      if (before.event_quarter !== quarter) {
        const count = 'ADD #event_quarters :one';
        await update(database, {
          TableName: database.tables.chats,
          Key: { id },
          UpdateExpression: count,
          ConditionExpression: 'attribute_exists(#id)',
          ExpressionAttributeNames: namesIn(count, '#id'),
          ExpressionAttributeValues: { ':one': 1 },
        });
      }
      return { read_at: before.read_at ?? null, planning: planningOf(before) };
    },

    async trust(id, told, at, now) {
      const newest = 'attribute_exists(#id) AND (attribute_not_exists(#told_at) OR #told_at < :at)';
      const change = told
        ? 'SET #told = :told, #told_at = :at, #told_since = if_not_exists(#told_since, :now)'
        : 'SET #told = :told, #told_at = :at REMOVE #told_since';
      await update(database, {
        TableName: database.tables.chats,
        Key: { id },
        UpdateExpression: change,
        ConditionExpression: newest,
        ExpressionAttributeNames: namesIn(change, newest),
        ExpressionAttributeValues: { ':told': told, ':at': at, ...(told ? { ':now': now } : {}) },
      });
    },

    async retitle(id, { title, at }) {
      const newest = 'attribute_not_exists(#titled_at) OR #titled_at <= :at';
      const outcome = await write(id, { title, titled_at: at }, newest, { ':at': at });
      if (outcome.written) return { title, at };
      const later = outcome.item;
      return later && { title: String(later.title?.S), at: Number(later.titled_at?.N) };
    },
  };
}

const SUBSCRIPTION = 'subscription';

/** 1 GetItem or 1 PutItem. */
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
