import * as z from 'zod';
import { ROLES } from '../../lib/http/principal.ts';
import { defineRoute, integerParam, timestamp } from '../../lib/http/route.ts';
import { chatId, count } from '../../lib/http/schemas.ts';

const example = {
  ...{ sample_size: 3, checked: 2, matched: 1, mismatched: 1, unavailable: 1 },
  ...{ accuracy: 0.5, mean_abs_drift: 1, max_drift: 2 },
  mismatches: [{ chat_id: 123, shown: 57, actual: 59, drift: 2, participants_updated_at: '2026-11-25T11:42:07.512Z' }],
};

export const route = defineRoute({
  method: 'GET',
  path: '/admin/participants/validate',
  operationId: 'validateParticipants',
  tag: 'participants',
  summary: 'Compare a random sample of the served counts with MAX',
  description: 'Changes nothing. Every chat of the sample uses one request of the quota.',
  roles: ROLES,
  query: z.object({
    sample_size: integerParam(1, 500)
      .default(100)
      .meta({ description: 'Number of chats to compare', examples: [100] }),
  }),
  answers: {
    200: {
      description: 'The comparison. The drift of a chat is its count in MAX minus the served count.',
      schema: () =>
        z
          .object({
            sample_size: count(),
            checked: count().describe('Chats whose count MAX returned'),
            matched: count(),
            mismatched: count(),
            unavailable: count().describe('Chats that are not available in MAX'),
            accuracy: z.number().min(0).max(1).nullable().describe('matched / checked; null: no chat could be checked'),
            mean_abs_drift: z
              .number()
              .min(0)
              .nullable()
              .describe('Over the checked chats; a count that was never read is 0'),
            max_drift: count().nullable().describe('Largest absolute drift of a chat'),
            mismatches: z.array(
              z.object({
                chat_id: chatId(),
                shown: count().nullable(),
                actual: count(),
                drift: z.int(),
                participants_updated_at: timestamp.nullable(),
              }),
            ),
          })
          .meta({ examples: [example] }),
    },
  },
  problems: ['validation_under_way', 'max_unreachable', 'integration_disabled'],
});
