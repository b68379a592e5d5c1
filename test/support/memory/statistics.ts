import { spreadDays } from '../../../lib/base/day.ts';
import type { Scope } from '../../../lib/chats/chat.ts';
import { COURSE_DAYS, type RollUp, type RollUpStore, type Statistics } from '../../../lib/state/statistics.ts';

/** The statistics in memory. Nothing expires. */
export function createMemoryStatistics(): Statistics & RollUpStore {
  const published = new Map<string, { readonly rollUp: RollUp; readonly names: ReadonlyMap<number, string> }>();
  const counts = new Map<string, ReadonlyMap<number, number>>();
  let saved: RollUp | undefined;
  const dates = () => [...published.keys()].sort();
  const within = (from: string, to: string) => dates().filter((date) => date >= from && date <= to);
  const scopeIn = (rollUp: RollUp, scope: Scope) =>
    scope === 'all' ? rollUp.all : rollUp.universities[scope.universityId];

  return {
    async days(scope, from, to) {
      return within(from, to).flatMap((date) => {
        const rollUp = published.get(date)?.rollUp;
        const of = rollUp && scopeIn(rollUp, scope);
        return of ? [{ date, ...of.sums }] : [];
      });
    },
    async movers(scope) {
      for (const date of dates().reverse()) {
        const found = published.get(date);
        const of = found && scopeIn(found.rollUp, scope);
        if (!found || !of) continue;
        const { since } = found.rollUp;
        const ids = Object.values(of.movers).flatMap(({ grew, shrank }) => [...grew, ...shrank].map(({ id }) => id));
        return {
          date,
          spans: {
            week: { since: since.week, movers: of.movers.week },
            month: { since: since.month, movers: of.movers.month },
          },
          names: Object.fromEntries(ids.map((id) => [id, found.names.get(id) ?? ''])),
        };
      }
      return undefined;
    },
    async universities(from, to) {
      const all = within(from, to);
      const spread = spreadDays(from, to, COURSE_DAYS);
      const wanted = all.filter((date, i) => i === 0 || i === all.length - 1 || spread.includes(date));
      return wanted.map((date) => ({
        date,
        universities: Object.entries(published.get(date)?.rollUp.universities ?? {}).map(([id, { sums }]) => ({
          ...{ universityId: Number(id), ...sums },
        })),
      }));
    },
    async rolledUpAt() {
      const last = dates().at(-1);
      return last === undefined ? undefined : (published.get(last)?.rollUp.finishedAt ?? undefined);
    },
    async lastRollUp() {
      return saved;
    },
    async saveRollUp(rollUp) {
      saved = rollUp;
    },
    async daysWithCounts(wanted) {
      return wanted.filter((date) => published.has(date)).sort();
    },
    async countsOf(chunk, date) {
      return counts.get(`${chunk} ${date}`);
    },
    async keepCounts(chunk, date, given) {
      counts.set(`${chunk} ${date}`, new Map(given));
    },
    async publish(rollUp, names) {
      published.set(rollUp.date, { rollUp, names });
    },
  };
}
