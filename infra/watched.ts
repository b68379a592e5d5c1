import { METRICS } from '../lib/runtime/metric-names.ts';

/** What alarms and dashboards look at. */
export interface Watched {
  /** Service and stage, with which all names begin. */
  readonly prefix: string;
  readonly functions: readonly { readonly key: string; readonly name: string; readonly timeoutMs: number }[];
  /** Logical ids of the queues that functions work off. */
  readonly queues: readonly string[];
  /** Ids of the nodes of the stack's own Redis. */
  readonly cacheNodes: readonly string[];
  /** Requests a second MAX allows. */
  readonly rps: number;
  /** Seconds between two background syncs; `undefined` while they are switched off. */
  readonly syncIntervalS: number | undefined;
}

/** CloudFormation's own values: a text, or a reference. */
export type Value = string | { readonly Ref: string } | { readonly 'Fn::GetAtt': readonly [string, string] };

export interface Metric {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, Value>>;
  readonly stat: string;
}

type OwnName = (typeof METRICS)[keyof typeof METRICS];

/** What the service emits (lib/runtime/observability.ts), under the dimension Powertools gives every metric. */
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

/** The operations used on each table, as DynamoDB counts throttling. */
export const TABLES = {
  ChatsTable: ['GetItem', 'BatchGetItem', 'Query', 'UpdateItem', 'TransactWriteItems'],
  ChatPostingsTable: ['Query', 'BatchGetItem', 'Scan', 'TransactWriteItems'],
  StateTable: ['GetItem', 'PutItem', 'UpdateItem', 'TransactWriteItems'],
  HistoryTable: ['GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem'],
} as const;

/** Hits of all lookups, so that a busy minute weighs more than a quiet one; nothing where nobody looked. */
export const hitRate = (prefix: string) => ({
  expression: 'hits / lookups',
  metrics: { hits: own(prefix, METRICS.cacheHits), lookups: own(prefix, METRICS.cacheLookups) },
});

/** Of one type, as lib/runtime/reports.ts counts them. */
export const updatesOf = (prefix: string, type: string): Metric =>
  own(prefix, METRICS.updatesReceived, 'Sum', { type });

/** As `metrics.singleMetric()` adds it in lib/runtime/observability.ts. */
export const maxErrorsOf = (prefix: string, kind: 'timeout' | 'rate_limited' | 'server' | 'network' | 'auth'): Metric =>
  own(prefix, METRICS.maxErrors, 'Sum', { kind });
