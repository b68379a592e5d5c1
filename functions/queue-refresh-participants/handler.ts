import { queueFunction } from '../../lib/runtime/queue-stack.ts';
import { reportBatch } from '../../lib/runtime/reports.ts';
import { queueOf, refreshBatch, runStore } from '../../lib/runtime/root.ts';
import { refreshMessage } from '../../lib/state/queues.ts';

/** Both refresh queues have a function of their own with this handler, so that a full update never delays people's chats. */
export const handler = queueFunction(refreshMessage, async ([message], record, deadline) => {
  const startedAt = Date.now();
  const report = await refreshBatch()(queueOf(record.eventSourceARN), message, deadline);
  const run = message.run && (await runStore().get(message.run.id));
  reportBatch(report, Date.now() - startedAt, run);
});
