import {
  type AttributeValue,
  type CancellationReason,
  ConditionalCheckFailedException,
  TransactionCanceledException,
  TransactionConflictException,
} from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  QueryCommand,
  type QueryCommandInput,
  type QueryCommandOutput,
  TransactWriteCommand,
  type TransactWriteCommandInput,
  UpdateCommand,
  type UpdateCommandInput,
} from '@aws-sdk/lib-dynamodb';
import { chunks } from '../../base/chunks.ts';
import { forEach } from '../../base/for-each.ts';

/** Shared code of the DynamoDB stores: the tables, and requests that need retries or several parts. */
export interface Database {
  readonly client: DynamoDBDocumentClient;
  readonly tables: Tables;
  readonly pause: Pause;
}

/** The names of the tables. */
export interface Tables {
  readonly chats: string;
  readonly postings: string;
  readonly state: string;
}

/** Pauses before a retry; `repetition` counts from 0. */
export type Pause = (repetition: number) => Promise<void>;

/**
 * Returns pauses with full jitter: random up to 20 ms, doubled at each retry, up to 1 s.
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export const fullJitter =
  (sleep: (ms: number) => Promise<void>, random: () => number = Math.random): Pause =>
  (repetition) =>
    sleep(random() * Math.min(1_000, 20 * 2 ** repetition));

/** Retries for unprocessed keys and conflicting transactions: about 4 s of pauses. */
const MAX_REPETITIONS = 12;

const IN_FLIGHT = 8;

type Key = Record<string, string | number>;
type Item = Record<string, unknown>;

/**
 * Returns attribute names for expressions in which `#name` is the attribute `name`. So DynamoDB's reserved words are no problem.
 */
