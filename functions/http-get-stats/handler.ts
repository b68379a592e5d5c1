import { readDayRange } from '../../lib/http/day-range.ts';
import { scopeIn } from '../../lib/http/principal.ts';
import { httpFunction } from '../../lib/http/stack.ts';
import { clock, statistics } from '../../lib/runtime/root.ts';
import type { LatestMovers, Span, Statistics } from '../../lib/state/statistics.ts';
import { route } from './route.ts';

/** Round trips, in parallel: 1 Query and 2 GetItem; for principals who see all universities 2 more Queries. */
export const handler = httpFunction(route, async ({ query, principal }) => {
  const { from, to } = readDayRange(query, clock.now());
  const scope = scopeIn(principal, query.university_id);
  const [days, latest, rolledUpAt, universities] = await Promise.all([
    statistics().days(scope, from, to),
    statistics().movers(scope),
    statistics().rolledUpAt(),
    scope === 'all' ? universitiesIn(statistics(), from, to) : null,
  ]);
  return {
    status: 200,
    body: {
      from,
      to,
      rolled_up_at: rolledUpAt === undefined ? null : new Date(rolledUpAt).toISOString(),
      days: days.map(({ neverRead, byStatus, ...sums }) => ({ ...sums, never_read: neverRead, by_status: byStatus })),
      universities,
      week: moversIn(latest, 'week'),
      month: moversIn(latest, 'month'),
    },
  };
});

async function universitiesIn(statistics: Statistics, from: string, to: string) {
  const [first, last] = await Promise.all([
    statistics.universities('first', from, to),
    statistics.universities('last', from, to),
  ]);
  const before = new Map(first?.universities.map(({ universityId, participants }) => [universityId, participants]));
  return (last?.universities ?? []).map(({ universityId, neverRead, chats, participants, stale }) => ({
    university_id: universityId,
    ...{ chats, participants, never_read: neverRead, stale },
    participants_before: before.get(universityId) ?? null,
    since: first?.date ?? to,
  }));
}

function moversIn(latest: LatestMovers | undefined, span: Span) {
  const found = latest?.spans[span];
  const shown = (list: 'grew' | 'shrank') =>
    (found?.movers[list] ?? []).map(({ id, before, after }) => ({
      ...{ chat_id: id, name: latest?.names[id] ?? '', before, after },
    }));
  return { since: found?.since ?? null, grew: shown('grew'), shrank: shown('shrank') };
}
