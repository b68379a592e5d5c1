import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

/** A request that has not connected or answered by then is repeated: DynamoDB answers in single milliseconds. */
const CONNECT_TIMEOUT_MS = 1_000;
const REQUEST_TIMEOUT_MS = 3_000;

/**
 * A client with its own pool of connections, kept alive (the SDK's default): one per execution environment. It connects at
 * the first request.
 * Without `endpoint` the SDK decides, by `AWS_ENDPOINT_URL_DYNAMODB`, `AWS_ENDPOINT_URL` or the region.
 */
export function createDynamo(
  options: Pick<DynamoDBClientConfig, 'endpoint' | 'region' | 'credentials'> = {},
): DynamoDBDocumentClient {
  const client = new DynamoDBClient({
    ...options,
    maxAttempts: 3,
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      throwOnRequestTimeout: true,
    },
  });
  // It copies every request and answer for a log that nobody keeps: a tenth of a page's processor time.
  client.middlewareStack.remove('loggerMiddleware');
  return DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
}
