import { randomUUID } from 'node:crypto';
import { CreateQueueCommand, DeleteMessageCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { SQSRecord } from 'aws-lambda';
import { inject, vi } from 'vitest';
import { startSimulator } from '../../localstack/max/server.ts';
import type { Simulator } from '../../localstack/max/simulator.ts';
import { connectDynamo, createDatabase } from './dynamodb.ts';
import { type Answer, type Asked, ask, quietEnvironment } from './http.ts';
import { startTestIssuer, type TestIssuer } from './issuer.ts';
import { startRedis, type TestRedis } from './redis.ts';

/** The functions as they are deployed, in this process, with real stores, queues and Redis, and the simulated MAX. */

const QUEUES = ['EXPRESS_REFRESHES', 'BULK_REFRESHES', 'FULL_UPDATE', 'UPDATES'] as const;
type QueueName = (typeof QUEUES)[number];

/** The servers that the functions connect to. */
export type Dependency = 'Redis' | 'DynamoDB' | 'SQS' | 'MAX';

/** The secrets in the environment of the functions. */
export const SECRETS = {
  CURSOR_SECRET: 'a-cursor-secret-of-tests-8c1f',
  WEBHOOK_SECRET: 'a-webhook-secret-of-tests-5e9a',
} as const;

export interface Functions {
  readonly issuer: TestIssuer;
  readonly redis: TestRedis;
  readonly simulator: Simulator;
  /** Returns the handler of a function, by its folder. */
  load(name: string): Promise<unknown>;
  /** Invokes an HTTP function with JSON from a superadmin, unless the headers say otherwise. */
  call(name: string, asked?: Asked): Promise<Answer>;
  /** Invokes a background function. @param ms its time. */
  invoke(name: string, event?: unknown, ms?: number): Promise<unknown>;
  /** Returns a record of a queue in the form of Lambda's event. */
  record(queue: QueueName, body: string, messageId?: string): SQSRecord;
  /** Receives and deletes all visible messages of a queue. */
  take(queue: QueueName): Promise<{ Records: SQSRecord[] }>;
  close(): Promise<void>;
}

interface FunctionsOptions {
  /** Returns the address under which the functions reach a dependency; by default its own. */
  readonly reach?: (dependency: Dependency, url: string) => Promise<string>;
  /** The quota of MAX, requests per second. */
  readonly rps?: number;
  /** More environment variables. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Starts everything, and sets the environment variables of this process.
 * @param maxChats the number of chats in the simulated MAX.
 */
export async function startFunctions(
  maxChats: number,
  { reach = async (_, url) => url, rps = 30, env = {} }: FunctionsOptions = {},
): Promise<Functions> {
  const [issuer, redis, simulator] = await Promise.all([
    startTestIssuer(),
    startRedis(),
    startSimulator({ chats: maxChats, rps, drift: 0, goneRate: 0, switches: { latency_ms: 0, jitter_ms: 0 } }),
  ]);
  const { tables, history } = await createDatabase(connectDynamo(inject('dynamodbEndpoint')));
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const sqs = new SQSClient({ endpoint: inject('sqsEndpoint'), region: 'eu-central-1', credentials });
  const sqsUrl = await reach('SQS', inject('sqsEndpoint'));
  const queuePaths = new Map<QueueName, string>();
  for (const queue of QUEUES) {
    const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: `${queue}-${randomUUID()}` }));
    // The host name of the URL can't be resolved here.
    queuePaths.set(queue, new URL(QueueUrl).pathname);
    vi.stubEnv(`${queue}_QUEUE_URL`, sqsUrl + new URL(QueueUrl).pathname);
  }
  const variables = {
    ...quietEnvironment,
    ...issuer.env,
    ...SECRETS,
    ...{ CHATS_TABLE: tables.chats, CHAT_POSTINGS_TABLE: tables.postings, STATE_TABLE: tables.state },
    HISTORY_TABLE: history,
    ...{ AWS_REGION: 'eu-central-1', AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' },
    ...{ AWS_ENDPOINT_URL_DYNAMODB: await reach('DynamoDB', inject('dynamodbEndpoint')), AWS_ENDPOINT_URL_SQS: sqsUrl },
    ...{ REDIS_URL: await reach('Redis', redis.url), MAX_API_URL: await reach('MAX', simulator.url) },
    // The shared limiter of a new Redis warms up first.
    ...{ MAX_API_TOKEN: simulator.token, MAX_API_FALLBACK_SHARE: '1' },
    ...{ MAX_API_RPS: String(rps), WEBHOOK_URL: 'http://127.0.0.1:1/webhooks/max', ...env },
  };
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);

  const load = async (name: string): Promise<unknown> => (await import(`../../functions/${name}/handler.ts`)).handler;
  const queueName = (queue: QueueName) => queuePaths.get(queue)?.split('/').at(-1);
  const record: Functions['record'] = (queue, body, messageId = randomUUID()) => ({
    ...{ messageId, receiptHandle: 'h', body, messageAttributes: {}, md5OfBody: '' },
    attributes: {
      ...{ ApproximateReceiveCount: '1', SentTimestamp: '', SenderId: '', ApproximateFirstReceiveTimestamp: '' },
    },
    ...{ eventSource: 'aws:sqs', awsRegion: 'eu-central-1' },
    eventSourceARN: `arn:aws:sqs:eu-central-1:0:${queueName(queue)}`,
  });

  return {
    ...{ issuer, redis, simulator, load, record },
    async call(name, { headers, ...asked } = {}) {
      const usual = { authorization: issuer.bearer(), 'content-type': 'application/json' };
      return ask(await load(name), { ...asked, headers: { ...usual, ...headers } });
    },
    async invoke(name, event = {}, ms = 60_000) {
      const handler = (await load(name)) as (event: unknown, context: unknown) => Promise<unknown>;
      const until = Date.now() + ms;
      const getRemainingTimeInMillis = () => Math.max(0, until - Date.now());
      return handler(event, { awsRequestId: 'i', functionName: name, getRemainingTimeInMillis });
    },
    async take(queue) {
      const QueueUrl = inject('sqsEndpoint') + queuePaths.get(queue);
      const Records: SQSRecord[] = [];
      for (;;) {
        const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
        if (Messages.length === 0) return { Records };
        for (const { Body = '', MessageId, ReceiptHandle } of Messages) {
          await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
          Records.push(record(queue, Body, MessageId));
        }
      }
    },
    async close() {
      sqs.destroy();
      issuer.stop();
      // The functions keep their connections, and the Redis from npm would wait for them.
      await Promise.all([redis.kill(), simulator.close()]);
    },
  };
}
