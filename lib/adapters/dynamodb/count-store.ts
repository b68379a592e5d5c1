import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import { countKey } from '../../chats/sort-keys.ts';
import type { ApplyOutcome, CountStore, DueChat } from '../../participants/count-store.ts';
import { assign, type ConditionalWrite, type Database, forEach, namesIn, queryPages, update } from './database.ts';

/** Chats postponed at the same time. */
const POSTPONED_IN_FLIGHT = 16;

/** The chat is still the one MAX was asked about, and nothing newer is known. */
const NEWER = '#chat.#max_chat_id = :max_chat_id AND (attribute_not_exists(#checked_at) OR #checked_at < :asked_at)';
const ACTIVE = '#chat.#status = :active';

const DUE = '#due = :due AND #due_at <= :before';

export function createDynamoCountStore(database: Database): CountStore {
  const { client, tables } = database;

  const dueQuery = (before: number) => ({
    TableName: tables.chats,
    IndexName: 'by-due',
    KeyConditionExpression: DUE,
    ExpressionAttributeNames: namesIn(DUE),
    ExpressionAttributeValues: { ':due': 'due', ':before': before },
  });

  return {
    /**
     * 1 UpdateItem; 2 for the first count of a chat that MAX had refused. The status is left alone where it is right: it is
     * in `chat`, which is in ten indexes, and a count must not cost these.
     */
    async apply({ id, max_chat_id }, reading, { askedAt, dueAt }) {
      const write = (attributes: Record<string, unknown>, condition: string, values: Record<string, unknown> = {}) =>
        update(database, {
          TableName: tables.chats,
          Key: { id },
          ...assign(attributes, condition, { ':max_chat_id': max_chat_id, ':asked_at': askedAt, ...values }),
          ReturnValues: 'ALL_OLD',
        });
      if (reading.kind === 'unavailable') {
        const refused = { 'chat.status': reading.status, checked_at: askedAt, due: undefined, due_at: undefined };
        return outcomeOf(await write(refused, NEWER));
      }
      const read = {
        participants_count: reading.count,
        count_key: countKey(reading.count, id),
        read_at: askedAt,
        checked_at: askedAt,
        due: 'due',
        due_at: dueAt,
      };
      const written = await write(read, `${ACTIVE} AND ${NEWER}`, { ':active': 'active' });
      const status = written.written ? 'active' : written.item?.chat?.M?.status?.S;
      const refusedBefore = status !== undefined && status !== 'active';
      return outcomeOf(refusedBefore ? await write({ ...read, 'chat.status': 'active' }, NEWER) : written);
    },

    /** 1 UpdateItem a chat, in parallel. */
    async postpone(ids, dueAt) {
      await forEach(ids, POSTPONED_IN_FLIGHT, async (id) => {
        await update(database, {
          TableName: tables.chats,
          Key: { id },
          ...assign({ due_at: dueAt }, '#due_at < :later', { ':later': dueAt }),
        });
      });
    },

    /** 1 Query; more only for pages over 1 MB. */
    async due(before, limit, after) {
      const found: DueChat[] = [];
      let from: Record<string, unknown> | undefined = after && { due: 'due', due_at: after.due_at, id: after.id };
      do {
        const page = await client.send(
          new QueryCommand({ ...dueQuery(before), Limit: limit - found.length, ExclusiveStartKey: from }),
        );
        found.push(...(page.Items ?? []).map(({ id, due_at }) => ({ id, due_at })));
        from = page.LastEvaluatedKey;
      } while (from && found.length < limit);
      return found;
    },

    /** 1 Query for every 1 MB of the index: some 10,000 chats. */
    async countDue(before) {
      let count = 0;
      for await (const page of queryPages(database, { ...dueQuery(before), Select: 'COUNT' })) count += page.Count ?? 0;
      return count;
    },
  };
}

const outcomeOf = (write: ConditionalWrite): ApplyOutcome =>
  write.written
    ? { kind: 'applied', before: (write.before.participants_count as number | undefined) ?? null }
    : { kind: 'superseded' };
