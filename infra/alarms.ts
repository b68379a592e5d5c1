import { METRICS } from '../lib/runtime/metric-names.ts';
import {
  deadLettersOf,
  hitRate,
  type Metric,
  maxErrorsOf,
  ofApi,
  ofCache,
  ofFunction,
  ofQueue,
  ofTable,
  own,
  TABLES,
  type Watched,
} from './watched.ts';

/** The alarms. Each has a heading in docs/runbooks/; a test compares them. */

interface Alarm {
  /** The heading of its runbook. */
  readonly name: string;
  /** The function, queue or table, if there is one alarm for each. */
  readonly of?: string;
  readonly runbook: 'api' | 'cache' | 'freshness' | 'max' | 'queues';
  /** `critical` wakes the person on call. */
  readonly severity: 'warning' | 'critical';
  readonly says: string;
  readonly metrics: Readonly<Record<string, Metric>>;
  /** Metric math over the ids of the metrics. By default the only metric. */
  readonly expression?: string;
  readonly is: '>' | '<';
  readonly threshold: number;
  readonly periodS: number;
  /** Number of evaluated periods, and how many of them must exceed the threshold (all by default). */
  readonly periods?: number;
  readonly breaching?: number;
  /** Whether missing data exceed the threshold. By default they don't. */
  readonly missing?: 'breaching';
  /** The condition of the template under which the alarm exists. */
  readonly condition?: string;
}

const HOUR_S = 3_600;

