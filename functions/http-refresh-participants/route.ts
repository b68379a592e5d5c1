import * as z from 'zod';
import { ROLES } from '../../lib/http/principal.ts';
import { defineRoute, idParam, timestamp } from '../../lib/http/route.ts';
import { chatId, count } from '../../lib/http/schemas.ts';

export const route = defineRoute({
  method: 'POST',
  path: '/chats/{id}/refresh-participants',
  operationId: 'refreshParticipants',
  tag: 'participants',
  summary: 'Fetch the participant count of one chat from MAX now',
  roles: ROLES,
  params: z.object({ id: idParam }),
  answers: {
    200: {
      description: 'The count that MAX has just returned',
      schema: () =>
        z
          .object({
            status: z.literal('updated'),
            chat_id: chatId(),
            participants_count: count(),
            updated_at: timestamp,
            source: z.literal('api'),
          })
          .meta({
            examples: [
              {
                status: 'updated',
                chat_id: 123,
                participants_count: 58,
                updated_at: '2026-11-25T12:00:03.480Z',
                source: 'api',
              },
            ],
          }),
    },
  },
  problems: ['not_found', 'no_max_chat', 'chat_unavailable', 'max_unreachable', 'integration_disabled'],
});
