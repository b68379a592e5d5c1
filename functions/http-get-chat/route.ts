import * as z from 'zod';
import { ROLES } from '../../lib/http/principal.ts';
import { defineRoute, idParam } from '../../lib/http/route.ts';
import { chatDto } from '../../lib/http/schemas.ts';

export const route = defineRoute({
  method: 'GET',
  path: '/chats/{id}',
  operationId: 'getChat',
  tag: 'chats',
  summary: 'One chat with its participant count',
  roles: ROLES,
  params: z.object({ id: idParam }),
  answers: { 200: { description: 'The chat', schema: chatDto } },
  problems: ['not_found'],
});
