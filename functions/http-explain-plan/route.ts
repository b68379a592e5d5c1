import * as z from 'zod';
import { defineRoute, integerParam, timestamp } from '../../lib/http/route.ts';

const freshness = z.number().min(0).max(1);

export const route = defineRoute({
  method: 'GET',
  path: '/admin/participants/plan',
  summary: 'What the planner knows, and what it makes of its budget',
  roles: ['superadmin'],
  query: z.object({ rps: integerParam(1, 1_000).optional() }),
  answers: {
    200: {
      description:
        'With `rps` also what a quota of so many requests a second would give. Counts of chats are by a sample.',
      schema: () =>
        z.object({
          budget_per_hour: z.number(),
          requests_per_hour: z.number().nullable(),
          kappa: z.number().nullable().describe('right counts shown that a request must buy'),
          planned_at: timestamp.nullable(),
          chats: z.number().int(),
          due: z.number().int(),
          trusted: z.number().int().describe('every join and leave is told by an event'),
          dirty: z.number().int().describe('changed since they were read'),
          never_read: z.number().int(),
          sampled: z.number().int(),
          reads_per_hour: z.number().nullable(),
          median_changes_per_day: z.number().nullable(),
          expected_freshness: freshness
            .nullable()
            .describe('share of right counts among those shown, at this price and within the budget'),
          measured_freshness: freshness.nullable().describe('the same over the last day, as refreshes found it'),
          what_if: z
            .object({
              rps: z.number(),
              budget_per_hour: z.number(),
              kappa: z.number(),
              expected_freshness: freshness,
              requests_per_hour: z.number(),
            })
            .nullable(),
        }),
    },
  },
});
