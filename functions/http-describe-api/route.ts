import { defineRoute } from '../../lib/http/route.ts';

export const route = defineRoute({
  method: 'GET',
  path: '/openapi.json',
  summary: 'This description',
  roles: 'anyone',
  answers: { 200: { description: 'OpenAPI 3.1' } },
});
