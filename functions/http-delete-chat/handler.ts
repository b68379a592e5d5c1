import { Problem } from '../../lib/http/problem.ts';
import { httpFunction } from '../../lib/http/stack.ts';
import { visibleChat } from '../../lib/http/visible.ts';
import { chatStore, connectRedis, counts, integrationDisabled } from '../../lib/runtime/root.ts';
import { route } from './route.ts';

export const handler = httpFunction(
  route,
  async ({ params, principal }) => {
    await visibleChat(chatStore(), principal, params.id);
    if ((await chatStore().delete(params.id)) === 'not_found') {
      throw new Problem('not_found', { detail: `There is no chat ${params.id}.` });
    }
    if (!integrationDisabled()) await counts().forget(params.id);
    return { status: 204 };
  },
  [connectRedis],
);
