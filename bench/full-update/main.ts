import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fullJitter, readState } from '../../lib/adapters/dynamodb/database.ts';
import { createDynamoRunStore } from '../../lib/adapters/dynamodb/run-store.ts';
import { spacingMs } from '../../lib/max-api/pace.ts';
import { type Run, statusOf } from '../../lib/state/run-store.ts';
import type { Part } from '../support/part.ts';
import { plot } from '../support/plot.ts';
import { type Service, type ServiceOptions, startService, type UpstreamStats, type Usage } from '../support/service.ts';
import { mb, median, round, sum } from '../support/stats.ts';

/** P6: a full update through the real queue. The rate limit is raised until this machine is saturated. */

const KEYS = ['queueRefreshPlanned', 'queuePlanFullUpdate', 'schedulePlanFull', 'httpRefreshParticipants'];
/** MAX's own limit. Batches grow with the limit, so that a message occupies a worker for the same time as with MAX's limit. */
const RPS = 30;
const BATCH = 50;
const MAX_BATCH = 500;
/** Time limit of a measurement, ms. */
const LONGEST_MS = 25 * 60_000;

interface Measured {
  readonly chats: number;
  readonly rps: number;
  readonly seconds: number;
  /** Chats ÷ the limiter's rate at this limit, s. */
  readonly boundSeconds: number;
  readonly run: Run;
  readonly upstream: UpstreamStats;
  readonly usage: readonly Usage[];
  readonly trips: Readonly<Record<string, number>>;
}

export const run: Part = async ({ quick }) => {
  const counted = await measure({ chats: quick ? 1_000 : 3_000, rps: 100, counted: true });
  // Finds the highest limit that this machine can follow. The higher limits overload it.
  const steps: Measured[] = [];
  for (const rps of quick ? [150, 250] : [150, 200, 250, 300]) {
    steps.push(await measure({ chats: quick ? 3_000 : 8_000, rps, counted: false }));
  }
  const keptUp = steps.findLast((step) => ratioOf(step) <= 1.03) ?? steps[0];
  if (!keptUp) throw new Error('nothing was measured');
  const full = quick ? keptUp : await measure({ chats: 150_000, rps: keptUp.rps, counted: false });
  return report(full, steps, counted);
};

const ratioOf = ({ seconds, boundSeconds }: Measured): number => seconds / boundSeconds;

