import { LOG } from '../../lib/runtime/log-messages.ts';
import { logger } from '../../lib/runtime/observability.ts';
import { queueFunction } from '../../lib/runtime/queue-stack.ts';
import { fullUpdateDeps } from '../../lib/runtime/root.ts';
import { planFullUpdate } from '../../lib/scheduling/full-update.ts';
import { planMessage } from '../../lib/state/queues.ts';

export const handler = queueFunction(planMessage, async ([{ run_id }], _record, deadline) => {
  const outcome = await planFullUpdate(fullUpdateDeps(), run_id, deadline);
  logger.info(LOG.fullUpdatePlanned, { run_id, outcome });
});