export function namesIn(...expressions: (string | undefined)[]): Record<string, string> | undefined {
  const names = expressions.join(' ').match(/#\w+/g);
  return names ? Object.fromEntries(names.map((name) => [name, name.slice(1)])) : undefined;
}

/**
 * Returns the expressions of an update. It sets attributes with a value and removes those that are `undefined`. Paths contain dots
 * (`chat.status`).
 * @param values the values of the condition, by their names in it (`':id'`).
 */
export function assign(attributes: Item, condition: string, values: Item = {}) {
  const path = (name: string) => name.replaceAll(/\w+/g, '#$&');
  const value = (name: string) => `:set_${name.replaceAll('.', '_')}`;
  const set = Object.keys(attributes).filter((name) => attributes[name] !== undefined);
  const remove = Object.keys(attributes).filter((name) => attributes[name] === undefined);
  const expression = [
    set.length > 0 ? `SET ${set.map((name) => `${path(name)} = ${value(name)}`).join(', ')}` : '',
    remove.length > 0 ? `REMOVE ${remove.map(path).join(', ')}` : '',
  ].join(' ');
  return {
    UpdateExpression: expression,
    ConditionExpression: condition,
    ExpressionAttributeNames: namesIn(expression, condition),
    ExpressionAttributeValues: { ...Object.fromEntries(set.map((name) => [value(name), attributes[name]])), ...values },
  };
}

/** Returns an item of the state table. 1 consistent GetItem, so that a caller reads its own writes. */
export async function readState<T extends object>({ client, tables }: Database, pk: string): Promise<T | undefined> {
  const answer = await client.send(new GetCommand({ TableName: tables.state, Key: { pk }, ConsistentRead: true }));
  return answer.Item as T | undefined;
}

/**
 * Returns items by distinct keys, without missing ones. 1 BatchGetItem for every 100 keys, in parallel.
 * @param options.projection the wanted attributes, with names as `namesIn` expects them; by default all.
 */
export async function batchGet(
  database: Database,
  table: string,
  keys: readonly Key[],
  { consistent = false, projection }: { readonly consistent?: boolean; readonly projection?: string } = {},
): Promise<Item[]> {
  const options = {
    ...(consistent && { ConsistentRead: true }),
    ...(projection && { ProjectionExpression: projection, ExpressionAttributeNames: namesIn(projection) }),
  };
  const found: Item[] = [];
  await forEach(chunks(keys, 100), IN_FLIGHT, async (chunk) => {
    let pending: Item[] = chunk;
    for (let repetition = 0; pending.length > 0; repetition++) {
      if (repetition > 0) await patience(database, repetition - 1, `BatchGetItem on ${table}`);
      const request = { Keys: pending, ...options };
      const answer = await database.client.send(new BatchGetCommand({ RequestItems: { [table]: request } }));
      found.push(...(answer.Responses?.[table] ?? []));
      pending = answer.UnprocessedKeys?.[table]?.Keys ?? [];
    }
  });
  return found;
}

/** Pauses before a retry. @throws after too many retries. */
export async function patience(database: Database, repetition: number, what: string): Promise<void> {
  if (repetition >= MAX_REPETITIONS) throw new Error(`${what}: given up after ${repetition} repetitions`);
  await database.pause(repetition);
}

/** Yields the pages of a query. 1 Query per page, sent when the page is consumed. */
export async function* queryPages(database: Database, input: QueryCommandInput): AsyncGenerator<QueryCommandOutput> {
  let from = input.ExclusiveStartKey;
  do {
    const page = await database.client.send(new QueryCommand({ ...input, ExclusiveStartKey: from }));
    yield page;
    from = page.LastEvaluatedKey;
  } while (from);
}

export type ConditionalWrite =
  /** `before`: the old attributes, if `ReturnValues` requested them. */
  | { readonly written: true; readonly before: Item }
  /** The condition failed. `item`: the stored item in DynamoDB's notation; `undefined` if there is none. */
  | { readonly written: false; readonly item: Record<string, AttributeValue> | undefined };

/** Updates an item. 1 UpdateItem, repeated while a transaction locks the item. */
export async function update(
  database: Database,
  input: Omit<UpdateCommandInput, 'ReturnValuesOnConditionCheckFailure'>,
): Promise<ConditionalWrite> {
  for (let repetition = 0; ; repetition++) {
    try {
      const answer = await database.client.send(
        new UpdateCommand({ ...input, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' }),
      );
      return { written: true, before: answer.Attributes ?? {} };
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return { written: false, item: error.Item };
      if (!(error instanceof TransactionConflictException)) throw error;
      await patience(database, repetition, `UpdateItem on ${input.TableName}`);
    }
  }
}

/** DynamoDB's limit of writes in one transaction. */
export const MAX_TRANSACTION = 100;

export type TransactionWrite = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

/** Reasons after which the same transaction may succeed if it is repeated. */
const PASSING = new Set(['TransactionConflict', 'ThrottlingError', 'ProvisionedThroughputExceeded']);

/**
 * Writes items in one transaction. 1 TransactWriteItems, repeated while other transactions lock its items.
 * @returns `undefined` if all was written. If a condition failed, nothing was written; returns the reasons in the order of the
 * writes.
 */
export async function transact(
  database: Database,
  writes: readonly TransactionWrite[],
): Promise<readonly CancellationReason[] | undefined> {
  for (let repetition = 0; ; repetition++) {
    try {
      await database.client.send(new TransactWriteCommand({ TransactItems: [...writes] }));
      return undefined;
    } catch (error) {
      if (!(error instanceof TransactionCanceledException)) throw error;
      const reasons = error.CancellationReasons ?? [];
      if (reasons.some(isRefused)) return reasons;
      if (!reasons.some((reason) => PASSING.has(reason.Code ?? ''))) throw error;
      await patience(database, repetition, 'TransactWriteItems');
    }
  }
}

/** Returns whether the condition of this write failed. */
export const isRefused = (reason: CancellationReason | undefined): boolean => reason?.Code === 'ConditionalCheckFailed';
