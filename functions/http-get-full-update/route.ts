import * as z from 'zod';
import { defineRoute } from '../../lib/http/route.ts';
import { runReport } from '../../lib/http/schemas.ts';

export const route = defineRoute({
  method: 'GET',
  path: '/admin/participants/full-update/{run_id}',
  operationId: 'getFullUpdate',
  tag: 'administration',
  summary: 'The progress of a full update',
  roles: ['superadmin'],
  params: z.object({
    run_id: z
      .uuid('must be the run_id of a full update')
      .meta({ description: 'The id of the full update', examples: ['0b8a5c1e-7d1f-4b52-9d53-3c1b8e0f6a11'] }),
  }),
  answers: { 200: { description: 'The run', schema: runReport } },
  problems: ['not_found'],
});
