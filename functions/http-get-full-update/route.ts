import * as z from 'zod';
import { defineRoute } from '../../lib/http/route.ts';
import { runReport } from '../../lib/http/schemas.ts';

export const route = defineRoute({
  method: 'GET',
  path: '/admin/participants/full-update/{run_id}',
  summary: 'How far a full update is',
  roles: ['superadmin'],
  params: z.object({ run_id: z.uuid('must be the run_id of a full update') }),
  answers: { 200: { description: 'The run', schema: runReport } },
  problems: [404],
});
