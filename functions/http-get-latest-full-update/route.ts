import * as z from 'zod';
import { defineRoute } from '../../lib/http/route.ts';
import { runExample, runReport } from '../../lib/http/schemas.ts';

export const route = defineRoute({
  method: 'GET',
  path: '/admin/participants/full-update',
  operationId: 'getLatestFullUpdate',
  tag: 'administration',
  summary: 'The full update that was started last',
  description: 'Whoever started it: a person, or the daily schedule.',
  roles: ['superadmin'],
  answers: {
    200: {
      description: 'The run; null: there was none in the last 30 days',
      schema: () => z.object({ run: runReport().nullable() }).meta({ examples: [{ run: runExample }] }),
    },
  },
});
