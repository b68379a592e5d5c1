import { useMemo, useState } from 'preact/hooks';
import type { Chat, History } from '../api/client.ts';
import { useData } from '../api/data.ts';
import { useApp } from '../app-context.ts';
import { Chart, type ChartPoint } from '../parts/chart.tsx';
import { Failure } from '../parts/failure.tsx';
import { DAY_MS, dayMs, dayText } from '../parts/scale.ts';
import { useWords, type Words } from '../text/index.ts';

/** The history of a chat's count, as a chart and as a table. */

type Point = History['points'][number];
const GRAINS = ['days', 'weeks', 'months', 'all'] as const;
type Grain = (typeof GRAINS)[number];

/** Longest range of one request, days. */
const ALL_DAYS = 732;
const SPANS: Readonly<Record<Grain, number>> = { days: 30, weeks: 26 * 7, months: 731, all: 731 };

export function HistoryOf({ chat }: { readonly chat: Chat }) {
  const words = useWords();
  const { t } = words;
  const { api } = useApp();
  const [grain, setGrain] = useState<Grain>('days');
  const today = dayText(Date.now());
  const from = dayText(dayMs(today) - (ALL_DAYS - 1) * DAY_MS);
  const key = `history ${chat.id} ${chat.participants_updated_at}`;
  const history = useData(key, (signal) =>
    api.ask(
      api.client.GET('/chats/{id}/history', { params: { path: { id: chat.id }, query: { from, to: today } }, signal }),
    ),
  );
  const points = history.value?.points ?? NO_POINTS;
  const shown = useMemo(() => grouped(points, grain, today), [points, grain, today]);
  const first = shown.points[0];
  const last = shown.points.at(-1);

  return (
    <section class="history" aria-labelledby="history-title">
      <div class="section-head">
        <h2 id="history-title">{t.chat.history}</h2>
        <fieldset class="segments">
          <legend class="unseen">{t.chat.grainLabel}</legend>
          {GRAINS.map((each) => (
            <label key={each} title={t.chat.grainHint[each]}>
              <input type="radio" name="grain" value={each} checked={each === grain} onChange={() => setGrain(each)} />
              <span>{t.chat.grain[each]}</span>
            </label>
          ))}
        </fieldset>
      </div>
      {history.error !== undefined && <Failure error={history.error} retry={history.reload} />}
      {first && last ? (
        <>
          <p class="quiet">{t.chat.change(words.difference(last.value - first.value), t.chat.grainHint[grain])}</p>
          <Chart
            points={shown.points}
            from={shown.from}
            to={today}
            label={t.chat.history}
            name={(point) => nameOf(point.day, grain, words)}
          />
          <details>
            <summary>{t.chat.table}</summary>
            <Table points={shown.rows} grain={grain} />
          </details>
        </>
      ) : (
        <div class="empty is-small">
          {history.value === undefined && !history.error ? (
            <p class="quiet">{t.loading}</p>
          ) : (
            <>
              <p>{t.chat.noHistory}</p>
              <p class="quiet">{t.chat.noHistoryHint}</p>
            </>
          )}
        </div>
      )}
    </section>
  );
}

const NO_POINTS: readonly Point[] = [];

function Table({ points, grain }: { readonly points: readonly Point[]; readonly grain: Grain }) {
  const words = useWords();
  const { columns } = words.t.chat;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
    <section class="scroll" tabIndex={0} aria-label={words.t.chat.table}>
      <table class="plain">
        <thead>
          <tr>
            <th scope="col">{columns.date}</th>
            <th scope="col">{columns.first}</th>
            <th scope="col">{columns.min}</th>
            <th scope="col">{columns.max}</th>
            <th scope="col">{columns.last}</th>
          </tr>
        </thead>
        <tbody>
          {points.toReversed().map((point) => (
            <tr key={point.date}>
              <th scope="row">{nameOf(point.date, grain, words)}</th>
              <td>{words.number(point.first)}</td>
              <td>{words.number(point.min)}</td>
              <td>{words.number(point.max)}</td>
              <td>{words.number(point.last)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function nameOf(day: string, grain: Grain, { date, shortDate, month }: Words): string {
  if (grain === 'months') return month(day);
  if (grain === 'weeks') return `${shortDate(day)} – ${shortDate(dayText(dayMs(day) + 6 * DAY_MS))}`;
  return date(day);
}

/** Returns the first day of the day's week (Monday) or month; for days, the day itself. */
function periodOf(day: string, grain: Grain): string {
  if (grain === 'months') return `${day.slice(0, 7)}-01`;
  if (grain !== 'weeks') return day;
  const ms = dayMs(day);
  return dayText(ms - ((new Date(ms).getUTCDay() + 6) % 7) * DAY_MS);
}

/** Returns the points of the chart and the table. The line starts with the count at the beginning of the period. */
function grouped(points: readonly Point[], grain: Grain, today: string) {
  const start = dayText(dayMs(today) - (SPANS[grain] - 1) * DAY_MS);
  const rows: Point[] = [];
  for (const point of points) {
    if (point.date < start) continue;
    const date = periodOf(point.date, grain);
    const before = rows.at(-1);
    if (before?.date === date) {
      const { first } = before;
      rows[rows.length - 1] = {
        ...{ date, first, last: point.last },
        ...{ min: Math.min(before.min, point.min), max: Math.max(before.max, point.max) },
      };
    } else rows.push({ ...point, date });
  }
  const standing = points.findLast(({ date }) => date < start)?.last;
  const from = grain === 'all' ? (points[0]?.date ?? start) : start;
  const drawn: ChartPoint[] = rows.map(({ date, last, min, max }) => ({
    ...{ day: date < start ? start : date, value: last, min, max },
  }));
  if (standing !== undefined && drawn[0]?.day !== start) {
    drawn.unshift({ day: start, value: standing, min: standing, max: standing });
  }
  return { rows, points: drawn, from: from === today ? dayText(dayMs(today) - DAY_MS) : from };
}
