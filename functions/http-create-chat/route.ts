import * as z from 'zod';
import { chatFields } from '../../lib/chats/fields.ts';
import { defineRoute } from '../../lib/http/route.ts';
import { chatDto } from '../../lib/http/schemas.ts';

const { name, url, max_chat_id, external_chat_id, university_id, department, source } = chatFields;

export const route = defineRoute({
  method: 'POST',
  path: '/chats',
  summary: 'Add a chat; a curator adds to the own university only',
  roles: ['superadmin', 'curator'],
  body: z.strictObject({
    name,
    url: url.default(null),
    max_chat_id: max_chat_id.default(null),
    external_chat_id: external_chat_id.default(null),
    university_id: university_id.optional().describe("null for none; a curator's own by default"),
    department: department.default(null),
    source: source.default(null),
  }),
  answers: { 201: { description: 'The chat; its count is asked for at once', schema: chatDto } },
  problems: [409],
});
