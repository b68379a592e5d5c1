import { queueFunction } from '../../lib/runtime/queue-stack.ts';
import { reportBatch } from '../../lib/runtime/reports.ts';
import { queueOf, refreshBatch, runStore } from '../../lib/runtime/root.ts';
import { refreshMessage } from '../../lib/state/queues.ts';

/**
 * Each of the two refresh queues has its own function with this handler, so that a full update never delays chats that people
 * view.
 */
export const handler = queueFunction(refreshMessage, async ([message], record, deadline) => {
  const startedAt = Date.now();
  const report = await refreshBatch()(queueOf(record.eventSourceARN), message, deadline);
  const run = message.run && (await runStore().get(message.run.id));
  reportBatch(report, Date.now() - startedAt, run);
});
