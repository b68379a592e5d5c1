import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { type Findings, NO_FINDINGS, NOTHING_MEASURED } from '../../planner/findings.ts';
import { NO_POPULATION_SUMS, NOTHING_EXPLAINED } from '../../planner/price.ts';
import type { Price } from '../../planner/sync.ts';
import type { PlannerStore } from '../../state/planner-store.ts';
import { type Database, namesIn, readState, transact, update } from './database.ts';

const CURSOR = 'plan#stale';
/** Keys with a version. It changes if an attribute changes its meaning. New attributes are absent in older items. */
const PRICE = 'plan#price-2';
const FINDINGS = 'plan#findings-2';

type Stored<T> = T & { readonly pk: string };

/** Returns an ADD of all findings, or of their negatives. */
function add(findings: Findings, sign: 1 | -1) {
  const entries = Object.entries(findings);
  const expression = `ADD ${entries.map(([name]) => `#${name} :${name}`).join(', ')}`;
  return {
    UpdateExpression: expression,
    ExpressionAttributeNames: namesIn(expression),
    ExpressionAttributeValues: Object.fromEntries(entries.map(([name, value]) => [`:${name}`, sign * value])),
  };
}

/** Creates the planner's store. Each call is one request. */
export function createDynamoPlannerStore(database: Database): PlannerStore {
  const { client, tables } = database;
  const put = (item: object) => client.send(new PutCommand({ TableName: tables.state, Item: item }));
  return {
    async readCursor() {
      const stored = (await readState<{ cursor?: { id: number; due_at: number } }>(database, CURSOR))?.cursor;
      return stored && { id: stored.id, dueAt: stored.due_at };
    },
    async writeCursor(cursor) {
      await put({ pk: CURSOR, cursor: cursor && { id: cursor.id, due_at: cursor.dueAt } });
    },
    async readPrice() {
      const item = await readState<Stored<Price>>(database, PRICE);
      if (!item) return undefined;
      const { pk: _, state, ...price } = item;
      return {
        ...NOTHING_MEASURED,
        ...price,
        state: { ...NOTHING_EXPLAINED, ...NO_POPULATION_SUMS, ...state },
        context: { ...price.context, lastEventReliable: price.context.lastEventReliable ?? false },
      };
    },
    async addFindings(findings) {
      const added = await update(database, {
        TableName: tables.state,
        Key: { pk: FINDINGS },
        ...add(findings, 1),
        ReturnValues: 'ALL_OLD',
      });
      return added.written ? ((added.before.again as number | undefined) ?? 0) : 0;
    },
    async readFindings() {
      const { pk: _, ...found } = (await readState<Stored<Findings>>(database, FINDINGS)) ?? { pk: FINDINGS };
      return { ...NO_FINDINGS, ...found };
    },
    async writePrice(price, made) {
      await transact(database, [
        { Put: { TableName: tables.state, Item: { ...price, pk: PRICE } } },
        { Update: { TableName: tables.state, Key: { pk: FINDINGS }, ...add(made, -1) } },
      ]);
    },
  };
}
