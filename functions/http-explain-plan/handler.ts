import { httpFunction } from '../../lib/http/stack.ts';
import { explainPlan } from '../../lib/runtime/root.ts';
import { route } from './route.ts';

/** Round trips: 5 to DynamoDB in parallel, then 1 BatchGetItem for every 100 chats of the sample. */
export const handler = httpFunction(route, async ({ query }) => {
  return { status: 200, body: await explainPlan()(query.rps) };
});
