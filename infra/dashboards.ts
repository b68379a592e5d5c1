import { UPDATE_TYPES } from '../lib/max-api/updates.ts';
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
  updatesOf,
  type Value,
  type Watched,
} from './watched.ts';

/** Two dashboards: `serves` shows whether the service works, `broke` shows what fails. */

interface Graph {
  readonly title: string;
  /** Lines by their labels. */
  readonly lines: Readonly<Record<string, Metric>>;
  /** Metric math over the lines, by the labels as ids. The lines themselves are then not shown. */
  readonly computed?: Readonly<Record<string, string>>;
}

const WIDTH = 8;
const HEIGHT = 6;
/** The width of CloudWatch's grid. */
const COLUMNS = 24;

export function dashboards(watched: Watched): Record<string, unknown> {
  return { ServesDashboard: dashboard(watched, 'serves', serves), BrokeDashboard: dashboard(watched, 'broke', broke) };
}

function serves({ prefix, rps }: Watched): Graph[] {
  const mine = (name: Parameters<typeof own>[1], stat?: string) => own(prefix, name, stat);
  const hits = hitRate(prefix);
  return [
    { title: 'Requests', lines: { all: ofApi('Count'), refused: ofApi('4xx'), failed: ofApi('5xx') } },
    {
      title: 'Response times, ms',
      lines: { p50: ofApi('Latency', 'p50'), p95: ofApi('Latency', 'p95'), p99: ofApi('Latency', 'p99') },
    },
    { title: 'Counts from Redis, share', lines: hits.metrics, computed: { 'hit rate': hits.expression } },
    { title: 'Counts from Redis, average of pages, %', lines: { 'hit rate': mine(METRICS.cacheHitRate, 'Average') } },
    { title: 'Counts fresher than an hour, %', lines: { fresh: mine(METRICS.fresherThanHour, 'Average') } },
    {
      title: 'Stale counts',
      lines: { stale: mine(METRICS.staleDataCount, 'Maximum'), shown: mine(METRICS.cacheStaleHits) },
    },
    { title: 'Oldest count, s', lines: { oldest: mine(METRICS.oldestCountAge, 'Maximum') } },
    {
      title: 'Quota of MAX used, %',
      lines: { requests: mine(METRICS.maxRequests) },
      computed: { used: `100 * requests / PERIOD(requests) / ${rps}` },
    },
    {
      title: 'From the decision to the stored count, ms',
      lines: { p50: mine(METRICS.updateDuration, 'p50'), p95: mine(METRICS.updateDuration, 'p95') },
    },
    {
      title: 'Background sync: chats',
      lines: {
        planned: mine(METRICS.chatsPlanned),
        'left over': mine(METRICS.chatsLeftOver),
        refreshed: mine(METRICS.chatsRefreshed),
        failed: mine(METRICS.chatsFailed),
      },
    },
    {
      title: 'Correct counts served, %',
      lines: {
        expected: mine(METRICS.expectedFreshness, 'Average'),
        measured: mine(METRICS.measuredFreshness, 'Average'),
      },
    },
    { title: 'Full update, % done', lines: { done: mine(METRICS.fullUpdateProgress, 'Maximum') } },
    {
      title: 'Full updates ended',
      lines: { finished: mine(METRICS.fullUpdateFinished), 'chats failed': mine(METRICS.fullUpdateFailedChats) },
    },
    {
      title: 'Posting lists repaired',
      lines: {
        gaps: mine(METRICS.postingGaps),
        orphans: mine(METRICS.postingOrphans),
        finished: mine(METRICS.repairsFinished),
      },
    },
    {
      title: 'Roll-ups of the statistics',
      lines: { done: mine(METRICS.rollUpsDone), ms: mine(METRICS.rollUpDuration, 'Maximum') },
    },
    { title: 'Background syncs', lines: { done: mine(METRICS.syncsDone) } },
    {
      title: 'Events of MAX',
      lines: Object.fromEntries([...UPDATE_TYPES, 'other'].map((type) => [type, updatesOf(prefix, type)])),
    },
    {
      title: 'Subscription to events',
      lines: {
        lost: mine(METRICS.subscriptionLost),
        'not checked': mine(METRICS.subscriptionCheckFailed),
        'not understood': mine(METRICS.updatesNotUnderstood),
      },
    },
  ];
}

const KINDS = ['timeout', 'rate_limited', 'server', 'network', 'auth'] as const;

