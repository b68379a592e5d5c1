import * as z from 'zod';
import { defineRoute } from '../../lib/http/route.ts';

export const route = defineRoute({
  method: 'POST',
  path: '/admin/participants/full-update',
  summary: 'Read the counts of all chats again; one run at a time',
  roles: ['superadmin'],
  answers: {
    202: {
      description: 'The run has started; follow `status_url`. A 409 carries the run that is under way.',
      schema: z.object({
        run_id: z.string(),
        status: z.string(),
        total: z.number().int(),
        estimated_seconds: z.number().int(),
        status_url: z.string(),
      }),
    },
  },
  problems: [409, 503],
});
