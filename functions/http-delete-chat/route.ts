import * as z from 'zod';
import { defineRoute, idParam } from '../../lib/http/route.ts';

export const route = defineRoute({
  method: 'DELETE',
  path: '/chats/{id}',
  operationId: 'deleteChat',
  tag: 'chats',
  summary: 'Remove a chat',
  roles: ['superadmin', 'curator'],
  params: z.object({ id: idParam }),
  answers: { 204: { description: 'Removed' } },
  problems: ['not_found'],
});
