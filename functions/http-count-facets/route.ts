import * as z from 'zod';
import { SHOWN_STATUSES } from '../../lib/chats/chat.ts';
import { chatFilters } from '../../lib/http/chat-filters.ts';
import { ROLES } from '../../lib/http/principal.ts';
import { defineRoute, named } from '../../lib/http/route.ts';
import { count } from '../../lib/http/schemas.ts';

const values = (value: z.ZodType) => z.array(z.object({ value, chats: z.int().min(1) }));

const facets = named('ChatFacets', () =>
  z
    .object({
      total: count().describe('Chats that match, as in the listing'),
      university_id: values(z.int().min(1)),
      department: values(z.string()).describe('The 100 departments with the most chats'),
      source: values(z.string()),
      status: values(z.enum(SHOWN_STATUSES)),
    })
    .meta({
      examples: [
        {
          total: 57,
          university_id: [{ value: 1, chats: 57 }],
          department: [{ value: 'Факультет информатики', chats: 41 }],
          source: [{ value: 'academic', chats: 50 }],
          status: [
            { value: 'active', chats: 55 },
            { value: 'gone', chats: 2 },
          ],
        },
      ],
    }),
);

export const route = defineRoute({
  method: 'GET',
  path: '/chats/facets',
  operationId: 'countFacets',
  tag: 'chats',
  summary: 'Numbers of matching chats by university, department, source and status',
  description:
    'Accepts the filters of `GET /chats/all`. Each list starts with the most frequent value. Chats without a university, department or source are not in its list.',
  roles: ROLES,
  query: z.object(chatFilters),
  answers: {
    200: { description: 'The values by filter', schema: facets },
  },
});