export function alarms(watched: Watched): Record<string, unknown> {
  const all = [
    ...cache(watched),
    ...max(watched),
    ...freshness(watched),
    ...statistics(watched),
    ...queues(watched),
    ...api(watched),
    ...functions(watched),
    ...tables(),
  ];
  return Object.fromEntries(all.map((alarm) => [idOf(alarm), resource(watched.prefix, alarm)]));
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
const idOf = ({ name, of = '' }: Alarm) => `${name}${capital(of)}`;

function cache({ prefix, cacheNodes }: Watched): Alarm[] {
  // Uses the maximum over the nodes, because the primary can change.
  const redis = (name: string, stat: string) => ({
    runbook: 'cache' as const,
    severity: 'warning' as const,
    metrics: Object.fromEntries(cacheNodes.map((node, i) => [`node${i}`, ofCache(node, name, stat)])),
    ...(cacheNodes.length > 1 ? { expression: `MAX([${cacheNodes.map((_, i) => `node${i}`).join(', ')}])` } : {}),
    is: '>' as const,
    periodS: 300,
    periods: 3,
    condition: 'CreatesCache',
  });
  return [
    {
      name: 'LowParticipantsCacheHitRate',
      runbook: 'cache',
      severity: 'warning',
      says: 'The cache hit rate of counts has been below 80 % for 5 minutes.',
      ...hitRate(prefix),
      is: '<',
      threshold: 0.8,
      periodS: 60,
      periods: 5,
    },
    {
      ...redis('DatabaseMemoryUsagePercentage', 'Maximum'),
      name: 'RedisMemory',
      says: 'Redis has used over 80 % of its memory for 15 minutes.',
      threshold: 80,
    },
    {
      ...redis('Evictions', 'Sum'),
      name: 'RedisEvictions',
      says: 'Redis has been evicting keys for 15 minutes, because its memory is full.',
      threshold: 0,
    },
    {
      ...redis('EngineCPUUtilization', 'Average'),
      name: 'RedisCpu',
      says: 'The main thread of Redis has used over 70 % of its processor for 15 minutes.',
      threshold: 70,
    },
    {
      ...redis('CurrConnections', 'Maximum'),
      name: 'RedisConnections',
      says: 'Redis has had over 800 connections for 15 minutes. Each execution environment has one, so there are far more than usual.',
      threshold: 800,
    },
  ];
}

function max({ prefix }: Watched): Alarm[] {
  return [
    {
      name: 'HighParticipantsAPIErrors',
      runbook: 'max',
      severity: 'warning',
      says: 'Requests to MAX have caused more than 0.05 errors a second over 5 minutes.',
      metrics: { errors: own(prefix, METRICS.maxErrors) },
      expression: 'errors / PERIOD(errors)',
      is: '>',
      threshold: 0.05,
      // CloudWatch moves this window every minute. A rate over five minutes remains too high for at least two minutes, because
      // the errors stay in the window. So a second period would only delay the alarm.
      periodS: 300,
    },
    {
      name: 'MaxTokenRefused',
      runbook: 'max',
      severity: 'critical',
      says: 'MAX refuses the token of the service (401), or the token can not be fetched from SSM. No counts are refreshed.',
      metrics: { refused: maxErrorsOf(prefix, 'auth') },
      is: '>',
      threshold: 0,
      periodS: 60,
      periods: 3,
      breaching: 2,
    },
    {
      name: 'MaxUnreachable',
      runbook: 'max',
      severity: 'critical',
      says: 'Over half of the requests to MAX have failed to connect or timed out for 5 minutes.',
      metrics: {
        network: maxErrorsOf(prefix, 'network'),
        timeout: maxErrorsOf(prefix, 'timeout'),
        requests: own(prefix, METRICS.maxRequests),
      },
      expression: '(FILL(network, 0) + FILL(timeout, 0)) / requests',
      is: '>',
      threshold: 0.5,
      periodS: 60,
      periods: 5,
    },
    ...(['A', 'B'] as const).map(
      (zone): Alarm => ({
        name: 'NatGatewayFull',
        of: zone,
        runbook: 'max',
        severity: 'warning',
        says: 'The NAT gateway had no free port for a connection to MAX or SSM.',
        metrics: {
          failed: {
            namespace: 'AWS/NATGateway',
            name: 'ErrorPortAllocation',
            dimensions: { NatGatewayId: { Ref: `NatGateway${zone}` } },
            stat: 'Sum',
          },
        },
        is: '>',
        threshold: 0,
        periodS: 300,
        condition: zone === 'A' ? 'CreatesNetwork' : 'CreatesSecondNat',
      }),
    ),
  ];
}

function statistics({ prefix }: Watched): Alarm[] {
  return [
    {
      name: 'RollUpMissed',
      runbook: 'freshness',
      severity: 'warning',
      says: 'No roll-up of the statistics has finished for 30 hours.',
      metrics: { done: own(prefix, METRICS.rollUpsDone) },
      is: '<',
      threshold: 1,
      periodS: HOUR_S,
      periods: 30,
      missing: 'breaching',
    },
  ];
}

function freshness({ prefix, syncIntervalS }: Watched): Alarm[] {
  // The schedules are off, so there is nothing to watch.
  if (syncIntervalS === undefined) return [];
  const growingS = Math.max(900, syncIntervalS);
  return [
    {
      name: 'NoSuccessfulSync',
      runbook: 'freshness',
      severity: 'critical',
      says: 'No background sync has succeeded for two intervals.',
      metrics: { syncs: own(prefix, METRICS.syncsDone) },
      is: '<',
      threshold: 1,
      periodS: syncIntervalS,
      periods: 2,
      missing: 'breaching',
    },
    {
      name: 'FullUpdateMissed',
      runbook: 'freshness',
      severity: 'warning',
      says: 'No full update has finished for 30 hours.',
      metrics: { finished: own(prefix, METRICS.fullUpdateFinished) },
      is: '<',
      threshold: 1,
      periodS: HOUR_S,
      periods: 30,
      missing: 'breaching',
    },
    {
      name: 'FullUpdateFailed',
      runbook: 'freshness',
      severity: 'warning',
      says: 'A full update has finished with more than 100 failed chats.',
      metrics: { failed: own(prefix, METRICS.fullUpdateFailedChats, 'Maximum') },
      is: '>',
      threshold: 100,
      periodS: 300,
    },
    {
      name: 'StaleCountGrowing',
      runbook: 'freshness',
      severity: 'warning',
      says: 'The number of stale counts has been growing for hours: refreshes are slower than counts become stale.',
      metrics: { stale: own(prefix, METRICS.staleDataCount, 'Average') },
      expression: 'DIFF(stale)',
      is: '>',
      threshold: 0,
      // Longer than the hour after a full update in which its counts become stale one after the other. CloudWatch evaluates at most
      // seven days.
      periodS: growingS,
      periods: Math.min(12, Math.floor((7 * 24 * HOUR_S) / growingS)),
      breaching: Math.min(10, Math.floor((7 * 24 * HOUR_S) / growingS)),
    },
    {
      name: 'PostingGaps',
      runbook: 'api',
      severity: 'warning',
      says: 'The nightly repair found chats that searches and filters could not find. It has added them.',
      metrics: { gaps: own(prefix, METRICS.postingGaps) },
      is: '>',
      threshold: 0,
      periodS: HOUR_S,
    },
    {
      name: 'PostingRepairMissed',
      runbook: 'api',
      severity: 'warning',
      says: 'The nightly repair of the posting lists has not finished for three days.',
      metrics: { finished: own(prefix, METRICS.repairsFinished) },
      is: '<',
      threshold: 1,
      periodS: 24 * HOUR_S,
      periods: 3,
      missing: 'breaching',
    },
    {
      name: 'SubscriptionLost',
      runbook: 'freshness',
      severity: 'warning',
      says: 'The webhook subscription was lost. The service has subscribed again and started a full update.',
      metrics: { lost: own(prefix, METRICS.subscriptionLost) },
      is: '>',
      threshold: 0,
      periodS: 300,
    },
    {
      name: 'UpdatesNotUnderstood',
      runbook: 'freshness',
      severity: 'warning',
      says: 'MAX delivers events in an unknown format. The service ignores them, so their chats are refreshed only by polling.',
      metrics: { unknown: own(prefix, METRICS.updatesNotUnderstood) },
      is: '>',
      threshold: 0,
      periodS: 300,
    },
    {
      name: 'SubscriptionNotChecked',
      runbook: 'freshness',
      severity: 'warning',
      says: 'The webhook subscription could not be checked or restored four times in an hour.',
      metrics: { failed: own(prefix, METRICS.subscriptionCheckFailed) },
      is: '>',
      threshold: 3,
      periodS: HOUR_S,
    },
  ];
}

/**
 * Accepted ages of the oldest message. Bulk refreshes may wait for a full update; express refreshes are sent up to 15 min ahead.
 */
const OLDEST_S: Readonly<Record<string, number>> = {
  BulkRefreshesQueue: 6 * HOUR_S,
  ExpressRefreshesQueue: HOUR_S / 2,
};
const OLDEST_OTHERWISE_S = HOUR_S / 4;

function queues(watched: Watched): Alarm[] {
  return watched.queues.flatMap((queue): Alarm[] => {
    const oldestS = OLDEST_S[queue] ?? OLDEST_OTHERWISE_S;
    return [
      {
        name: 'DeadLetters',
        of: queue,
        runbook: 'queues',
        severity: 'warning',
        says: `A message of ${queue} failed five times and was moved to the dead-letter queue.`,
        metrics: { dead: ofQueue(deadLettersOf(queue), 'ApproximateNumberOfMessagesVisible') },
        is: '>',
        threshold: 0,
        periodS: 300,
      },
      {
        name: 'OldestMessage',
        of: queue,
        runbook: 'queues',
        severity: 'warning',
        says: `A message of ${queue} has waited for more than ${oldestS / 60} minutes.`,
        metrics: { age: ofQueue(queue, 'ApproximateAgeOfOldestMessage') },
        is: '>',
        threshold: oldestS,
        periodS: 300,
        periods: 3,
      },
    ];
  });
}

function api({ prefix }: Watched): Alarm[] {
  return [
    {
      name: 'ApiServerErrors',
      runbook: 'api',
      severity: 'critical',
      says: 'Over 5 % of the responses have been 5xx for 10 minutes.',
      metrics: { errors: ofApi('5xx'), requests: ofApi('Count') },
      // With few requests, for example at night, one failed request must not raise the alarm.
      expression: 'IF(requests >= 20, errors / requests, 0)',
      is: '>',
      threshold: 0.05,
      periodS: 300,
      periods: 2,
    },
    {
      name: 'SlowAnswers',
      runbook: 'api',
      severity: 'warning',
      says: 'The 95th percentile of response times has been over 1.5 s for 15 minutes.',
      metrics: { latency: ofApi('Latency', 'p95') },
      is: '>',
      threshold: 1_500,
      periodS: 300,
      periods: 3,
    },
    {
      name: 'TokenIssuerUnreachable',
      runbook: 'api',
      severity: 'critical',
      says: 'The keys of the token issuer could not be fetched for over an hour. Known keys are used for a day.',
      metrics: { age: own(prefix, METRICS.issuerKeysAge, 'Maximum') },
      is: '>',
      threshold: HOUR_S,
      periodS: 300,
      periods: 3,
      breaching: 2,
    },
  ];
}

function functions(watched: Watched): Alarm[] {
  return watched.functions.flatMap(({ key, name, timeoutMs }): Alarm[] => [
    {
      name: 'FunctionErrors',
      of: key,
      runbook: 'api',
      severity: 'warning',
      says: `Over 5 % of the invocations of ${key} failed in 15 minutes.`,
      metrics: { errors: ofFunction(name, 'Errors'), invocations: ofFunction(name, 'Invocations') },
      expression: 'errors / invocations',
      is: '>',
      threshold: 0.05,
      periodS: 900,
    },
    {
      name: 'FunctionThrottled',
      of: key,
      runbook: 'api',
      severity: 'warning',
      says: `Over 5 % of the invocations of ${key} have been throttled for 15 minutes.`,
      metrics: { throttles: ofFunction(name, 'Throttles'), invocations: ofFunction(name, 'Invocations') },
      expression: 'throttles / (throttles + invocations)',
      is: '>',
      threshold: 0.05,
      periodS: 300,
      periods: 3,
    },
    {
      name: 'FunctionNearTimeout',
      of: key,
      runbook: 'api',
      severity: 'warning',
      // Workers end by themselves at 83 to 92 % of their timeout.
      says: `${key} has used over 95 % of its timeout of ${timeoutMs / 1_000} s, several times in 15 minutes.`,
      metrics: { duration: ofFunction(name, 'Duration', 'Maximum') },
      is: '>',
      threshold: 0.95 * timeoutMs,
      periodS: 300,
      periods: 3,
      breaching: 2,
    },
  ]);
}

function tables(): Alarm[] {
  return Object.entries(TABLES).map(([table, operations]) => ({
    name: 'DynamoDbThrottled',
    of: table,
    runbook: 'api',
    severity: 'warning',
    says: `DynamoDB has throttled more than 10 requests to ${table} in 5 minutes, twice in a row.`,
    metrics: Object.fromEntries(
      operations.map((Operation, i) => [`op${i}`, ofTable(table, 'ThrottledRequests', { Operation })]),
    ),
    expression: operations.map((_, i) => `FILL(op${i}, 0)`).join(' + '),
    is: '>',
    threshold: 10,
    periodS: 300,
    periods: 2,
  }));
}

function resource(prefix: string, alarm: Alarm) {
  const { name, of, runbook, severity, says, metrics, expression, is, threshold, periodS, periods = 1 } = alarm;
  const topic = { Ref: severity === 'critical' ? 'CriticalTopic' : 'WarningTopic' };
  return {
    Type: 'AWS::CloudWatch::Alarm',
    ...(alarm.condition ? { Condition: alarm.condition } : {}),
    Properties: {
      AlarmName: [prefix, name, ...(of ? [of] : [])].join('-'),
      AlarmDescription: `${says} What to do: docs/runbooks/${runbook}.md#${name.toLowerCase()}`,
      AlarmActions: [topic],
      OKActions: [topic],
      ...(expression ? { Metrics: maths(metrics, expression, periodS) } : plain(metrics, periodS)),
      ComparisonOperator: is === '>' ? 'GreaterThanThreshold' : 'LessThanThreshold',
      Threshold: threshold,
      EvaluationPeriods: periods,
      DatapointsToAlarm: alarm.breaching ?? periods,
      TreatMissingData: alarm.missing ?? 'notBreaching',
    },
  };
}

const dimensionsOf = ({ dimensions }: Metric) => Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }));

function maths(metrics: Readonly<Record<string, Metric>>, Expression: string, Period: number) {
  return [
    { Id: 'result', Expression, ReturnData: true },
    ...Object.entries(metrics).map(([Id, metric]) => ({
      Id,
      MetricStat: {
        Metric: { Namespace: metric.namespace, MetricName: metric.name, Dimensions: dimensionsOf(metric) },
        Stat: metric.stat,
        Period,
      },
      ReturnData: false,
    })),
  ];
}

function plain(metrics: Readonly<Record<string, Metric>>, Period: number) {
  const [metric, ...more] = Object.values(metrics);
  if (!metric || more.length > 0) throw new Error('An alarm on several metrics needs an expression');
  return {
    Namespace: metric.namespace,
    MetricName: metric.name,
    Dimensions: dimensionsOf(metric),
    ...(metric.stat.startsWith('p') ? { ExtendedStatistic: metric.stat } : { Statistic: metric.stat }),
    Period,
  };
}
