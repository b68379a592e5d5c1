import * as z from 'zod';
import { defineRoute } from '../../lib/http/route.ts';

export const route = defineRoute({
  method: 'POST',
  path: '/webhooks/max',
  operationId: 'receiveUpdates',
  tag: 'webhooks',
  summary: 'Events of MAX about its chats',
  roles: 'anyone',
  needsWebhookSecret: true,
  body: z.unknown().meta({ description: 'An `Update` of the MAX Bot API. Unknown bodies are accepted too.' }),
  bodyExample: { update_type: 'user_added', timestamp: 1_795_600_000_000, chat_id: -68_000_000_500_532 },
  readsBodyItself: true,
  answers: {
    200: {
      description: 'Accepted',
      schema: () => z.object({ success: z.literal(true) }).meta({ examples: [{ success: true }] }),
    },
  },
  problems: ['unauthorized', 'unavailable'],
});
