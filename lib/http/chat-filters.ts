import * as z from 'zod';
import { SHOWN_STATUSES, type ShownStatus } from '../chats/chat.ts';
import { hasAtMost } from '../chats/fields.ts';
import { type ChatQuery, exactText, readSearch } from '../chats/query.ts';
import { type Principal, scopeIn } from './principal.ts';
import { integerParam } from './route.ts';

/** The filters of listings of chats, by their names in the API. A chat must match all of them. */

const text = (max: number) =>
  z
    .string()
    .refine((value) => hasAtMost(value, max), `must have at most ${max} characters`)
    .refine((value) => value.isWellFormed(), 'must not contain broken characters');

const value = (max: number, description: string, example: string) =>
  text(max)
    .refine((given) => given.trim() !== '', 'must not be blank')
    .optional()
    .meta({ minLength: 1, maxLength: max, pattern: '\\S', description, examples: [example] });

const statuses = z
  .string()
  .transform((given) => given.split(','))
  .pipe(z.array(z.enum(SHOWN_STATUSES, `must be one or several of ${SHOWN_STATUSES.join(', ')}`)).min(1))
  .optional()
  .meta({
    description: 'Only chats with one of these statuses; separated by commas, or repeated',
    examples: [['denied', 'gone']],
  });

export const chatFilters = {
  search: text(200)
    .optional()
    .meta({
      maxLength: 200,
      description:
        'Words, each a prefix of a word in the name or the department. Upper and lower case are equal, and so are ё and е. A complete `max_chat_id` or `source` also finds its chats',
      examples: ['ивт деканат'],
    }),
  university_id: integerParam(1, Number.MAX_SAFE_INTEGER)
    .optional()
    .meta({
      description:
        'Only chats of this university. Curators and operators may name only their own, which is the default',
      examples: [1],
    }),
  department: value(200, 'Only chats of this department, ignoring case', 'Факультет информатики'),
  source: value(64, 'Only chats from this source, ignoring case', 'academic'),
  status: statuses,
};

interface Filters {
  readonly search?: string | undefined;
  readonly university_id?: number | undefined;
  readonly department?: string | undefined;
  readonly source?: string | undefined;
  readonly status?: readonly ShownStatus[] | undefined;
}

/** Returns the query for a principal's filters. @throws {Problem} 403 if a principal of one university requests another one. */
export function queryOf(principal: Principal, filters: Filters): ChatQuery {
  const { search, university_id, department, source, status } = filters;
  return {
    scope: scopeIn(principal, university_id),
    search: readSearch(search ?? ''),
    department: department === undefined ? undefined : exactText(department),
    source: source === undefined ? undefined : exactText(source),
    statuses: [...new Set(status)],
  };
}