async function measure({ chats, rps, counted }: Pick<ServiceOptions, 'chats' | 'rps' | 'counted'>): Promise<Measured> {
  const dataDir = await mkdtemp(join(tmpdir(), 'bench-full-update-'));
  const batchSize = Math.min(MAX_BATCH, Math.round((BATCH * rps) / RPS));
  const service = await startService({ dataDir, chats, rps, batchSize, keys: KEYS, counted });
  try {
    await wakeLimiter(service);
    service.takeTrips();
    service.startTriggers();
    await service.invoke('schedulePlanFull');
    const finished = await waitForRun(service);
    const measured = {
      chats,
      rps,
      seconds: (finished.progressedAt - finished.startedAt) / 1_000,
      boundSeconds: (chats * spacingMs(rps)) / 1_000,
      run: finished,
      trips: service.takeTrips(),
      usage: service.usage(),
      upstream: await service.upstream(),
    };
    console.log(
      `${chats} chats at ${rps}/s: ${round(measured.seconds, 1)} s, ${round(ratioOf(measured), 3)} × the bound; ` +
        `fullest second ${measured.upstream.max_in_any_1000ms}`,
    );
    return measured;
  } finally {
    await service.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** Waits for the limiter's warm-up (11 s). In production the limiter keeps its state for a day, so runs don't include a warm-up. */
async function wakeLimiter(service: Service): Promise<void> {
  const event = {
    headers: { authorization: service.authorization },
    pathParameters: { id: '1' },
    requestContext: { requestId: 'bench', timeEpoch: Date.now() },
  };
  for (let tries = 0; tries < 40; tries += 1) {
    const answer = (await service.invoke('httpRefreshParticipants', event)) as { statusCode: number };
    if (answer.statusCode === 200 && tries > 12) return;
    await sleep(1_000);
  }
  throw new Error('the limiter grants no permits');
}

async function waitForRun({ database }: Service): Promise<Run> {
  const stores = { ...database, pause: fullJitter((ms) => sleep(ms)) };
  const runs = createDynamoRunStore(stores);
  const current = await readState<{ run_id: string }>(stores, 'run#current');
  if (!current) throw new Error('no run was started');
  for (const until = Date.now() + LONGEST_MS; Date.now() < until; ) {
    const seen = await runs.get(current.run_id);
    if (seen && statusOf(seen, Date.now()) === 'finished') return seen;
    await sleep(500);
  }
  throw new Error(`the run did not finish within ${LONGEST_MS / 60_000} min`);
}

export function report(full: Measured, steps: readonly Measured[], counted: Measured) {
  const ratio = round(ratioOf(full), 3);
  const perChat = (pattern: RegExp) =>
    round(sum(Object.entries(counted.trips).map(([what, n]) => (pattern.test(what) ? n : 0))) / counted.chats, 3);
  const refused = (full.upstream.by_status['429'] ?? 0) + (full.upstream.by_status['503'] ?? 0);
  const { done, failed, unavailable } = full.run;
  const perSecond = seconds(full.upstream.per_second).map(([, n]) => n);
  const minutes = Array.from({ length: Math.floor(perSecond.length / 60) }, (_, i) =>
    round(sum(perSecond.slice(60 * i, 60 * (i + 1))) / 60, 1),
  );
  return {
    figures: [
      {
        goal: 'P6',
        what: `a full update of ${full.chats} chats at a limit of ${full.rps}/s ÷ (chats ÷ the limiter's pace of ${round(1_000 / spacingMs(full.rps), 1)}/s)`,
        bound: '≤ 1.03',
        measured: `${ratio} (${round(full.seconds, 1)} s)`,
        peer: `bound ${round(full.boundSeconds, 1)} s`,
        reached: ratio <= 1.03,
      },
      {
        goal: '',
        what: 'requests that arrive in the median second of it ÷ the pace',
        bound: '–',
        measured: `${round((median(perSecond) * spacingMs(full.rps)) / 1_000, 3)} (${median(perSecond)})`,
        peer: '–',
        reached: undefined,
      },
      {
        goal: '',
        what: 'requests in the fullest 1,000 ms at MAX; refused',
        bound: `≤ ${full.rps}; 0`,
        measured: `${full.upstream.max_in_any_1000ms}; ${refused}`,
        peer: '–',
        reached: full.upstream.max_in_any_1000ms <= full.rps && refused === 0,
      },
      {
        goal: '',
        what: 'chats done, of them failed and unavailable',
        bound: `${full.chats}, 0, 0`,
        measured: `${done}, ${failed}, ${unavailable}`,
        peer: '–',
        reached: done === full.chats && failed === 0,
      },
      {
        goal: '',
        what: 'DynamoDB, SQS, Redis calls a chat',
        bound: '–',
        measured: `${perChat(/^dynamodb/)}, ${perChat(/^sqs/)}, ${perChat(/^redis/)}`,
        peer: '–',
        reached: undefined,
      },
      {
        goal: '',
        what: 'most memory of a worker, of the planner (512 MB each on Lambda)',
        bound: '–',
        measured: ['queueRefreshPlanned', 'queuePlanFullUpdate']
          .map((key) => mb(Math.max(...full.usage.filter((u) => u.key === key).map(({ peakBytes }) => peakBytes))))
          .join(', '),
        peer: '–',
        reached: undefined,
      },
    ],
    tables: [
      {
        title: `Higher limits on ${cpus().length} processors, with all servers on the same machine`,
        head: ['limit', 'chats', 'bound, s', 'took, s', 'ratio', 'fullest 1,000 ms', '429'],
        rows: [...steps, ...(steps.includes(full) ? [] : [full])].map((m) => [
          m.rps,
          m.chats,
          round(m.boundSeconds, 1),
          round(m.seconds, 1),
          round(ratioOf(m), 3),
          m.upstream.max_in_any_1000ms,
          m.upstream.by_status['429'] ?? 0,
        ]),
      },
      {
        title: `Calls for a chat, counted at proxies over ${counted.chats} chats`,
        head: ['call', 'a chat'],
        rows: Object.entries(counted.trips)
          .sort(([, a], [, b]) => b - a)
          .map(([what, n]) => [what, round(n / counted.chats, 4)]),
      },
      {
        title: 'Environments, each in its own process',
        head: ['function', 'invocations', 'most memory', 'processor time, s'],
        rows: full.usage
          .filter(({ invocations }) => invocations > 0)
          .map(({ key, invocations, peakBytes, cpuMs }) => [key, invocations, mb(peakBytes), round(cpuMs / 1_000, 1)]),
      },
    ],
    notes: [
      ...(minutes.length > 0
        ? [
            `Arrivals a second in each of its minutes: ${minutes.join(', ')}. ` +
              'A start that is more than 30 ms late loses its slot, so minutes in which the machine was busy have fewer requests.',
          ]
        : []),
      `From the start of the run to the result of its last part. The limiter was warm, as in production. Messages have ${BATCH} chats at ${RPS}/s, and proportionally more ` +
        `at higher limits (at most ${MAX_BATCH}), so that a message occupies a worker for the same time as with MAX's own limit. MAX responds in 40 ± 20 ms.`,
      'Calls of the event source mapping (ReceiveMessage, DeleteMessageBatch) are not counted.',
    ],
    plots: [
      {
        name: 'full-update-arrivals',
        title: 'Arrivals at MAX during the full update',
        svg: plot({
          title: `Arrivals at MAX in each second, ${full.chats} chats`,
          x: { label: 'seconds' },
          y: { label: 'requests' },
          limit: { at: full.rps, name: 'what MAX allows' },
          lines: [{ name: 'this service', points: seconds(full.upstream.per_second) }],
        }),
      },
    ],
    data: {
      full,
      steps: steps.map(({ upstream: { per_second: _, ...upstream }, ...step }) => ({ ...step, upstream })),
      counted,
    },
  };
}

/** Returns the seconds of the run, without the single requests before it that woke the limiter. */
function seconds(perSecond: UpstreamStats['per_second']): [number, number][] {
  const first = perSecond.findIndex(([, n]) => n > RPS);
  const began = perSecond[first]?.[0] ?? 0;
  return perSecond.slice(first).map(([second, n]) => [second - began, n]);
}
