import { LOG } from '../../lib/runtime/log-messages.ts';
import { instrumented, logger } from '../../lib/runtime/observability.ts';
import { reportSubscription } from '../../lib/runtime/reports.ts';
import { checkSubscription, integrationDisabled, webhookUrl } from '../../lib/runtime/root.ts';

const MARGIN_MS = 5_000;

export const handler = instrumented(async (_event: unknown, context): Promise<void> => {
  const url = webhookUrl();
  if (!url || integrationDisabled()) {
    logger.info(LOG.subscriptionUnused, { reason: url ? 'the integration is disabled' : 'there is no WEBHOOK_URL' });
    return;
  }
  const deadline = Date.now() + context.getRemainingTimeInMillis() - MARGIN_MS;
  reportSubscription(await checkSubscription()(url, deadline));
});
