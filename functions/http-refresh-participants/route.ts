import * as z from 'zod';
import { ROLES } from '../../lib/http/principal.ts';
import { defineRoute, idParam, timestamp } from '../../lib/http/route.ts';

export const route = defineRoute({
  method: 'POST',
  path: '/chats/{id}/refresh-participants',
  summary: 'Read the participant count of one chat from MAX now',
  roles: ROLES,
  params: z.object({ id: idParam }),
  answers: {
    200: {
      description: 'The count MAX gave just now. A 503 says why MAX could not be asked, with `last_known`.',
      schema: z.object({
        status: z.literal('updated'),
        chat_id: z.number().int(),
        participants_count: z.number().int(),
        updated_at: timestamp,
        source: z.literal('api'),
      }),
    },
  },
  problems: [404, 409, 503],
});
