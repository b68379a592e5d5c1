import { setTimeout as sleep } from 'node:timers/promises';
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DescribeTableCommand,
  DynamoDBClient,
  type TableDescription,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  type QueueAttributeName,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { limitedClient, PATIENT_AWS_LIMITS } from '../../lib/base/limits.ts';
import { DeclarationError, type Declared, type Queue, type Table } from './declared.ts';

export interface Endpoint {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

const IN_USE_RETRY_MS = 200;
const IN_USE_RETRIES = 50;

/** Creates the declared tables that don't exist. */
export async function createTables(declared: Declared, to: Endpoint): Promise<void> {
  const client = limitedClient(PATIENT_AWS_LIMITS, (limits) => new DynamoDBClient({ ...to, ...limits }));
  try {
    for (const table of Object.values(declared.tables)) await createTable(client, table);
  } finally {
    client.destroy();
  }
}

async function createTable(client: DynamoDBClient, { name, properties }: Table): Promise<void> {
  const { KeySchema, AttributeDefinitions, GlobalSecondaryIndexes, BillingMode } =
    properties as unknown as CreateTableCommandInput;
  const input = { TableName: name, KeySchema, AttributeDefinitions, GlobalSecondaryIndexes, BillingMode };
  const existing = await describe(client, name);
  if (existing) {
    if (keysOf(existing) === keysOf(input)) return;
    throw new DeclarationError(
      `The table ${name} has other keys or indexes than serverless.yml declares. Delete the local data: npm start -- --reset`,
    );
  }
  await client.send(new CreateTableCommand(input));
  const ttl = properties.TimeToLiveSpecification as { AttributeName: string; Enabled: boolean } | undefined;
  if (!ttl) return;
  const command = new UpdateTimeToLiveCommand({ TableName: name, TimeToLiveSpecification: ttl });
  for (let retries = 0; ; retries++) {
    try {
      await client.send(command);
      return;
    } catch (error) {
      if ((error as Error).name !== 'ResourceInUseException' || retries === IN_USE_RETRIES) throw error;
      await sleep(IN_USE_RETRY_MS);
    }
  }
}

async function describe(client: DynamoDBClient, name: string): Promise<TableDescription | undefined> {
  try {
    return (await client.send(new DescribeTableCommand({ TableName: name }))).Table;
  } catch (error) {
    if ((error as Error).name === 'ResourceNotFoundException') return undefined;
    throw error;
  }
}

/** Returns keys, indexes and projections as text, for comparison. */
function keysOf({
  KeySchema,
  GlobalSecondaryIndexes = [],
}: Pick<TableDescription, 'KeySchema' | 'GlobalSecondaryIndexes'>) {
  const keys = (schema: TableDescription['KeySchema']) => schema?.map((key) => `${key.KeyType} ${key.AttributeName}`);
  const indexes = GlobalSecondaryIndexes.map(({ IndexName, KeySchema: schema, Projection }) => [
    IndexName,
    keys(schema),
    Projection?.ProjectionType,
    Projection?.NonKeyAttributes?.toSorted() ?? [],
  ]).map((index) => JSON.stringify(index));
  return JSON.stringify([keys(KeySchema), indexes.sort()]);
}

export interface PlacedQueues {
  readonly queueUrls: Record<string, string>;
  readonly queueArns: Record<string, string>;
}

/** Creates the declared queues that don't exist, and sets the declared attributes of all queues. */
export async function createQueues(declared: Declared, to: Endpoint): Promise<PlacedQueues> {
  const client = limitedClient(PATIENT_AWS_LIMITS, (limits) => new SQSClient({ ...to, ...limits }));
  const placed: PlacedQueues = { queueUrls: {}, queueArns: {} };
  try {
    for (const [key, queue] of deadLetterQueuesFirst(declared.queues)) {
      const created = await client.send(new CreateQueueCommand({ QueueName: queue.name }));
      // An emulator may return a URL with an unreachable host, so the host of the endpoint replaces it.
      const url = new URL(new URL(created.QueueUrl ?? '').pathname, to.endpoint).href;
      const names: QueueAttributeName[] = ['QueueArn'];
      const known = await client.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: names }));
      placed.queueUrls[key] = url;
      placed.queueArns[key] = known.Attributes?.QueueArn ?? '';
      const Attributes = attributesOf(queue, placed.queueArns);
      await client.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes }));
    }
    return placed;
  } finally {
    client.destroy();
  }
}

const deadLetterQueuesFirst = (queues: Declared['queues']) =>
  Object.entries(queues).sort(([, a], [, b]) => Number(a.redrive !== undefined) - Number(b.redrive !== undefined));

function attributesOf({ attributes, redrive }: Queue, arns: Readonly<Record<string, string>>): Record<string, string> {
  if (!redrive) return { ...attributes };
  const policy = { deadLetterTargetArn: arns[redrive.deadLetterQueue], maxReceiveCount: redrive.maxReceiveCount };
  return { ...attributes, RedrivePolicy: JSON.stringify(policy) };
}
