import { Problem } from '../../lib/http/problem.ts';
import { sameSecret } from '../../lib/http/secret.ts';
import { openHttpFunction } from '../../lib/http/stack.ts';
import { readDelivery } from '../../lib/max-api/updates.ts';
import { LOG } from '../../lib/runtime/log-messages.ts';
import { logger } from '../../lib/runtime/observability.ts';
import { reportUpdate } from '../../lib/runtime/reports.ts';
import { updateQueue, webhookSecret } from '../../lib/runtime/root.ts';
import { route } from './route.ts';

/** Round trips: 1 SendMessage. Anything but a 200 makes MAX repeat the delivery. */
export const handler = openHttpFunction(route, async ({ body, header }) => {
  if (!sameSecret(header('x-max-bot-api-secret'), await webhookSecret()())) {
    throw new Problem('unauthorized', { detail: 'The secret of the subscription is missing or wrong.' });
  }
  const delivery = readDelivery(body);
  if (delivery.kind === 'malformed') {
    throw new Problem('invalid_request', {
      detail: 'This is no update.',
      errors: delivery.fields.map((field) => ({ field, message: 'is missing or of another type' })),
    });
  }
  reportUpdate(delivery.type);
  if (delivery.kind === 'update') {
    try {
      await updateQueue().send(delivery.update);
    } catch (error) {
      logger.error(LOG.updateNotTaken, { error: error as Error });
      throw new Problem('unavailable', { detail: 'The update could not be queued; deliver it again.' });
    }
  }
  return { status: 200, body: { success: true } };
});
