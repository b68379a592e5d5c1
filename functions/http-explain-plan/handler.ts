import { httpFunction } from '../../lib/http/stack.ts';
import { budget, overviewDeps, plannerStore, subscriptionStore } from '../../lib/runtime/root.ts';
import { explainPlan } from '../../lib/scheduling/explain-plan.ts';
import { route } from './route.ts';

/** Round trips: 5 to DynamoDB at once, then 1 BatchGetItem for every 100 chats of the sample. */
export const handler = httpFunction(route, async ({ query }) => {
  const stores = { plannerStore: plannerStore(), subscriptionStore: subscriptionStore() };
  const deps = { ...overviewDeps(), ...stores, settings: budget() };
  return { status: 200, body: await explainPlan(deps, query.rps) };
});
