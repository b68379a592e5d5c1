import { httpFunction } from '../../lib/http/stack.ts';
import { clock, latestRunId, requestsPerSecond, runStore } from '../../lib/runtime/root.ts';
import { readFullUpdate } from '../../lib/scheduling/full-update.ts';
import { route } from './route.ts';

/** Round trips: 3 GetItem. */
export const handler = httpFunction(route, async () => {
  const runId = await latestRunId();
  const deps = { runStore: runStore(), clock, settings: { requestsPerSecond: requestsPerSecond() } };
  return { status: 200, body: { run: (runId && (await readFullUpdate(deps, runId))) || null } };
});
