import { useEffect, useRef, useState } from 'preact/hooks';
import type { FullUpdate } from '../api/client.ts';
import { useData } from '../api/data.ts';
import { useApp } from '../app-context.ts';
import { Failure } from '../parts/failure.tsx';
import { Figures, Progress } from '../parts/figures.tsx';
import { Icon } from '../parts/icons.tsx';
import { useWords, type Words } from '../text/index.ts';

/** Full updates: starts one, shows its progress, and lists earlier ones with their results. */

const POLL_MS = 2_000;

const isUnderWay = (run: FullUpdate | null | undefined): boolean =>
  run?.status === 'planning' || run?.status === 'running';

export function UpdatePage() {
  const words = useWords();
  const { t, number, duration } = words;
  const { api, say } = useApp();
  const [starting, setStarting] = useState(false);
  const [failure, setFailure] = useState<unknown>(undefined);
  const latest = useData(
    'latest run',
    (signal) => api.ask(api.client.GET('/admin/participants/full-update', { params: { query: { limit: 1 } }, signal })),
    POLL_MS,
  );
  const total = useData('overview chats', (signal) =>
    api.ask(api.client.GET('/chats/all', { params: { query: { limit: 1 } }, signal })),
  );
  const run = latest.value?.data[0];
  const speed = useSpeed(run);

  const start = async () => {
    if (starting) return;
    setStarting(true);
    setFailure(undefined);
    try {
      await api.ask(api.client.POST('/admin/participants/full-update'));
      say(t.update.started);
    } catch (error) {
      setFailure(error);
    }
    latest.reload();
    setStarting(false);
  };

  const underWay = isUnderWay(run);
  const chats = total.value?.total ?? undefined;
  return (
    <>
      <header class="head is-stacked">
        <h1>{t.update.title}</h1>
        <p class="lead">{t.update.lead}</p>
      </header>
      {latest.error !== undefined && <Failure error={latest.error} retry={latest.reload} />}
      {failure !== undefined && <Failure error={failure} />}
      {!underWay && (
        <div class="buttons is-middle">
          <button type="button" class="button is-primary" aria-disabled={starting} onClick={() => void start()}>
            <Icon name="update" />
            {starting ? t.update.starting : t.update.start}
          </button>
          {chats != null && <span class="quiet">{t.update.confirm(number(chats), duration(chats / 27.3))}</span>}
        </div>
      )}
      {run ? (
        <section aria-labelledby="run-title" aria-live="off">
          <div class="section-head">
            <h2 id="run-title">{t.update.state[run.status]}</h2>
            <p class="quiet">
              {[
                underWay && speed !== undefined ? t.update.rate(number(Math.round(speed * 10) / 10)) : undefined,
                underWay && run.eta_seconds !== null ? t.update.left(duration(run.eta_seconds)) : undefined,
              ]
                .filter(Boolean)
                .join(', ')}
            </p>
          </div>
          <Progress share={run.total === 0 ? 1 : Math.min(1, run.done / run.total)} label={t.update.title} />
          <p class="quiet">{t.update.progress(number(run.done), number(run.total))}</p>
          <Figures figures={resultsOf(run, words)} />
          <p class="quiet">{timesOf(run, words)}</p>
        </section>
      ) : (
        latest.value && <p class="quiet">{t.update.none}</p>
      )}
      {run && <Earlier key={`${run.run_id} ${run.status}`} current={run.run_id} />}
    </>
  );
}

const resultsOf = (run: FullUpdate, { t, number }: Words) =>
  (['done', 'changed', 'failed', 'unavailable'] as const).map((name) => ({
    ...{ name: t.update.results[name], value: number(run[name]) },
  }));

function timesOf(run: FullUpdate, words: Words): string {
  const { t, dateTime } = words;
  const took = tookOf(run, words);
  return [`${t.update.when}: ${dateTime(Date.parse(run.started_at))}`, took && `${t.update.took}: ${took}`]
    .filter(Boolean)
    .join(' · ');
}

const tookOf = ({ started_at, finished_at }: FullUpdate, { duration }: Words): string | undefined =>
  finished_at === null
    ? undefined
    : duration(Math.max(1, Math.round((Date.parse(finished_at) - Date.parse(started_at)) / 1_000)));

/** Returns the chats per second between the last two responses. */
function useSpeed(run: FullUpdate | null | undefined): number | undefined {
  const seen = useRef<{ id: string; points: { at: number; done: number }[] }>({ id: '', points: [] });
  const [speed, setSpeed] = useState<number | undefined>(undefined);
  useEffect(() => {
    if (!run) return;
    if (seen.current.id !== run.run_id) seen.current = { id: run.run_id, points: [] };
    const { points } = seen.current;
    points.push({ at: Date.now(), done: run.done });
    if (points.length > 6) points.shift();
    const [first, last] = [points[0], points.at(-1)];
    if (first && last && last.at > first.at) setSpeed(((last.done - first.done) * 1_000) / (last.at - first.at));
  }, [run]);
  return speed;
}

function Earlier({ current }: { readonly current: string }) {
  const words = useWords();
  const { t, number, dateTime } = words;
  const { api } = useApp();
  const runs = useData('runs', (signal) => api.ask(api.client.GET('/admin/participants/full-update', { signal })));
  const earlier = (runs.value?.data ?? []).filter(({ run_id }) => run_id !== current);
  if (runs.error !== undefined) return <Failure error={runs.error} retry={runs.reload} />;
  if (earlier.length === 0) return null;
  const { results } = t.update;
  return (
    <section aria-labelledby="earlier-title">
      <div class="section-head">
        <h2 id="earlier-title">{t.update.earlier}</h2>
        <p class="quiet">{t.update.earlierSpan}</p>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard. */}
      <section class="scroll" tabIndex={0} aria-label={t.update.earlier}>
        <table class="plain">
          <thead>
            <tr>
              <th scope="col">{t.update.when}</th>
              <th scope="col">{t.update.result}</th>
              <th scope="col">{t.update.took}</th>
              <th scope="col">{results.done}</th>
              <th scope="col">{results.changed}</th>
              <th scope="col">{results.failed}</th>
              <th scope="col">{results.unavailable}</th>
            </tr>
          </thead>
          <tbody>
            {earlier.map((run) => (
              <tr key={run.run_id}>
                <th scope="row">{dateTime(Date.parse(run.started_at))}</th>
                <td>{t.update.state[run.status]}</td>
                <td>{tookOf(run, words) ?? '—'}</td>
                <td>{number(run.done)}</td>
                <td>{number(run.changed)}</td>
                <td>{number(run.failed)}</td>
                <td>{number(run.unavailable)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </section>
  );
}
