import * as z from 'zod';
import { dayRange } from '../../lib/http/day-range.ts';
import { ROLES } from '../../lib/http/principal.ts';
import { defineRoute, integerParam, named, timestamp } from '../../lib/http/route.ts';
import { chatId, count, day } from '../../lib/http/schemas.ts';

const sums = {
  chats: () => count(),
  participants: () => count().describe('Sum of all known counts'),
  never_read: () => count().describe('Chats in MAX whose count was never read'),
  stale: () => count().describe('Active chats whose count was older than PARTICIPANTS_CACHE_TTL'),
};
const fields = () => ({
  ...{ chats: sums.chats(), participants: sums.participants(), never_read: sums.never_read(), stale: sums.stale() },
  fresher_than_hour: z
    .number()
    .min(0)
    .max(1)
    .nullable()
    .describe('Share of active chats whose count was less than an hour old; null: there were none, or it is not known'),
});

const mover = named('Mover', () =>
  z.object({ chat_id: chatId(), name: z.string(), before: count(), after: count() }).describe('A chat that changed'),
);
const movers = named('Movers', () =>
  z
    .object({
      since: day().nullable().describe('The day of comparison; null: there is no roll-up from that time'),
      grew: z.array(mover()).describe('The largest change first'),
      shrank: z.array(mover()),
    })
    .describe('The chats that grew and shrank most'),
);

const daySums = { chats: 150_000, participants: 9_412_306, never_read: 12, stale: 1_204, fresher_than_hour: 0.992 };
const example = {
  ...{ from: '2026-08-28', to: '2026-11-25', rolled_up_at: '2026-11-25T22:04:51.220Z' },
  days: [{ date: '2026-11-25', ...daySums, by_status: { active: 149_100, gone: 650, unlinked: 250 } }],
  course_days: ['2026-08-28', '2026-10-11', '2026-11-25'],
  universities: [
    {
      ...{ university_id: 1, chats: 3_410, participants: 201_377, never_read: 0, stale: 31, fresher_than_hour: 0.991 },
      ...{ participants_before: 198_020, since: '2026-08-28', course: [198_020, 200_118, 201_377] },
    },
  ],
  week: {
    ...{ since: '2026-11-18', grew: [{ chat_id: 123, name: 'ИВТ-21, деканат', before: 57, after: 98 }] },
    shrank: [],
  },
  month: { since: null, grew: [], shrank: [] },
};

const stats = named('Stats', () =>
  z
    .object({
      from: day(),
      to: day(),
      rolled_up_at: timestamp.nullable().describe('When the last roll-up ended; null: there was none'),
      days: z.array(
        z.object({
          date: day(),
          ...fields(),
          by_status: z
            .record(z.string(), count())
            .describe('Numbers of chats by status, without statuses that no chat has'),
        }),
      ),
      course_days: z
        .array(day())
        .nullable()
        .describe(
          'The first and the last day with a roll-up in the range, and some between them; null as `universities` is',
        ),
      universities: z
        .array(
          z.object({
            university_id: z.int().min(1),
            ...fields(),
            participants_before: count().nullable().describe('On the first day with a roll-up in the range'),
            since: day().describe('The first day with a roll-up in the range'),
            course: z
              .array(count().nullable())
              .describe('`participants` on each of `course_days`; null: it had no chats then'),
          }),
        )
        .nullable()
        .describe('On the last day with a roll-up in the range; null for callers who see only one university'),
      week: movers(),
      month: movers(),
    })
    .meta({ examples: [example] }),
);

export const route = defineRoute({
  method: 'GET',
  path: '/stats',
  operationId: 'getStats',
  tag: 'chats',
  summary: 'Sums of each day, and the chats that grew and shrank most',
  description:
    'Computed by a nightly roll-up: one entry for each day (UTC), for the chats that the caller may see. Entries expire after `PARTICIPANTS_HISTORY_DAYS`.',
  roles: ROLES,
  query: dayRange.extend({
    university_id: integerParam(1, Number.MAX_SAFE_INTEGER)
      .optional()
      .meta({
        description: 'Only this university. Only superadmins may name another one than their own',
        examples: [1],
      }),
  }),
  answers: { 200: { description: 'The statistics, oldest day first', schema: stats } },
});
