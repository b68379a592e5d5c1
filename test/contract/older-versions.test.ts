import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { expect, inject, test } from 'vitest';
import { createDynamoPlannerStore } from '../../lib/adapters/dynamodb/planner-store.ts';
import { SCHEDULING_LIMITS } from '../../lib/planner/plan.ts';
import { contextOf, firstState } from '../../lib/planner/price.ts';
import { connectDynamo, createDatabase } from '../support/dynamodb.ts';
import { T0 } from '../support/stores.ts';

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
