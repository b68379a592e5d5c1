import * as z from 'zod';
import { defineRoute } from '../../lib/http/route.ts';

export const route = defineRoute({
  method: 'POST',
  path: '/webhooks/max',
  summary: 'For MAX: what changed in its chats. Needs the secret of the subscription in X-Max-Bot-Api-Secret',
  roles: 'anyone',
  body: z.unknown(),
  readsBodyItself: true,
  answers: { 200: { description: 'Taken', schema: z.object({ success: z.literal(true) }) } },
  problems: [401, 503],
});
