import { LOG } from '../../lib/runtime/log-messages.ts';
import { instrumented, logger } from '../../lib/runtime/observability.ts';
import { reportPlan, reportStaleness } from '../../lib/runtime/reports.ts';
import { backgroundSync, measureStaleness, permits, planStale } from '../../lib/runtime/root.ts';

/** Kept of the function's time for the measurement and the answer, ms. */
const MARGIN_MS = 20_000;

export const handler = instrumented(async (_event: unknown, context): Promise<void> => {
  if (!backgroundSync()) {
    logger.info(LOG.planSkipped, { reason: 'the background sync is switched off' });
    return;
  }
  await permits().wake();
  reportStaleness(await measureStaleness()());
  reportPlan(await planStale()(Date.now() + context.getRemainingTimeInMillis() - MARGIN_MS));
});
