import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { SubscriptionStore } from '../../participants/check-subscription.ts';
import type { EventStore } from '../../participants/event-store.ts';
import { assign, type Database, update } from './database.ts';

/** Each is one UpdateItem that owns its condition. */
export function createDynamoEventStore(database: Database): EventStore {
  const write = (id: number, attributes: Record<string, unknown>, condition: string, values: Record<string, unknown>) =>
    update(database, {
      TableName: database.tables.chats,
      Key: { id },
      ...assign(attributes, `attribute_exists(#id) AND (${condition})`, values),
    });

  return {
    async openWindow(id, now, until) {
      const closed = 'attribute_not_exists(#window_until) OR #window_until <= :now';
      return (await write(id, { window_until: until }, closed, { ':now': now })).written;
    },

    async trust(id, told, at) {
      await write(id, { told, told_at: at }, 'attribute_not_exists(#told_at) OR #told_at < :at', { ':at': at });
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

const subscriptionKey = (url: string) => ({ pk: `subscription#${url}` });

export function createDynamoSubscriptionStore({ client, tables }: Database): SubscriptionStore {
  return {
    async seenAt(url) {
      const { Item } = await client.send(
        new GetCommand({ TableName: tables.state, Key: subscriptionKey(url), ConsistentRead: true }),
      );
      return Item?.seen_at;
    },
    async see(url, at) {
      await client.send(new PutCommand({ TableName: tables.state, Item: { ...subscriptionKey(url), seen_at: at } }));
    },
  };
}
