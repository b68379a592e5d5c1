import { type Sums, shareFresherThanHour } from '../../lib/chats/sums.ts';
import { readDayRange } from '../../lib/http/day-range.ts';
import { scopeIn } from '../../lib/http/principal.ts';
import { httpFunction } from '../../lib/http/stack.ts';
import { clock, statistics } from '../../lib/runtime/root.ts';
import type { LatestMovers, Span, UniversityDay } from '../../lib/state/statistics.ts';
import { route } from './route.ts';

/** Round trips, in parallel: 1 Query and 2 GetItem; for principals who see all universities 2 more Queries and 1 BatchGetItem. */
export const handler = httpFunction(route, async ({ query, principal }) => {
  const { from, to } = readDayRange(query, clock.now());
  const scope = scopeIn(principal, query.university_id);
  const [days, latest, rolledUpAt, universities] = await Promise.all([
    statistics().days(scope, from, to),
    statistics().movers(scope),
    statistics().rolledUpAt(),
    scope === 'all' ? statistics().universities(from, to) : null,
  ]);
  return {
    status: 200,
    body: {
      from,
      to,
      rolled_up_at: rolledUpAt === undefined ? null : new Date(rolledUpAt).toISOString(),
      days: days.map((day) => ({ date: day.date, ...sumsIn(day), by_status: day.byStatus })),
      course_days: universities?.map(({ date }) => date) ?? null,
      universities: universities && universitiesIn(universities, to),
      week: moversIn(latest, 'week'),
      month: moversIn(latest, 'month'),
    },
  };
});

const sumsIn = (sums: Sums) => ({
  ...{ chats: sums.chats, participants: sums.participants, never_read: sums.neverRead, stale: sums.stale },
  fresher_than_hour: shareFresherThanHour(sums),
});

/** @param days some days of the range, oldest first. */
function universitiesIn(days: readonly UniversityDay[], to: string) {
  const courses = days.map(
    ({ universities }) => new Map(universities.map(({ universityId, participants }) => [universityId, participants])),
  );
  return (days.at(-1)?.universities ?? []).map(({ universityId, ...sums }) => {
    const course = courses.map((day) => day.get(universityId) ?? null);
    return {
      university_id: universityId,
      ...sumsIn(sums),
      participants_before: course[0] ?? null,
      since: days[0]?.date ?? to,
      course,
    };
  });
}

function moversIn(latest: LatestMovers | undefined, span: Span) {
  const found = latest?.spans[span];
  const shown = (list: 'grew' | 'shrank') =>
    (found?.movers[list] ?? []).map(({ id, before, after }) => ({
      ...{ chat_id: id, name: latest?.names[id] ?? '', before, after },
    }));
  return { since: found?.since ?? null, grew: shown('grew'), shrank: shown('shrank') };
}
