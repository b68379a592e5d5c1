import { showChat } from '../../lib/http/show-chat.ts';
import { httpFunction } from '../../lib/http/stack.ts';
import { visibleChat } from '../../lib/http/visible.ts';
import { chatStore, connectRedis, viewCounts } from '../../lib/runtime/root.ts';
import { route } from './route.ts';

/** Round trips: 1 GetItem, 1 MGET. */
export const handler = httpFunction(
  route,
  async ({ params, principal }) => {
    const stored = await visibleChat(chatStore(), principal, params.id);
    return { status: 200, body: await showChat(viewCounts(), stored) };
  },
  [connectRedis],
);
