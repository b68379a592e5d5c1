import * as z from 'zod';
import { dayRange } from '../../lib/http/day-range.ts';
import { ROLES } from '../../lib/http/principal.ts';
import { defineRoute, idParam, named } from '../../lib/http/route.ts';
import { chatId, count, day } from '../../lib/http/schemas.ts';

const chatHistory = named('ChatHistory', () =>
  z
    .object({
      chat_id: chatId(),
      from: day(),
      to: day(),
      points: z.array(
        z
          .object({
            date: day(),
            first: count().describe('The count after the first change of the day'),
            min: count().describe('The smallest count after a change of the day'),
            max: count().describe('The largest count after a change of the day'),
            last: count().describe('The count after the last change of the day'),
          })
          .describe('A day on which the count changed'),
      ),
    })
    .meta({
      examples: [
        {
          ...{ chat_id: 123, from: '2026-08-28', to: '2026-11-25' },
          points: [
            { date: '2026-09-01', first: 31, min: 31, max: 54, last: 54 },
            { date: '2026-10-12', first: 55, min: 55, max: 58, last: 57 },
          ],
        },
      ],
    }),
);

export const route = defineRoute({
  method: 'GET',
  path: '/chats/{id}/history',
  operationId: 'getHistory',
  tag: 'chats',
  summary: 'The days on which the count of a chat changed',
  description:
    'Days without a change are omitted; the count of such a day is `last` of the previous point. Days are in UTC. Entries expire after `PARTICIPANTS_HISTORY_DAYS`.',
  roles: ROLES,
  params: z.object({ id: idParam }),
  query: dayRange,
  answers: { 200: { description: 'The points, oldest first', schema: chatHistory } },
  problems: ['not_found'],
});
