import * as z from 'zod';
import { SORTS } from '../../lib/chats/sort-keys.ts';
import { chatFilters } from '../../lib/http/chat-filters.ts';
import { ROLES } from '../../lib/http/principal.ts';
import { defineRoute, integerParam, named } from '../../lib/http/route.ts';
import { chatDto, chatExample, count } from '../../lib/http/schemas.ts';

const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, `must be one of ${values.join(', ')}`);

const chatPage = named('ChatPage', () =>
  z
    .object({
      data: z.array(chatDto()),
      total: count().describe('Number of chats on all pages'),
      limit: z.int().min(1).max(100),
      next_cursor: z.string().nullable().describe('The cursor of the next page; null: this is the last page'),
    })
    .meta({ examples: [{ data: [chatExample], total: 1, limit: 50, next_cursor: null }] }),
);

export const route = defineRoute({
  method: 'GET',
  path: '/chats/all',
  operationId: 'listChats',
  tag: 'chats',
  summary: 'A page of chats with their participant counts',
  description:
    'Chats must match all given filters (`search`, `university_id`, `department`, `source`, `status`). A page has `limit` chats unless it is the last one.',
  roles: ROLES,
  query: z.object({
    limit: integerParam(1, 100)
      .default(50)
      .meta({ description: 'Largest number of chats on the page', examples: [100] }),
    cursor: z
      .string()
      .regex(/^[A-Za-z0-9_-]{24,4096}$/, 'must be a next_cursor of this listing')
      .optional()
      .meta({
        description: 'The `next_cursor` of the previous page. It is valid only for the same caller, order and filters.',
        examples: ['bG9va3MgbGlrZSBhIGN1cnNvcltbMTIzXQ'],
      }),
    sort_by: oneOf(SORTS)
      .default('id')
      .meta({ description: 'The field by which chats are sorted', examples: ['name'] }),
    sort_order: oneOf(['asc', 'desc'])
      .default('asc')
      .meta({ description: 'Ascending or descending', examples: ['asc'] }),
    ...chatFilters,
  }),
  answers: {
    200: { description: 'A page', schema: chatPage },
  },
});
