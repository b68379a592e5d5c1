import { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import middy, { type MiddlewareObj } from '@middy/core';
import type { Context } from 'aws-lambda';
import type { Telemetry } from '../state/telemetry.ts';
import { flushParts } from './flushing.ts';
import { LOG } from './log-messages.ts';
import { METRICS } from './metric-names.ts';
import { tracing } from './tracing.ts';

/** Logs and metrics of this environment. The service name and the namespace come from environment variables (Powertools). */
export const logger = new Logger();
export const metrics = new Metrics();

/** Ends a function that takes too long, a short time before Lambda would do so without a response. */
export interface TimeLimit {
  /** The time that is left then, ms. */
  readonly timeoutEarlyInMillis: number;
  /** Returns the response, or throws. */
  readonly timeoutEarlyResponse: () => never;
}

/**
 * Middleware shared by all functions. Adds the invocation's context to every log line, and a trace if tracing is on. At the end,
 * it runs the registered flushes and publishes the metrics.
 * @param timeLimit by default the function ends with an error, 5 ms before Lambda would end it.
 */
export const instrumented = <E, R>(handle: (event: E, context: Context) => Promise<R>, timeLimit?: TimeLimit) =>
  middy<E, R, Error, Context>(timeLimit)
    .use(injectLambdaContext(logger, { resetKeys: true }))
    .use(flushMetrics())
    .use(tracing())
    .use({ after: flushParts, onError: flushParts })
    .handler(handle);

/** Publishes metrics. Powertools' own middleware is not used, because it warns about every invocation without metrics. */
function flushMetrics(): MiddlewareObj {
  const flush = () => {
    if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
  };
  return { after: flush, onError: flush };
}

/**
 * Reports that the issuer's keys could not be fetched.
 * @param ageMs the age of the keys that are used instead; `undefined` if there are none.
 */
export function reportIssuerFailure(error: Error, ageMs: number | undefined): void {
  logger.error(LOG.issuerUnreachable, { error, keys_age_s: ageMs === undefined ? null : Math.round(ageMs / 1_000) });
  if (ageMs !== undefined) metrics.addMetric(METRICS.issuerKeysAge, MetricUnit.Seconds, ageMs / 1_000);
}

/** Converts telemetry into metrics. */
export const telemetryMetrics: Telemetry = {
  lookedUp({ lookups, hits, staleHits }) {
    metrics.addMetric(METRICS.cacheLookups, MetricUnit.Count, lookups);
    metrics.addMetric(METRICS.cacheHits, MetricUnit.Count, hits);
    if (lookups > 0) metrics.addMetric(METRICS.cacheHitRate, MetricUnit.Percent, (100 * hits) / lookups);
    metrics.addMetric(METRICS.cacheStaleHits, MetricUnit.Count, staleHits);
  },
  requestedMax({ durationMs, error }) {
    metrics.addMetric(METRICS.maxRequests, MetricUnit.Count, 1);
    metrics.addMetric(METRICS.maxLatency, MetricUnit.Milliseconds, durationMs);
    if (!error) return;
    metrics.addMetric(METRICS.maxErrors, MetricUnit.Count, 1);
    const byKind = metrics.singleMetric();
    byKind.addDimension('kind', error);
    byKind.addMetric(METRICS.maxErrors, MetricUnit.Count, 1);
  },
  updated({ durationMs }) {
    metrics.addMetric(METRICS.updateDuration, MetricUnit.Milliseconds, durationMs);
  },
  waitedForPermit({ durationMs, granted }) {
    if (granted) metrics.addMetric(METRICS.permitsGranted, MetricUnit.Count, 1);
    metrics.addMetric(METRICS.permitWait, MetricUnit.Milliseconds, durationMs);
  },
};
