import { LOG } from '../../lib/runtime/log-messages.ts';
import { logger } from '../../lib/runtime/observability.ts';
import { queueFunction } from '../../lib/runtime/queue-stack.ts';
import { planFullUpdate } from '../../lib/runtime/root.ts';
import { planMessage } from '../../lib/state/queues.ts';

export const handler = queueFunction(planMessage, async ([{ run_id }], _record, deadline) => {
  const outcome = await planFullUpdate()(run_id, deadline);
  logger.info(LOG.fullUpdatePlanned, { run_id, outcome });
});
