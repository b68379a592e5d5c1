import * as z from 'zod';
import { defineRoute } from '../../lib/http/route.ts';
import { count, runExample, runStatus } from '../../lib/http/schemas.ts';

export const route = defineRoute({
  method: 'POST',
  path: '/admin/participants/full-update',
  operationId: 'startFullUpdate',
  tag: 'administration',
  summary: 'Refresh the counts of all chats',
  description: 'Only one full update can run at a time.',
  roles: ['superadmin'],
  answers: {
    202: {
      description: 'The full update has started; `status_url` shows its progress.',
      location: true,
      schema: () =>
        z
          .object({
            run_id: z.string(),
            status: runStatus(),
            total: count().describe('Number of chats'),
            estimated_seconds: count().describe('Estimated duration at the quota'),
            status_url: z.string(),
          })
          .meta({
            examples: [
              {
                run_id: runExample.run_id,
                status: 'planning',
                total: 150_000,
                estimated_seconds: 5_000,
                status_url: `/admin/participants/full-update/${runExample.run_id}`,
              },
            ],
          }),
    },
  },
  problems: ['run_under_way', 'integration_disabled'],
});
