import { Problem } from '../../lib/http/problem.ts';
import { httpFunction } from '../../lib/http/stack.ts';
import { readFullUpdate } from '../../lib/runtime/root.ts';
import { route } from './route.ts';

/** Round trips: 1 GetItem. */
export const handler = httpFunction(route, async ({ params }) => {
  const run = await readFullUpdate()(params.run_id);
  if (!run)
    throw new Problem('not_found', { detail: `There is no full update ${params.run_id}; runs are kept 30 days.` });
  return { status: 200, body: run };
});
