import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { AWS_LIMITS, awsLimits, limitCalls } from '../../base/limits.ts';

/**
 * A client with its own pool of connections, kept alive (the SDK's default): one per execution environment. It connects at
 * the first request.
 * Without `endpoint` the SDK decides, by `AWS_ENDPOINT_URL_DYNAMODB`, `AWS_ENDPOINT_URL` or the region.
 */
export function createDynamo(
  options: Pick<DynamoDBClientConfig, 'endpoint' | 'region' | 'credentials'> = {},
): DynamoDBDocumentClient {
  const client = limitCalls(new DynamoDBClient({ ...options, ...awsLimits(AWS_LIMITS) }), AWS_LIMITS);
  // It copies every request and answer for a log that nobody keeps: a tenth of a page's processor time.
  client.middlewareStack.remove('loggerMiddleware');
  return DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
}
