import { LOG } from '../../lib/runtime/log-messages.ts';
import { instrumented, logger } from '../../lib/runtime/observability.ts';
import { reportPlan, reportStaleness } from '../../lib/runtime/reports.ts';
import { backgroundSync, measureStaleness, permits, planStale } from '../../lib/runtime/root.ts';

/** Time of the function that is reserved for the measurement and the response, ms. */
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
