import { chatUpdate } from '../../lib/max-api/updates.ts';
import { queueFunction } from '../../lib/runtime/queue-stack.ts';
import { applyUpdates, integrationDisabled } from '../../lib/runtime/root.ts';

/** The updates of one chat in a batch are one piece of work, whether there is one of them or a hundred. */
export const handler = queueFunction(
  chatUpdate,
  async (updates, _record, deadline) => {
    // What is missed meanwhile is found when the subscription is checked again.
    if (integrationDisabled()) return;
    await applyUpdates()(updates[0].chat_id, updates, deadline);
  },
  (update) => update.chat_id,
);
