import { scopeOf } from '../../lib/http/principal.ts';
import { Problem } from '../../lib/http/problem.ts';
import { httpFunction } from '../../lib/http/stack.ts';
import { requireIntegration } from '../../lib/http/visible.ts';
import { connectRedis, integrationDisabled, validateCounts } from '../../lib/runtime/root.ts';
import { route } from './route.ts';

/** Time reserved for the response after the last request to MAX, ms. */
const MARGIN_MS = 3_000;

export const handler = httpFunction(
  route,
  async ({ query, principal, cutOffAt }) => {
    requireIntegration(integrationDisabled());
    const outcome = await validateCounts()(scopeOf(principal), query.sample_size, cutOffAt - MARGIN_MS);
    if (outcome.kind === 'under_way') {
      throw new Problem('validation_under_way', {
        detail: 'Only one validation can run at a time.',
        headers: { 'retry-after': '30' },
      });
    }
    if (outcome.kind === 'max_unreachable') {
      throw new Problem('max_unreachable', {
        detail: `No count could be compared: ${outcome.reason}.`,
        extra: { reason: outcome.reason },
        headers: { 'retry-after': '30' },
      });
    }
    return { status: 200, body: outcome.report };
  },
  [connectRedis],
);
