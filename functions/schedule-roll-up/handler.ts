import { dayOf, startOfDay } from '../../lib/base/day.ts';
import { instrumented } from '../../lib/runtime/observability.ts';
import { reportRollUp } from '../../lib/runtime/reports.ts';
import { clock, rollUp } from '../../lib/runtime/root.ts';

/** Time of the function that is reserved for the current chunk and for saving the progress, ms. */
const MARGIN_MS = 30_000;
/** Hour (UTC) from which a roll-up counts as that of the day. The schedule starts at this hour. */
const NIGHT_BEGINS = 22;

export const handler = instrumented(async (_event: unknown, context): Promise<void> => {
  const now = clock.now();
  const since = startOfDay(dayOf(now)) + NIGHT_BEGINS * 3_600_000;
  const deadline = now + context.getRemainingTimeInMillis() - MARGIN_MS;
  reportRollUp(await rollUp()({ deadline, since }));
});
