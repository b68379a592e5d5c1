import { instrumented } from '../../lib/runtime/observability.ts';
import { reportRepair } from '../../lib/runtime/reports.ts';
import { repairPostings } from '../../lib/runtime/root.ts';

/** Time of the function that is reserved for the page in progress, ms. */
const MARGIN_MS = 60_000;

export const handler = instrumented(async (_event: unknown, context): Promise<void> => {
  reportRepair(await repairPostings()(Date.now() + context.getRemainingTimeInMillis() - MARGIN_MS));
});
