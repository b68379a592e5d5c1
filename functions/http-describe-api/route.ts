import * as z from 'zod';
import { defineRoute } from '../../lib/http/route.ts';

export const route = defineRoute({
  method: 'GET',
  path: '/openapi.json',
  operationId: 'describeApi',
  tag: 'service',
  summary: 'This document',
  roles: 'anyone',
  answers: {
    200: {
      description: 'OpenAPI 3.1',
      schema: () =>
        z
          .looseObject({ openapi: z.literal('3.1.0') })
          .meta({ description: 'An OpenAPI document', examples: [{ openapi: '3.1.0' }] }),
    },
  },
});
