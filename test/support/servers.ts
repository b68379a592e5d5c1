import type { TestProject } from 'vitest/node';
import { startDynamoDb } from '../../localstack/servers/dynamodb.ts';
import { startRedis } from '../../localstack/servers/redis.ts';
import { startSqs } from '../../localstack/servers/sqs.ts';
import { buildPages } from '../../web/build.ts';

/** The servers of a whole test run, in memory. Test files keep apart by names of tables, queues and keys of their own. */
declare module 'vitest' {
  interface ProvidedContext {
    readonly dynamodbEndpoint: string;
    readonly sqsEndpoint: string;
    readonly redisUrl: string;
    /** `redis-server 7.0.15`, `js-redis-server 0.3.0`, or where REDIS_URL points. */
    readonly redisKind: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env.REDIS_URL;
  await buildPages();
  const [dynamodb, sqs, redis] = await Promise.all([
    startDynamoDb(),
    startSqs('eu-central-1'),
    given ? { url: given, kind: `the Redis at ${new URL(given).host}`, stop: async () => {} } : startRedis(),
  ]);
  project.provide('dynamodbEndpoint', dynamodb.endpoint);
  project.provide('sqsEndpoint', sqs.endpoint);
  project.provide('redisUrl', redis.url);
  project.provide('redisKind', redis.kind);
  console.log(`tests use ${redis.kind}`);
  return async () => {
    await Promise.all([dynamodb.stop(), sqs.stop(), redis.stop()]);
  };
}
