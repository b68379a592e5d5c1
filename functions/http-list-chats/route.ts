import * as z from 'zod';
import { hasAtMost } from '../../lib/chats/fields.ts';
import { SORTS } from '../../lib/chats/sort-keys.ts';
import { ROLES } from '../../lib/http/principal.ts';
import { defineRoute, integerParam, named } from '../../lib/http/route.ts';
import { chatDto, chatExample, count } from '../../lib/http/schemas.ts';

const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, `must be one of ${values.join(', ')}`);

const chatPage = named('ChatPage', () =>
  z
    .object({
      data: z.array(chatDto()),
      total: count().nullable().describe('Chats in the whole listing'),
      limit: z.int().min(1).max(100),
      next_cursor: z.string().nullable().describe('For the next page; null: this is the last one'),
    })
    .meta({ examples: [{ data: [chatExample], total: 1, limit: 50, next_cursor: null }] }),
);

export const route = defineRoute({
  method: 'GET',
  path: '/chats/all',
  operationId: 'listChats',
  tag: 'chats',
  summary: 'Chats with their participant counts, a page at a time',
  roles: ROLES,
  query: z.object({
    limit: integerParam(1, 100)
      .default(50)
      .meta({ description: 'Most chats in the page', examples: [100] }),
    cursor: z
      .string()
      .regex(/^[A-Za-z0-9_-]{24,4096}$/, 'must be a next_cursor of this listing')
      .optional()
      .meta({
        description:
          'The `next_cursor` of the page before, for the page after it. It is valid for the same user, `sort_by`, `sort_order` and `search` only.',
        examples: ['bG9va3MgbGlrZSBhIGN1cnNvcltbMTIzXQ'],
      }),
    sort_by: oneOf(SORTS)
      .default('id')
      .meta({ description: 'What the chats are sorted by', examples: ['name'] }),
    sort_order: oneOf(['asc', 'desc'])
      .default('asc')
      .meta({ description: 'Ascending or descending', examples: ['asc'] }),
    search: z
      .string()
      .refine((text) => hasAtMost(text, 200), 'must have at most 200 characters')
      .refine((text) => text.isWellFormed(), 'must not contain broken characters')
      .optional()
      .meta({
        maxLength: 200,
        description:
          'Words, each the beginning of a word of the name or the department; case and the difference of ё and е do not matter',
        examples: ['ивт деканат'],
      }),
  }),
  answers: {
    200: {
      description:
        'A page. With a search, `total` is null, and a page with fewer chats than `limit` may have a next one.',
      schema: chatPage,
    },
  },
});
