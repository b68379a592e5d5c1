import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { CreateTableCommand, type CreateTableCommandInput, ResourceInUseException } from '@aws-sdk/client-dynamodb';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { createDynamo } from '../../lib/adapters/dynamodb/client.ts';
import { type Database, fullJitter, type Tables } from '../../lib/adapters/dynamodb/database.ts';
import { systemClock } from '../../lib/base/clock.ts';

/** A client of the embedded server, which takes any credentials. */
export const connectDynamo = (endpoint: string): DynamoDBDocumentClient =>
  createDynamo({
    endpoint,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });

/** A database of its own, empty, with the tables the stack declares. */
export async function createDatabase(client: DynamoDBDocumentClient): Promise<Database & { readonly history: string }> {
  const { history, ...tables } = await createTables(client);
  return { client, tables, history, pause: fullJitter(systemClock.sleep) };
}

/** Creates the tables of `infra/tables.yml` under names nobody else uses. */
async function createTables(client: DynamoDBDocumentClient): Promise<Tables & { readonly history: string }> {
  const prefix = `test-${randomUUID()}`;
  const tables = {
    ...{ chats: `${prefix}-chats`, postings: `${prefix}-postings`, state: `${prefix}-state` },
    history: `${prefix}-history`,
  };
  const { ChatsTable, ChatPostingsTable, StateTable, HistoryTable } = declaredTables();
  await create(client, ChatsTable, tables.chats);
  await create(client, ChatPostingsTable, tables.postings);
  await create(client, StateTable, tables.state);
  await create(client, HistoryTable, tables.history);
  return tables;
}

interface Declared {
  readonly Properties: CreateTableCommandInput & { readonly TimeToLiveSpecification?: unknown };
}

function declaredTables(): Record<'ChatsTable' | 'ChatPostingsTable' | 'StateTable' | 'HistoryTable', Declared> {
  // js-yaml comes with the Serverless Framework, without types.
  const yaml: { load(text: string): unknown } = createRequire(import.meta.url)('js-yaml');
  const text = readFileSync(new URL('../../infra/tables.yml', import.meta.url), 'utf8');
  return (yaml.load(text) as { Resources: ReturnType<typeof declaredTables> }).Resources;
}

async function create(client: DynamoDBDocumentClient, { Properties }: Declared, TableName: string): Promise<void> {
  const { TimeToLiveSpecification: _, ...properties } = Properties;
  try {
    await client.send(new CreateTableCommand({ ...properties, TableName }));
  } catch (error) {
    // The client repeats a request without a response in time. Nobody else uses the name, so the first attempt created the table.
    if (!(error instanceof ResourceInUseException)) throw error;
  }
}
