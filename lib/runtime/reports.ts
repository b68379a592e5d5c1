import { MetricUnit } from '@aws-lambda-powertools/metrics';
import type { SubscriptionOutcome } from '../events/check-subscription.ts';
import type { RepairReport } from '../listing/repair-postings.ts';
import { type Delivery, UPDATE_TYPES } from '../max-api/updates.ts';
import type { BatchReport } from '../refreshing/refresh-batch.ts';
import type { Staleness } from '../scheduling/explain-plan.ts';
import type { PlanStaleReport } from '../scheduling/plan-stale.ts';
import { type Run, statusOf } from '../state/run-store.ts';
import type { RollUpReport } from '../statistics/roll-up.ts';
import { LOG } from './log-messages.ts';
import { METRICS } from './metric-names.ts';
import { logger, metrics } from './observability.ts';

/** Reports the results of background work as one log line and metrics. */

/** @param run the full update of the message, as it is after this part. */
export function reportBatch(report: BatchReport, durationMs: number, run: Run | undefined): void {
  logger.info(LOG.batchRefreshed, { ...report, duration_ms: durationMs, ...(run ? { run_id: run.id } : {}) });
  metrics.addMetric(METRICS.chatsRefreshed, MetricUnit.Count, report.done - report.failed);
  metrics.addMetric(METRICS.chatsFailed, MetricUnit.Count, report.failed);
  if (!run) return;
  if (run.cursor === null && run.planned > 0) {
    metrics.addMetric(METRICS.fullUpdateProgress, MetricUnit.Percent, Math.min(100, (run.done / run.planned) * 100));
  }
  if (statusOf(run, run.progressedAt) === 'finished') {
    const { id: run_id, done, changed, failed, unavailable } = run;
    logger.info(LOG.fullUpdateFinished, { run_id, done, changed, failed, unavailable });
    metrics.addMetric(METRICS.fullUpdateFinished, MetricUnit.Count, 1);
    metrics.addMetric(METRICS.fullUpdateFailedChats, MetricUnit.Count, failed);
  }
}

export function reportPlan(report: PlanStaleReport): void {
  metrics.addMetric(METRICS.syncsDone, MetricUnit.Count, 1);
  if (report.kind === 'backlog') {
    logger.info(LOG.planSkipped, { reason: 'the previous plan is still queued', messages: report.messages });
    return;
  }
  const { kind: _, ...planned } = report;
  logger.info(LOG.planned, planned);
  metrics.addMetric(METRICS.chatsPlanned, MetricUnit.Count, report.chats);
  metrics.addMetric(METRICS.chatsLeftOver, MetricUnit.Count, report.leftOver);
  const shares = { expectedFreshness: report.expectedFreshness, measuredFreshness: report.measuredFreshness };
  for (const [name, share] of Object.entries(shares)) {
    if (share !== null) metrics.addMetric(METRICS[name as keyof typeof shares], MetricUnit.Percent, share * 100);
  }
}

/** @param report `undefined` if there was nothing to do. */
export function reportRollUp(report: RollUpReport | undefined): void {
  if (!report) {
    logger.info(LOG.rollUpNotDue);
    return;
  }
  const { finished, date, chats, durationMs } = report;
  logger.info(finished ? LOG.rolledUp : LOG.rollUpInterrupted, { date, chats, duration_ms: durationMs });
  metrics.addMetric(METRICS.rollUpsDone, MetricUnit.Count, finished ? 1 : 0);
  metrics.addMetric(METRICS.rollUpDuration, MetricUnit.Milliseconds, durationMs);
}

export function reportStaleness(staleness: Staleness): void {
  metrics.addMetric(METRICS.staleDataCount, MetricUnit.Count, staleness.stale);
  metrics.addMetric(METRICS.oldestCountAge, MetricUnit.Seconds, staleness.oldestSeconds);
  metrics.addMetric(METRICS.fresherThanHour, MetricUnit.Percent, staleness.fresherThanHour * 100);
}

export function reportRepair(report: RepairReport): void {
  logger.info(LOG.postingsRepaired, { ...report });
  metrics.addMetric(METRICS.postingGaps, MetricUnit.Count, report.gaps);
  metrics.addMetric(METRICS.postingOrphans, MetricUnit.Count, report.orphans);
  metrics.addMetric(METRICS.repairsFinished, MetricUnit.Count, report.finished ? 1 : 0);
}

/** Counts a delivery by its type. Unknown types are counted together, so that a sender can't create metrics. */
export function reportDelivery({ type, ...delivery }: Delivery): void {
  if (delivery.kind === 'not_understood') {
    logger.warn(LOG.updateNotUnderstood, { type, fields: delivery.fields });
    metrics.addMetric(METRICS.updatesNotUnderstood, MetricUnit.Count, 1);
  }
  const byType = metrics.singleMetric();
  const known: readonly string[] = UPDATE_TYPES;
  byType.addDimension('type', known.includes(type) ? type : 'other');
  byType.addMetric(METRICS.updatesReceived, MetricUnit.Count, 1);
}

export function reportSubscription(outcome: SubscriptionOutcome): void {
  const lost = outcome.kind === 'subscribed' && outcome.lostSince !== undefined;
  metrics.addMetric(METRICS.subscriptionLost, MetricUnit.Count, lost ? 1 : 0);
  metrics.addMetric(METRICS.subscriptionCheckFailed, MetricUnit.Count, outcome.kind === 'failed' ? 1 : 0);
  switch (outcome.kind) {
    case 'fine':
      logger.info(LOG.subscriptionFine);
      return;
    case 'failed':
      logger.error(LOG.subscriptionFailed, { reason: outcome.reason });
      return;
    case 'subscribed':
      if (outcome.lostSince === undefined) logger.info(LOG.subscribed);
      else logger.error(LOG.subscriptionLost, { last_seen: new Date(outcome.lostSince).toISOString() });
  }
}
