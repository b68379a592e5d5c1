import * as z from 'zod';
import { defineRoute, integerParam } from '../../lib/http/route.ts';
import { runExample, runReport } from '../../lib/http/schemas.ts';
import { MAX_LISTED_RUNS } from '../../lib/state/run-store.ts';

export const route = defineRoute({
  method: 'GET',
  path: '/admin/participants/full-update',
  operationId: 'listFullUpdates',
  tag: 'administration',
  summary: 'The full updates of the last 30 days',
  description:
    'Contains those that a person started, those of the daily schedule, and those after a lost event subscription.',
  roles: ['superadmin'],
  query: z.object({
    limit: integerParam(1, MAX_LISTED_RUNS)
      .default(MAX_LISTED_RUNS)
      .meta({ description: 'Largest number of full updates. 1: only the one that was started last', examples: [1] }),
  }),
  answers: {
    200: {
      description: 'The full updates, the newest first',
      schema: () => z.object({ data: z.array(runReport()) }).meta({ examples: [{ data: [runExample] }] }),
    },
  },
});