function broke({ prefix, functions, queues, cacheNodes }: Watched): Graph[] {
  const byFunction = (name: string, stat?: string) =>
    Object.fromEntries(functions.map((f) => [f.key, ofFunction(f.name, name, stat)]));
  const byTable = (name: string) => Object.fromEntries(Object.keys(TABLES).map((id) => [id, ofTable(id, name)]));
  const byNode = (name: string, stat?: string) =>
    Object.fromEntries(cacheNodes.map((node) => [node, ofCache(node, name, stat)]));
  const throttled = Object.entries(TABLES).flatMap(([id, operations]) =>
    operations.map((Operation) => [`${id} ${Operation}`, ofTable(id, 'ThrottledRequests', { Operation })] as const),
  );
  return [
    { title: 'Function errors', lines: byFunction('Errors') },
    { title: 'Function throttles', lines: byFunction('Throttles') },
    { title: 'Longest invocation, ms', lines: byFunction('Duration', 'Maximum') },
    { title: 'Concurrent executions', lines: byFunction('ConcurrentExecutions', 'Maximum') },
    {
      title: 'Oldest message, s',
      lines: Object.fromEntries(queues.map((id) => [id, ofQueue(id, 'ApproximateAgeOfOldestMessage')])),
    },
    {
      title: 'Messages waiting',
      lines: Object.fromEntries(queues.map((id) => [id, ofQueue(id, 'ApproximateNumberOfMessagesVisible')])),
    },
    {
      title: 'Dead letters',
      lines: Object.fromEntries(
        queues.map((id) => [id, ofQueue(deadLettersOf(id), 'ApproximateNumberOfMessagesVisible')]),
      ),
    },
    {
      title: 'MAX: errors',
      lines: {
        all: own(prefix, METRICS.maxErrors),
        ...Object.fromEntries(KINDS.map((kind) => [kind, maxErrorsOf(prefix, kind)])),
      },
    },
    {
      title: 'MAX: response times, and waits for a permit, ms',
      lines: {
        'responses p50': own(prefix, METRICS.maxLatency, 'p50'),
        'responses p95': own(prefix, METRICS.maxLatency, 'p95'),
        'waits p95': own(prefix, METRICS.permitWait, 'p95'),
      },
    },
    { title: 'MAX: permits', lines: { granted: own(prefix, METRICS.permitsGranted) } },
    {
      title: 'Token issuer unreachable: age of the keys, s',
      lines: { age: own(prefix, METRICS.issuerKeysAge, 'Maximum') },
    },
    { title: 'DynamoDB: throttled requests', lines: Object.fromEntries(throttled) },
    { title: 'DynamoDB: write units', lines: byTable('ConsumedWriteCapacityUnits') },
    { title: 'DynamoDB: read units', lines: byTable('ConsumedReadCapacityUnits') },
    { title: 'Redis: memory, %', lines: byNode('DatabaseMemoryUsagePercentage') },
    { title: 'Redis: evicted keys', lines: byNode('Evictions', 'Sum') },
    { title: 'Redis: main thread, %', lines: byNode('EngineCPUUtilization', 'Average') },
    { title: 'Redis: connections', lines: byNode('CurrConnections') },
  ];
}

function dashboard(watched: Watched, name: string, graphs: (watched: Watched) => readonly Graph[]) {
  const widgets = graphs(watched).map((graph, i) => ({
    type: 'metric',
    x: (i * WIDTH) % COLUMNS,
    y: Math.floor((i * WIDTH) / COLUMNS) * HEIGHT,
    width: WIDTH,
    height: HEIGHT,
    properties: {
      title: graph.title,
      view: 'timeSeries',
      region: substituted({ Ref: 'AWS::Region' }),
      period: 300,
      yAxis: { left: { min: 0 } },
      metrics: [...linesOf(graph), ...computedOf(graph)],
    },
  }));
  return {
    Type: 'AWS::CloudWatch::Dashboard',
    Properties: {
      DashboardName: `${watched.prefix}-${name}`,
      DashboardBody: { 'Fn::Sub': JSON.stringify({ widgets }) },
    },
  };
}

const linesOf = ({ lines, computed }: Graph) =>
  Object.entries(lines).map(([label, { namespace, name, dimensions, stat }]) => [
    namespace,
    name,
    ...Object.entries(dimensions).flatMap(([key, value]) => [key, substituted(value)]),
    computed ? { id: label, stat, visible: false } : { label, stat },
  ]);

const computedOf = ({ computed = {} }: Graph) =>
  Object.entries(computed).map(([label, expression]) => [{ expression, label }]);

/** Returns a value for the body of a dashboard, which is one text for `Fn::Sub`. */
function substituted(value: Value): string {
  if (typeof value === 'string') return value;
  return 'Ref' in value ? `\${${value.Ref}}` : `\${${value['Fn::GetAtt'].join('.')}}`;
}
