import type { MaxErrorKind } from '../../lib/max-api/api.ts';
import type { Run } from '../../lib/state/run-store.ts';

/** `name{dimension,dimension}` of a metric. */
export const metricKey = (name: string, dimensions: readonly string[]): string =>
  `${name}{${dimensions.toSorted().join(',')}}`;

const KINDS: Record<MaxErrorKind, true> = {
  rate_limited: true,
  server: true,
  timeout: true,
  network: true,
  auth: true,
};

/** Every metric the service emits, with its dimensions, read from the log lines it writes for CloudWatch. */
export async function emittedMetrics(): Promise<{ readonly metrics: Set<string>; readonly kinds: Set<string> }> {
  // Read by Powertools when it is loaded; POWERTOOLS_DEV makes it write to the console at hand.
  Object.assign(process.env, {
    POWERTOOLS_DEV: 'true',
    // By default metrics are off then.
    POWERTOOLS_METRICS_DISABLED: 'false',
    POWERTOOLS_SERVICE_NAME: 'service',
    POWERTOOLS_METRICS_NAMESPACE: 'ChatParticipants',
    POWERTOOLS_LOG_LEVEL: 'SILENT',
  });
  const lines: string[] = [];
  const { log } = console;
  console.log = (line: string) => lines.push(line);
  try {
    const { metrics, telemetryMetrics, reportIssuerFailure } = await import('../../lib/runtime/observability.ts');
    const { reportBatch, reportPlan, reportRepair, reportRollUp, reportStaleness, reportSubscription, reportDelivery } =
      await import('../../lib/runtime/reports.ts');
    telemetryMetrics.lookedUp({ lookups: 2, hits: 1, staleHits: 1 });
    for (const error of Object.keys(KINDS))
      telemetryMetrics.requestedMax({ durationMs: 1, error: error as MaxErrorKind });
    telemetryMetrics.updated({ durationMs: 1, changed: true });
    telemetryMetrics.waitedForPermit({ durationMs: 1, granted: true });
    const counts = { done: 1, changed: 0, failed: 0, unavailable: 0 };
    const times = { startedAt: 0, progressedAt: 0 };
    const run: Run = { ...counts, ...times, id: 'r', expected: 1, planned: 1, cursor: null };
    reportBatch({ ...counts, superseded: 0, remaining: 0, outage: false }, 1, run);
    reportPlan({
      ...{ kind: 'planned', chats: 1, messages: 1, complete: true, putOff: 1, leftOver: 7, kappa: 0.1 },
      ...{ expectedFreshness: 0.9, measuredFreshness: 0.8, expectedAccuracy: 0.7, measuredAccuracy: 0.6 },
    });
    reportRepair({ chats: 1, chunks: 1, gaps: 0, orphans: 0, finished: true });
    reportStaleness({ total: 1, stale: 0, oldestSeconds: 1, fresherThanHour: 1 });
    reportRollUp({ finished: true, date: '2026-11-25', chats: 1, durationMs: 1 });
    reportDelivery({ kind: 'nothing', type: 'user_added' });
    reportDelivery({ kind: 'not_understood', type: 'none', fields: ['body'] });
    reportIssuerFailure(new Error('away'), 1);
    reportSubscription({ kind: 'fine' });
    metrics.publishStoredMetrics();
  } finally {
    console.log = log;
  }
  const documents = lines.map((line): Emf => JSON.parse(line));
  return {
    metrics: new Set(
      documents.flatMap(({ _aws }) =>
        _aws.CloudWatchMetrics.flatMap(({ Metrics, Dimensions }) =>
          Metrics.flatMap(({ Name }) => Dimensions.map((dimensions) => metricKey(Name, dimensions))),
        ),
      ),
    ),
    kinds: new Set(documents.flatMap(({ kind }) => kind ?? [])),
  };
}

interface Emf {
  readonly kind?: string;
  readonly _aws: {
    readonly CloudWatchMetrics: readonly {
      readonly Metrics: readonly { readonly Name: string }[];
      readonly Dimensions: readonly (readonly string[])[];
    }[];
  };
}
