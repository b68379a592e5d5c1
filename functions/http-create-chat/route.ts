import * as z from 'zod';
import { chatFields } from '../../lib/chats/fields.ts';
import { defineRoute } from '../../lib/http/route.ts';
import { chatDto } from '../../lib/http/schemas.ts';

const { name, url, max_chat_id, external_chat_id, university_id, department, source } = chatFields;

export const route = defineRoute({
  method: 'POST',
  path: '/chats',
  operationId: 'createChat',
  tag: 'chats',
  summary: 'Add a chat',
  description: 'Curators can add chats only to their own university.',
  roles: ['superadmin', 'curator'],
  body: z
    .strictObject({
      name,
      url: url.default(null),
      max_chat_id: max_chat_id.default(null),
      external_chat_id: external_chat_id.default(null),
      university_id: university_id
        .optional()
        .describe('null: none. By default none for superadmins, and their own for curators'),
      department: department.default(null),
      source: source.default(null),
    })
    .meta({ id: 'NewChat' }),
  bodyExample: {
    name: 'ИВТ-21, деканат',
    url: 'https://max.ru/join/oooygfdz',
    max_chat_id: '-68000000500532',
    university_id: 1,
  },
  answers: {
    201: { description: 'The chat. Its count is requested from MAX at once.', schema: chatDto, location: true },
  },
  problems: ['max_chat_id_taken'],
});
