import * as z from 'zod';
import { chatFields } from '../../lib/chats/fields.ts';
import { defineRoute, idParam } from '../../lib/http/route.ts';
import { chatDto } from '../../lib/http/schemas.ts';

export const route = defineRoute({
  method: 'PATCH',
  path: '/chats/{id}',
  operationId: 'updateChat',
  tag: 'chats',
  summary: 'Change fields of a chat',
  description: 'Absent fields remain unchanged. A new max_chat_id deletes the count.',
  roles: ['superadmin', 'curator'],
  params: z.object({ id: idParam }),
  body: z
    .strictObject(chatFields)
    .partial()
    .refine(
      (fields) => Object.keys(fields).length > 0,
      `must name at least one of ${Object.keys(chatFields).join(', ')}`,
    )
    .meta({ id: 'ChatChanges', minProperties: 1 }),
  bodyExample: { name: 'ИВТ-22, деканат', department: null },
  answers: { 200: { description: 'The changed chat', schema: chatDto } },
  problems: ['not_found', 'max_chat_id_taken'],
});
