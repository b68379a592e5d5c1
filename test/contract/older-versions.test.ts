import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { beforeEach, describe, expect, inject, test } from 'vitest';
import { createDynamoPlannerStore } from '../../lib/adapters/dynamodb/planner-store.ts';
import { SCHEDULING_LIMITS } from '../../lib/planner/plan.ts';
import { contextOf, firstState } from '../../lib/planner/price.ts';
import { connectDynamo, createDatabase } from '../support/dynamodb.ts';
import { created, openDynamo, T0 } from '../support/stores.ts';

/** Items that an older version of the service stored. */

test('a price that an older version stored in DynamoDB is read, without what that version did not learn', async () => {
  const database = await createDatabase(connectDynamo(inject('dynamodbEndpoint')));
  const now = firstState(1_000, 50, 21_600);
  const { logKappa, hours, logRate, squaredLogRate, pressure, viewsPerHour } = now;
  const { lastEventReliable: _, ...context } = contextOf(now, 1_000, SCHEDULING_LIMITS);
  const before = {
    ...{ pk: 'plan#price-2', state: { logKappa, hours, logRate, squaredLogRate, pressure, viewsPerHour }, context },
    ...{ tickedAt: T0, plannedUntil: T0, firstReads: 0, budgetPerHour: 21_600, spare: 7, allowed: 9, carried: 0.25 },
  };
  await database.client.send(new PutCommand({ TableName: database.tables.state, Item: before }));
  expect(await createDynamoPlannerStore(database).readPrice()).toMatchObject({
    state: now,
    context: { ...context, lastEventReliable: false },
    measuredViews: 0,
  });
});

describe('a chat whose item contains the status "active" and the time of its creation as that of its last change', () => {
  const chat = { id: 1, maxChatId: '-70' };
  let stores: Awaited<ReturnType<typeof openDynamo>>;
  let before: Record<string, unknown>;
  beforeEach(async () => {
    stores = await openDynamo();
    await created(stores.chats, { maxChatId: chat.maxChatId });
    const { client, tables } = stores.database;
    const { Item: item } = await client.send(new GetCommand({ TableName: tables.chats, Key: { id: 1 } }));
    before = { ...item, chat: { ...item?.chat, status: 'active', updated_at: new Date(T0).toISOString() } };
    await client.send(new PutCommand({ TableName: tables.chats, Item: before }));
  });

  test('gets counts and statuses', async () => {
    const apply = (reading: Parameters<typeof stores.counts.apply>[1], askedAt: number) =>
      stores.counts.apply(chat, reading, { askedAt, dueAt: T0 });
    expect(await apply({ kind: 'count', count: 5 }, T0 + 1)).toMatchObject({ kind: 'applied', before: null });
    expect(await apply({ kind: 'unavailable', status: 'gone' }, T0 + 2)).toMatchObject({ kind: 'applied', before: 5 });
    expect((await stores.chats.get(1))?.chat.status).toBe('gone');
    expect(await apply({ kind: 'count', count: 6 }, T0 + 3)).toMatchObject({ kind: 'applied', before: 5 });
    expect((await stores.chats.get(1))?.chat.status).toBe('active');
  });

  test('can be edited', async () => {
    expect(await stores.chats.update(1, { name: 'Новое имя' }, T0 + 1)).toMatchObject({ kind: 'updated' });
    expect((await stores.chats.get(1))?.chat).toMatchObject({
      ...{ name: 'Новое имя', status: 'active' },
      ...{ createdAt: new Date(T0).toISOString(), updatedAt: new Date(T0 + 1).toISOString() },
    });
  });

  test('can be deleted', async () => {
    expect(await stores.chats.delete(1)).toBe('deleted');
    expect(await stores.chats.get(1)).toBeUndefined();
  });
});
