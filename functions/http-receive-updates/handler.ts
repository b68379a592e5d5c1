import { Problem } from '../../lib/http/problem.ts';
import { sameSecret } from '../../lib/http/secret.ts';
import { openHttpFunction } from '../../lib/http/stack.ts';
import { readDelivery } from '../../lib/max-api/updates.ts';
import { LOG } from '../../lib/runtime/log-messages.ts';
import { logger } from '../../lib/runtime/observability.ts';
import { reportDelivery } from '../../lib/runtime/reports.ts';
import { updateQueue, webhookSecret } from '../../lib/runtime/root.ts';
import { route } from './route.ts';

/**
 * Receives webhook deliveries from MAX. It checks the secret before it reads the body. If the secret is correct, the response is
 * 200, or 503 if the update could not be queued. MAX repeats deliveries without a 200, and unsubscribes a bot that never sends one.
 * Round trips: 1 SendMessage.
 */
export const handler = openHttpFunction(route, async ({ text, header }) => {
  if (!sameSecret(header('x-max-bot-api-secret'), await webhookSecret()())) {
    throw new Problem('unauthorized', { detail: 'The secret of the subscription is missing or wrong.' });
  }
  const delivery = readDelivery(text());
  reportDelivery(delivery);
  if (delivery.kind === 'update') {
    try {
      await updateQueue().send(delivery.update);
    } catch (error) {
      logger.error(LOG.updateNotTaken, { error: error as Error });
      throw new Problem('unavailable', {
        detail: 'The update could not be queued; deliver it again.',
        headers: { 'retry-after': '60' },
      });
    }
  }
  return { status: 200, body: { success: true } };
});
