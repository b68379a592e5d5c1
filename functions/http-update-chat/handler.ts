import { NEVER_COUNTED } from '../../lib/chats/chat.ts';
import { toChatFields } from '../../lib/chats/fields.ts';
import { requireOwnUniversity } from '../../lib/http/principal.ts';
import { Problem } from '../../lib/http/problem.ts';
import { showChat } from '../../lib/http/show-chat.ts';
import { httpFunction } from '../../lib/http/stack.ts';
import { maxChatIdTaken, visibleChat } from '../../lib/http/visible.ts';
import { chatStore, clock, connectRedis, counts, integrationDisabled, viewCounts } from '../../lib/runtime/root.ts';
import { route } from './route.ts';

export const handler = httpFunction(
  route,
  async ({ params, body, principal }) => {
    const before = await visibleChat(chatStore(), principal, params.id);
    if (body.university_id !== undefined) requireOwnUniversity(principal, body.university_id);
    const outcome = await chatStore().update(params.id, toChatFields(body), clock.now());
    switch (outcome.kind) {
      case 'max_chat_id_taken':
        throw await maxChatIdTaken(chatStore(), principal, outcome.by);
      case 'not_found':
        throw new Problem('not_found', { detail: `There is no chat ${params.id}.` });
      case 'updated': {
        if (outcome.countDropped && !integrationDisabled()) await counts().forget(params.id);
        const stored = outcome.countDropped
          ? { chat: outcome.chat, ...NEVER_COUNTED }
          : { ...before, chat: outcome.chat };
        return { status: 200, body: await showChat(viewCounts(), stored) };
      }
    }
  },
  [connectRedis],
);
