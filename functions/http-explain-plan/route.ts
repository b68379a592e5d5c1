import * as z from 'zod';
import { defineRoute, integerParam, named, timestamp } from '../../lib/http/route.ts';
import { count } from '../../lib/http/schemas.ts';

const freshness = () => z.number().min(0).max(1);
const rate = () => z.number().min(0);

const what_if = {
  rps: 60,
  budget_per_hour: 151_200,
  kappa: 0.021,
  expected_freshness: 0.981,
  requests_per_hour: 151_200,
};
const example = {
  ...{ budget_per_hour: 75_600, requests_per_hour: 75_431.2, kappa: 0.043, planned_at: '2026-11-25T11:45:00.000Z' },
  ...{ chats: 150_000, due: 212, trusted: 96_300, dirty: 600, never_read: 0, sampled: 500 },
  ...{ fresher_than_hour: 0.914, subscription: { state: 'confirmed', since: '2026-11-02T09:15:03.118Z' } },
  ...{ reads_per_hour: 5_870.4, median_changes_per_day: 1.7, expected_freshness: 0.974, measured_freshness: 0.969 },
  ...{ expected_accuracy: 0.912, measured_accuracy: 0.905 },
  signals: { size: { slope: 0.41 }, last_event: { in_use: true, contradicted: 0.003 } },
  what_if,
};

const plan = named('Plan', () =>
  z
    .object({
      budget_per_hour: rate().describe('Requests to MAX in the budget of the planner'),
      requests_per_hour: rate().nullable().describe('Requests that the chats need at the present price'),
      kappa: rate().nullable().describe('The shadow price: correct views that a refresh must be expected to gain'),
      planned_at: timestamp.nullable().describe('null: the background sync has not run yet'),
      chats: count(),
      due: count().describe('Exact number of chats that are due for a refresh'),
      trusted: count().describe('Chats with trusted events: MAX sends one for every change'),
      dirty: count().describe('Chats that changed since their count was read'),
      never_read: count(),
      fresher_than_hour: freshness()
        .nullable()
        .describe('Share of counts that are less than an hour old. Estimated from the sample; null if it is empty'),
      subscription: z
        .object({ state: z.enum(['confirmed', 'lost', 'none']), since: timestamp.nullable() })
        .describe(
          'The subscription to events of MAX. confirmed: every check since `since` has found it; lost: none has for an hour or more, the last one at `since`; none: no check has found it yet',
        ),
      sampled: count().describe('Size of the sample from which the numbers of chats are estimated'),
      reads_per_hour: rate().nullable().describe('Views of counts by people'),
      median_changes_per_day: rate().nullable().describe('Joins and leaves per day of the median chat'),
      expected_freshness: freshness()
        .nullable()
        .describe('Expected share of correct views over the last day; a chat counts as often as it was viewed'),
      measured_freshness: freshness().nullable().describe('The same share, measured by refreshes'),
      expected_accuracy: freshness()
        .nullable()
        .describe('Expected share of correct counts among all chats now, viewed or not. Estimated from the sample'),
      measured_accuracy: freshness()
        .nullable()
        .describe('Share of correct counts among all chats over the last day, viewed or not, measured by refreshes'),
      signals: z
        .object({
          size: z
            .object({ slope: z.number().min(-2).max(2).nullable() })
            .describe(
              'How much more often large chats change: the slope of ln(changes) over ln(1 + participants); null before any count is known',
            ),
          last_event: z
            .object({ in_use: z.boolean(), contradicted: freshness().nullable() })
            .describe(
              'Whether `last_event_time` of MAX is used to learn how often chats change. contradicted: share of the changed counts whose last event was older than the previous reading; above 0.02 it is not used',
            ),
        })
        .nullable()
        .describe('The signals for change rates beside the differences of counts; null before the first sync'),
      what_if: z
        .object({
          rps: z.int().min(1).max(1_000),
          budget_per_hour: rate(),
          kappa: rate(),
          expected_freshness: freshness(),
          requests_per_hour: rate(),
        })
        .nullable()
        .describe(
          'The long-term result of a quota of `rps` requests per second; null without `rps`, and before the first sync',
        ),
    })
    .meta({ examples: [example] }),
);

export const route = defineRoute({
  method: 'GET',
  path: '/admin/participants/plan',
  operationId: 'explainPlan',
  tag: 'administration',
  summary: 'The state of the planner, and how it spends its budget',
  roles: ['superadmin'],
  query: z.object({
    rps: integerParam(1, 1_000)
      .optional()
      .meta({
        description: 'Another quota in requests per second; `what_if` shows its result',
        examples: [60],
      }),
  }),
  answers: {
    200: { description: 'Numbers of chats are estimated from a sample, except `chats` and `due`.', schema: plan },
  },
});
