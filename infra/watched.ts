import { METRICS } from '../lib/runtime/metric-names.ts';

/** The resources that alarms and dashboards watch. */
export interface Watched {
  /** Service and stage, the prefix of all names. */
  readonly prefix: string;
  readonly functions: readonly { readonly key: string; readonly name: string; readonly timeoutMs: number }[];
  /** Logical ids of the queues with a consumer. */
  readonly queues: readonly string[];
  /** Ids of the nodes of the stack's own Redis. */
  readonly cacheNodes: readonly string[];
  /** Requests per second that MAX allows. */
  readonly rps: number;
  /** Seconds between two background syncs; `undefined` if they are off. */
  readonly syncIntervalS: number | undefined;
}

/** A value in CloudFormation: a text, or a reference. */
export type Value = string | { readonly Ref: string } | { readonly 'Fn::GetAtt': readonly [string, string] };

export interface Metric {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, Value>>;
  readonly stat: string;
}

type OwnName = (typeof METRICS)[keyof typeof METRICS];

/** Returns a metric of the service (lib/runtime/observability.ts), with the dimension that Powertools adds. */
export const own = (
  prefix: string,
  name: OwnName,
  stat = 'Sum',
  more: Readonly<Record<string, string>> = {},
): Metric => ({
  namespace: 'ChatParticipants',
  name,
  dimensions: { ...more, service: prefix },
  stat,
});

export const ofFunction = (FunctionName: string, name: string, stat = 'Sum'): Metric => ({
  namespace: 'AWS/Lambda',
  name,
  dimensions: { FunctionName },
  stat,
});

export const ofApi = (name: string, stat = 'Sum'): Metric => ({
  namespace: 'AWS/ApiGateway',
  name,
  dimensions: { ApiId: { Ref: 'HttpApi' } },
  stat,
});

export const ofQueue = (id: string, name: string, stat = 'Maximum'): Metric => ({
  namespace: 'AWS/SQS',
  name,
  dimensions: { QueueName: { 'Fn::GetAtt': [id, 'QueueName'] } },
  stat,
});

export const ofCache = (CacheClusterId: string, name: string, stat = 'Maximum'): Metric => ({
  namespace: 'AWS/ElastiCache',
  name,
  dimensions: { CacheClusterId },
  stat,
});

export const ofTable = (id: string, name: string, more: Readonly<Record<string, string>> = {}): Metric => ({
  namespace: 'AWS/DynamoDB',
  name,
  dimensions: { TableName: { Ref: id }, ...more },
  stat: 'Sum',
});

export const deadLettersOf = (queue: string): string => queue.replace(/Queue$/, 'DeadLetterQueue');

/** The operations on each table, by which DynamoDB reports throttling. */
export const TABLES = {
  ChatsTable: ['GetItem', 'BatchGetItem', 'Query', 'UpdateItem', 'TransactWriteItems'],
  ChatPostingsTable: ['Query', 'BatchGetItem', 'Scan', 'TransactWriteItems'],
  StateTable: ['GetItem', 'PutItem', 'UpdateItem', 'TransactWriteItems'],
  HistoryTable: ['GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem'],
} as const;

/** Returns the cache hit rate from sums of hits and lookups, so that busy minutes weigh more. There are no data without lookups. */
export const hitRate = (prefix: string) => ({
  expression: 'hits / lookups',
  metrics: { hits: own(prefix, METRICS.cacheHits), lookups: own(prefix, METRICS.cacheLookups) },
});

/** Returns the metric of deliveries of one type (lib/runtime/reports.ts). */
export const updatesOf = (prefix: string, type: string): Metric =>
  own(prefix, METRICS.updatesReceived, 'Sum', { type });

/** Returns the metric of errors of one kind (lib/runtime/observability.ts). */
export const maxErrorsOf = (prefix: string, kind: 'timeout' | 'rate_limited' | 'server' | 'network' | 'auth'): Metric =>
  own(prefix, METRICS.maxErrors, 'Sum', { kind });
