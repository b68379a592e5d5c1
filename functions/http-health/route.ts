import * as z from 'zod';
import { defineRoute, named } from '../../lib/http/route.ts';

const dependency = named('Dependency', () =>
  z.object({
    state: z.enum(['ok', 'down', 'disabled']),
    latency_ms: z.number().min(0).nullable().describe('null: it did not respond, or was not checked'),
  }),
);
const ok = (latency_ms: number) => ({ state: 'ok', latency_ms });

export const route = defineRoute({
  method: 'GET',
  path: '/health',
  operationId: 'health',
  tag: 'service',
  summary: 'The state of the service and of its dependencies',
  roles: 'anyone',
  answers: {
    200: {
      description: '`degraded`: the service responds, but a dependency is down',
      schema: () =>
        z
          .object({
            status: z.enum(['ok', 'degraded']),
            dependencies: z.object({
              ...{ dynamodb: dependency(), redis: dependency(), sqs: dependency(), max: dependency() },
            }),
          })
          .meta({
            examples: [
              {
                status: 'degraded',
                dependencies: {
                  ...{ dynamodb: ok(4.2), redis: { state: 'down', latency_ms: null }, sqs: ok(6.1), max: ok(38.4) },
                },
              },
            ],
          }),
    },
  },
});
