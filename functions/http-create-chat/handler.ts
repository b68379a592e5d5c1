import { toChatFields } from '../../lib/chats/fields.ts';
import { requireOwnUniversity } from '../../lib/http/principal.ts';
import { showChat } from '../../lib/http/show-chat.ts';
import { httpFunction } from '../../lib/http/stack.ts';
import { maxChatIdTaken } from '../../lib/http/visible.ts';
import { chatStore, clock, connectRedis, viewCounts } from '../../lib/runtime/root.ts';
import { route } from './route.ts';

/** Round trips: 1 UpdateItem (the id), 1 BatchWriteItem (words), 1 TransactWriteItems, then those of reading the new chat. */
export const handler = httpFunction(
  route,
  async ({ body, principal }) => {
    const own = principal.role === 'superadmin' ? null : principal.university_id;
    const university_id = body.university_id === undefined ? own : body.university_id;
    const fields = toChatFields({ ...body, university_id });
    requireOwnUniversity(principal, fields.universityId);
    const outcome = await chatStore().create(fields, clock.now());
    if (outcome.kind === 'max_chat_id_taken') throw await maxChatIdTaken(chatStore(), principal, outcome.by);
    const { stored } = outcome;
    return {
      status: 201,
      body: await showChat(viewCounts(), stored),
      headers: { location: `/chats/${stored.chat.id}` },
    };
  },
  [connectRedis],
);
