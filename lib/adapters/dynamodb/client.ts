import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { AWS_LIMITS, limitedClient } from '../../base/limits.ts';

/**
 * Creates a client with its own pool of keep-alive connections (the SDK's default). Each execution environment needs one. It
 * connects at the first request.
 * Without `endpoint`, the SDK uses `AWS_ENDPOINT_URL_DYNAMODB`, `AWS_ENDPOINT_URL` or the region.
 */
export function createDynamo(
  options: Pick<DynamoDBClientConfig, 'endpoint' | 'region' | 'credentials'> = {},
): DynamoDBDocumentClient {
  const client = limitedClient(AWS_LIMITS, (limits) => new DynamoDBClient({ ...options, ...limits }));
  // The middleware copies every request and response for a log that is not used. That would be a tenth of a page's processor time.
  client.middlewareStack.remove('loggerMiddleware');
  return DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
}
