/** P1's peer: the packages of the listing function, imported in the simplest way, all at the start. */
import { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { Metrics } from '@aws-lambda-powertools/metrics';
import { logMetrics } from '@aws-lambda-powertools/metrics/middleware';
import { Tracer } from '@aws-lambda-powertools/tracer';
import { captureLambdaHandler } from '@aws-lambda-powertools/tracer/middleware';
import { DynamoDB } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocument } from '@aws-sdk/lib-dynamodb';
import middy from '@middy/core';
import { Redis } from 'ioredis';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { z } from 'zod';

const logger = new Logger();
const metrics = new Metrics();
const tracer = new Tracer();
const request = z.object({
  token: z.string(),
  query: z.object({ limit: z.coerce.number().int().min(1).max(100).default(50) }),
});
const tables = DynamoDBDocument.from(new DynamoDB({ region: 'eu-central-1' }));
const redis = new Redis('redis://127.0.0.1', { lazyConnect: true });
const keys = createRemoteJWKSet(new URL('http://127.0.0.1/jwks.json'));

export const handler = middy()
  .use(injectLambdaContext(logger))
  .use(logMetrics(metrics))
  .use(captureLambdaHandler(tracer))
  .handler(async (event: unknown) => {
    const { token, query } = request.parse(event);
    await jwtVerify(token, keys);
    const { limit } = query;
    const page = await tables.query({ TableName: 'chats', Limit: limit });
    return { page, counts: await redis.mget((page.Items ?? []).map(({ id }) => String(id))) };
  });
