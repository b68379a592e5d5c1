/**
 * Returns the event of API Gateway for a page of 100 chats.
 * @param authorization the header of a caller who sees all chats.
 * @param headers further headers, with names in lower case.
 */
export const pageEvent = (
  authorization: string,
  query: Readonly<Record<string, string>> = {},
  headers: Readonly<Record<string, string>> = {},
) => ({
  version: '2.0',
  routeKey: 'GET /chats/all',
  rawPath: '/chats/all',
  headers: { authorization, ...headers },
  queryStringParameters: { limit: '100', ...query },
  requestContext: {
    requestId: 'bench-request',
    timeEpoch: Date.now(),
    http: { method: 'GET', path: '/chats/all', sourceIp: '127.0.0.1' },
  },
  isBase64Encoded: false,
});

export const context = {
  awsRequestId: 'bench-invocation',
  functionName: 'bench',
  functionVersion: '$LATEST',
  memoryLimitInMB: '1024',
  invokedFunctionArn: 'arn:aws:lambda:eu-central-1:000000000000:function:bench',
  getRemainingTimeInMillis: () => 10_000,
};

/** The environment variables of the function, without addresses. */
export const settings = {
  AWS_REGION: 'eu-central-1',
  AWS_ACCESS_KEY_ID: 'local',
  AWS_SECRET_ACCESS_KEY: 'local',
  NODE_OPTIONS: '--enable-source-maps',
  POWERTOOLS_TRACE_ENABLED: 'false',
  POWERTOOLS_SERVICE_NAME: 'bench',
  POWERTOOLS_METRICS_NAMESPACE: 'bench',
  POWERTOOLS_LOG_LEVEL: 'INFO',
  CURSOR_SECRET: 'a secret for benchmarks only',
  MAX_API_TOKEN: 'bench',
  MAX_API_FALLBACK_SHARE: '0',
};
