import * as z from 'zod';
import { chatFields } from '../../lib/chats/fields.ts';
import { defineRoute, idParam } from '../../lib/http/route.ts';
import { chatDto } from '../../lib/http/schemas.ts';

export const route = defineRoute({
  method: 'PATCH',
  path: '/chats/{id}',
  summary: 'Change fields of a chat; what is not named stays',
  roles: ['superadmin', 'curator'],
  params: z.object({ id: idParam }),
  body: z
    .strictObject(chatFields)
    .partial()
    .refine(
      (fields) => Object.keys(fields).length > 0,
      `must name at least one of ${Object.keys(chatFields).join(', ')}`,
    ),
  answers: { 200: { description: 'The chat as it is now; another MAX id drops the old count', schema: chatDto } },
  problems: [404, 409],
});
