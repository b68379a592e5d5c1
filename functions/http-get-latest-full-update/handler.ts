import { httpFunction } from '../../lib/http/stack.ts';
import { latestRunId, readFullUpdate } from '../../lib/runtime/root.ts';
import { route } from './route.ts';

/** Round trips: 3 GetItem. */
export const handler = httpFunction(route, async () => {
  const runId = await latestRunId();
  return { status: 200, body: { run: (runId && (await readFullUpdate()(runId))) || null } };
});
