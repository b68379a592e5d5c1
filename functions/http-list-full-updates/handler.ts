import { httpFunction } from '../../lib/http/stack.ts';
import { listFullUpdates } from '../../lib/runtime/root.ts';
import { route } from './route.ts';

/** Round trips: 1 GetItem, 1 BatchGetItem. */
export const handler = httpFunction(route, async ({ query }) => {
  return { status: 200, body: { data: await listFullUpdates()(query.limit) } };
});
