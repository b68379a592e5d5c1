import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, API_HELP, API_OPTIONS, connectApi, refused } from './api.ts';
import { progressLine, readOptions, runTool, ToolError } from './command-line.ts';

/** `npm run full-update` starts a full update and shows its progress. If one is already running, it shows that one. */

const HELP = `Usage: npm run full-update -- [--url URL] [--token TOKEN]

Fetches the counts of all chats from MAX and shows the progress, the rate and the remaining time. If a full update is already
running, the tool shows its progress and starts no new one.

${API_HELP}

Exit status: 0 if all chats were fetched, 1 if chats failed or the run stalled, 2 if the run could not be started.`;

const POLL_MS = 1_000;
/**
 * Consecutive failed polls after which the tool ends with an error. A restart of the API causes a few and does not stop the run.
 */
const PATIENCE = 30;

interface Run {
  readonly run_id: string;
  readonly status: 'planning' | 'running' | 'finished' | 'stalled';
  readonly total: number;
  readonly done: number;
  readonly changed: number;
  readonly failed: number;
  readonly unavailable: number;
  readonly started_at: string;
  readonly eta_seconds: number | null;
}

await runTool(async () => {
  const { values } = readOptions(HELP, API_OPTIONS);
  const call = await connectApi(values);

  const started = await call('POST', '/admin/participants/full-update');
  if (started.status !== 202 && started.status !== 409) throw refused('The full update could not be started', started);
  const { status_url } = started.body as { status_url: string };
  if (started.status === 409) console.log('A full update is already running; this is its progress.');

  const progress = progressLine();
  const run = await follow(() => call('GET', status_url), progress.show);
  progress.end();
  const { status, done, changed, failed, unavailable } = run;
  console.log(`${status}: ${done} chats, ${changed} changed, ${unavailable} unavailable, ${failed} failed`);
  return status === 'finished' && failed === 0 ? 0 : 1;
});

async function follow(read: () => Promise<Answer>, show: (text: string) => void): Promise<Run> {
  for (let misses = 0; ; ) {
    const answer = await read().catch(() => undefined);
    if (answer?.status === 200) {
      misses = 0;
      const run = answer.body as unknown as Run;
      show(describe(run));
      if (run.status === 'finished' || run.status === 'stalled') return run;
    } else {
      misses += 1;
      if (misses > PATIENCE)
        throw new ToolError(`The progress of the run can't be fetched: ${answer?.status ?? 'no response'}`);
    }
    await sleep(POLL_MS);
  }
}

function describe(run: Run): string {
  const share = run.total === 0 ? 1 : Math.min(1, run.done / run.total);
  const bar = '█'.repeat(Math.floor(share * 30)).padEnd(30, '░');
  const seconds = Math.max(1, (Date.now() - Date.parse(run.started_at)) / 1_000);
  const rate = (run.done / seconds).toFixed(1);
  const left = run.eta_seconds === null ? '' : `, ${duration(run.eta_seconds)} left`;
  const failed = run.failed > 0 ? `, ${run.failed} failed` : '';
  return `${bar} ${Math.floor(share * 100)} %  ${run.done}/${run.total}  ${rate}/s${left}${failed}`;
}

function duration(seconds: number): string {
  if (seconds >= 3_600) return `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} min`;
  return seconds >= 60 ? `${Math.floor(seconds / 60)} min ${seconds % 60} s` : `${seconds} s`;
}
