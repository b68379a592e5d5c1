import { LOG } from '../../lib/runtime/log-messages.ts';
import { instrumented, logger } from '../../lib/runtime/observability.ts';
import { backgroundSync, startFullUpdate } from '../../lib/runtime/root.ts';

export const handler = instrumented(async (): Promise<void> => {
  if (!backgroundSync()) {
    logger.info(LOG.planSkipped, { reason: 'the background sync is switched off' });
    return;
  }
  const { started, run } = await startFullUpdate()();
  logger.info(started ? LOG.fullUpdateStarted : LOG.fullUpdateUnderWay, { run_id: run.run_id, total: run.total });
});
