import { chatUpdate } from '../../lib/max-api/updates.ts';
import { queueFunction } from '../../lib/runtime/queue-stack.ts';
import { applyUpdates, integrationDisabled } from '../../lib/runtime/root.ts';

/** Handles all updates of one chat in a batch together. */
export const handler = queueFunction(
  chatUpdate,
  async (updates, _record, deadline) => {
    // Updates that are lost meanwhile are covered by the full update after the next check of the subscription.
    if (integrationDisabled()) return;
    await applyUpdates()(updates[0].chat_id, updates, deadline);
  },
  (update) => update.chat_id,
);
