import { Problem } from '../../lib/http/problem.ts';
import { httpFunction } from '../../lib/http/stack.ts';
import { requireIntegration } from '../../lib/http/visible.ts';
import { integrationDisabled, requestsPerSecond, startFullUpdate } from '../../lib/runtime/root.ts';
import { estimateSeconds } from '../../lib/scheduling/full-update.ts';
import { route } from './route.ts';

export const handler = httpFunction(route, async () => {
  requireIntegration(integrationDisabled());
  const { started, run } = await startFullUpdate()();
  const status_url = `/admin/participants/full-update/${run.run_id}`;
  if (!started) {
    throw new Problem('run_under_way', {
      detail: `Run ${run.run_id} is ${run.status}; a new one can start when it has ended.`,
      extra: { run, status_url },
      headers: { location: status_url },
    });
  }
  return {
    status: 202,
    body: {
      run_id: run.run_id,
      status: run.status,
      total: run.total,
      estimated_seconds: estimateSeconds(run.total, requestsPerSecond()),
      status_url,
    },
    headers: { location: status_url },
  };
});
