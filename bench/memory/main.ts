import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readState } from '../../lib/adapters/dynamodb/database.ts';
import type { Part } from '../support/part.ts';
import { type Service, startService } from '../support/service.ts';
import { mb, median, round } from '../support/stats.ts';

/** P10: what planning takes of memory, by how much there is to plan. The functions as deployed, each time in a new process. */

const MB = 1_048_576;
/** High enough for one plan to take in everything that is due. */
const RPS = 1_000;
const BATCH = 50;
const QUEUE = 'PlannedRefreshesQueue';
const STALE = 'schedulePlanStale';
const FULL = 'queuePlanFullUpdate';

interface Planned {
  readonly chats: number;
  readonly key: string;
  /** The most memory of each process, bytes. */
  readonly peaks: readonly number[];
  /** Messages queued. */
  readonly messages: number;
}

export const run: Part = async ({ quick }) => {
  const [few, many] = quick ? [1_500, 15_000] : [15_000, 150_000];
  const planned = [...(await measure(few, quick)), ...(await measure(many, quick))];
  return report(few, many, planned);
};

async function measure(chats: number, quick: boolean): Promise<Planned[]> {
  const dataDir = await mkdtemp(join(tmpdir(), 'bench-memory-'));
  const keys = [STALE, FULL, 'schedulePlanFull'];
  const service = await startService({ dataDir, chats, rps: RPS, batchSize: BATCH, keys, counted: false });
  try {
    const stale: { peak: number; messages: number }[] = [];
    const full: typeof stale = [];
    for (let round = 0; round < (quick ? 1 : 3); round += 1) {
      stale.push(await planOnce(service, STALE, {}));
      if (round === 0) await service.invoke('schedulePlanFull');
    }
    full.push(await planOnce(service, FULL, await planEvent(service)));
    const planned = (key: string, runs: typeof stale): Planned => ({
      chats,
      key,
      peaks: runs.map(({ peak }) => peak),
      messages: Math.max(...runs.map(({ messages }) => messages)),
    });
    return [planned(STALE, stale), planned(FULL, full)];
  } finally {
    await service.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function planOnce(service: Service, key: string, event: unknown) {
  await service.renew();
  await service.invoke(key, event);
  const peak = Math.max(...service.usage().flatMap((usage) => (usage.key === key ? [usage.peakBytes] : [])));
  return { peak, messages: await service.empty(QUEUE) };
}

/** The message that starts the planning of the run at hand. */
async function planEvent({ database }: Service): Promise<unknown> {
  const current = await readState<{ run_id: string }>({ ...database, pause: async () => {} }, 'run#current');
  const body = JSON.stringify({ run_id: current?.run_id });
  return { Records: [{ messageId: '1', body, attributes: { ApproximateReceiveCount: '1' }, eventSourceARN: 'plans' }] };
}

function report(few: number, many: number, planned: readonly Planned[]) {
  const peak = (chats: number, key: string) =>
    median(planned.find((one) => one.chats === chats && one.key === key)?.peaks ?? []);
  const more = (key: string) => peak(many, key) - peak(few, key);
  const names = new Map([
    [STALE, 'the background sync'],
    [FULL, 'the full update'],
  ]);
  return {
    figures: [STALE, FULL].map((key) => ({
      goal: 'P10',
      what: `most memory of planning ${many} chats less that of ${few}: ${names.get(key)}`,
      bound: '≤ 10 MB',
      measured: `${round(more(key) / MB, 1)} MB (${mb(peak(many, key))} and ${mb(peak(few, key))})`,
      peer: '–',
      reached: more(key) <= 10 * MB,
    })),
    tables: [
      {
        title: 'Planning in a new process',
        head: ['function', 'chats due', 'messages queued', 'most memory of each run'],
        rows: planned.map(({ key, chats, messages, peaks }) => [key, chats, messages, peaks.map(mb).join(', ')]),
      },
    ],
    notes: [
      'Resident set of the process at its highest, against the embedded servers. Lambda gives these functions 512 MB; here nothing bounds the heap, so garbage may wait.',
    ],
    data: planned,
  };
}
