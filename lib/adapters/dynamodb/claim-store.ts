import type { ClaimStore } from '../../max-api/claims.ts';
import { type Database, update } from './database.ts';

const names = { '#shared': 'shared_until', '#local': 'local_until' };

/** Creates the store of claims, which has one item per bot. Each call is one UpdateItem. */
export function createDynamoClaimStore(database: Database, bot: string): ClaimStore {
  const { state: TableName } = database.tables;
  const Key = { pk: `claims#${bot}` };
  return {
    async claimShared(until) {
      const made = await update(database, {
        TableName,
        Key,
        UpdateExpression: 'SET #shared = :until',
        ExpressionAttributeNames: { '#shared': names['#shared'] },
        ExpressionAttributeValues: { ':until': until },
        ReturnValues: 'ALL_OLD',
      });
      return made.written ? ((made.before.local_until as number | undefined) ?? 0) : 0;
    },
    async claimLocal(until, unless) {
      const made = await update(database, {
        TableName,
        Key,
        UpdateExpression: 'SET #local = :until',
        ConditionExpression: 'attribute_not_exists(#shared) OR #shared <= :unless',
        ExpressionAttributeNames: names,
        ExpressionAttributeValues: { ':until': until, ':unless': unless },
      });
      return made.written ? 0 : Number(made.item?.shared_until?.N ?? 0);
    },
  };
}
