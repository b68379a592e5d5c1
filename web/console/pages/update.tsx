import { useEffect, useRef, useState } from 'preact/hooks';
import type { FullUpdate } from '../api/client.ts';
import { useData } from '../api/data.ts';
import { useApp } from '../app-context.ts';
import { Failure } from '../parts/failure.tsx';
import { Figures, Progress } from '../parts/figures.tsx';
import { Icon } from '../parts/icons.tsx';
import { useWords, type Words } from '../text/index.ts';

/** The full update: started, followed while it runs, and what earlier ones came to. */

const POLL_MS = 2_000;
const SEEN = 'chat-participants.runs';
const MAX_SEEN = 12;

/** Runs that this browser has seen, the newest first. */
function seenRuns(): string[] {
  const ids: unknown = JSON.parse(localStorage.getItem(SEEN) ?? '[]');
  return Array.isArray(ids) ? ids.filter((id) => typeof id === 'string') : [];
}
const noteRun = (id: string) =>
  localStorage.setItem(SEEN, JSON.stringify([id, ...seenRuns().filter((seen) => seen !== id)].slice(0, MAX_SEEN)));

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
    (signal) => api.ask(api.client.GET('/admin/participants/full-update', { signal })),
    POLL_MS,
  );
  const total = useData('overview chats', (signal) =>
    api.ask(api.client.GET('/chats/all', { params: { query: { limit: 1 } }, signal })),
  );
  const run = latest.value?.run;
  const speed = useSpeed(run);
  useEffect(() => {
    if (run) noteRun(run.run_id);
  }, [run?.run_id]);

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
      <Earlier current={run?.run_id} />
    </>
  );
}

const resultsOf = (run: FullUpdate, { t, number }: Words) =>
  (['done', 'changed', 'failed', 'unavailable'] as const).map((name) => ({
    ...{ name: t.update.results[name], value: number(run[name]) },
  }));

function timesOf(run: FullUpdate, { t, dateTime, duration }: Words): string {
  const started = Date.parse(run.started_at);
  const took = run.finished_at === null ? undefined : (Date.parse(run.finished_at) - started) / 1_000;
  return [
    `${t.update.when}: ${dateTime(started)}`,
    took === undefined ? undefined : `${t.update.took}: ${duration(Math.max(1, took))}`,
  ]
    .filter(Boolean)
    .join(' · ');
}

/** Chats a second between the last answers. */
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

function Earlier({ current }: { readonly current: string | undefined }) {
  const words = useWords();
  const { t, number, dateTime } = words;
  const { api } = useApp();
  const runs = useData('earlier runs', async (signal) => {
    const found = await Promise.allSettled(
      seenRuns().map((run_id) =>
        api.ask(api.client.GET('/admin/participants/full-update/{run_id}', { params: { path: { run_id } }, signal })),
      ),
    );
    return found.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  });
  const earlier = (runs.value ?? []).filter(({ run_id }) => run_id !== current);
  if (earlier.length === 0) return null;
  const { results } = t.update;
  return (
    <section aria-labelledby="earlier-title">
      <h2 id="earlier-title">{t.update.earlier}</h2>
      <p class="quiet">{t.update.earlierHint}</p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard. */}
      <section class="scroll" tabIndex={0} aria-label={t.update.earlier}>
        <table class="plain">
          <thead>
            <tr>
              <th scope="col">{t.update.when}</th>
              <th scope="col">{results.done}</th>
              <th scope="col">{results.changed}</th>
              <th scope="col">{results.failed}</th>
              <th scope="col">{results.unavailable}</th>
            </tr>
          </thead>
          <tbody>
            {earlier.map((run) => (
              <tr key={run.run_id}>
                <th scope="row">
                  {dateTime(Date.parse(run.started_at))} <span class="quiet">{t.update.state[run.status]}</span>
                </th>
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
