import * as z from 'zod';
import { SORTS } from '../../lib/chats/sort-keys.ts';
import { ROLES } from '../../lib/http/principal.ts';
import { defineRoute, integerParam } from '../../lib/http/route.ts';
import { chatDto } from '../../lib/http/schemas.ts';

const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, `must be one of ${values.join(', ')}`);

export const route = defineRoute({
  method: 'GET',
  path: '/chats/all',
  summary: 'Chats with their participant counts, a page at a time',
  roles: ROLES,
  query: z.object({
    limit: integerParam(1, 100).prefault('50'),
    cursor: z.string().max(4_096, 'must be a next_cursor of this listing').optional(),
    sort_by: oneOf(SORTS).default('id'),
    sort_order: oneOf(['asc', 'desc']).default('asc'),
    search: z
      .string()
      .max(200, 'must have at most 200 characters')
      .refine((text) => text.isWellFormed(), 'must not contain broken characters')
      .describe('words, each the beginning of a word of the name or the department; case and ё/е do not matter')
      .optional(),
  }),
  answers: {
    200: {
      description: 'A page. With a search, `total` is null and a page may be short and yet have a next one.',
      schema: () =>
        z.object({
          data: z.array(chatDto()),
          total: z.number().int().nullable(),
          limit: z.number().int(),
          next_cursor: z.string().nullable(),
        }),
    },
  },
});
