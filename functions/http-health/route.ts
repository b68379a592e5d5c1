import * as z from 'zod';
import { defineRoute } from '../../lib/http/route.ts';

const dependency = z.object({
  state: z.enum(['ok', 'down', 'disabled']),
  latency_ms: z.number().nullable(),
});

export const route = defineRoute({
  method: 'GET',
  path: '/health',
  summary: 'Whether the service and what it stands on work',
  roles: 'anyone',
  answers: {
    200: {
      description: '`degraded`: it serves, with a part of what it stands on missing',
      schema: z.object({
        status: z.enum(['ok', 'degraded']),
        dependencies: z.object({ dynamodb: dependency, redis: dependency, sqs: dependency, max: dependency }),
      }),
    },
  },
});
