import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { readState } from '../../lib/adapters/dynamodb/database.ts';
import type { Part } from '../support/part.ts';
import { type Service, startService } from '../support/service.ts';
import { mb, median, round } from '../support/stats.ts';

/** P10: the memory of planning, by the number of chats. It runs the functions as deployed, each time in a new process. */

const MB = 1_048_576;
/** MAX's own limit. It limits how many due chats one run of the background sync enqueues. */
const RPS = 30;
const BATCH = 50;
const QUEUE = 'BulkRefreshesQueue';
const STALE = 'schedulePlanStale';
const FULL = 'queuePlanFullUpdate';

/** Measurements of a full update, which can be planned again from its beginning. The background sync can be measured only once. */
const ROUNDS = 3;

interface Scheduled {
  readonly chats: number;
  readonly key: string;
  readonly plannings: readonly Planning[];
}

interface Planning {
  /** Peak memory of the process, bytes. */
  readonly peak: number;
  /** Number of queued messages. */
  readonly messages: number;
}

export const run: Part = async ({ quick }) => {
  const [few, many] = quick ? [1_500, 15_000] : [15_000, 150_000];
  const planned = [...(await measure(few)), ...(await measure(many))];
  return report(few, many, planned);
};

async function measure(chats: number): Promise<Scheduled[]> {
  const dataDir = await mkdtemp(join(tmpdir(), 'bench-memory-'));
  const keys = [STALE, FULL, 'schedulePlanFull'];
  const service = await startService({ dataDir, chats, rps: RPS, batchSize: BATCH, keys, counted: false });
  try {
    const stale = await planOnce(service, STALE, {});
    await service.invoke('schedulePlanFull');
    const full: Planning[] = [];
    for (let i = 0; i < ROUNDS; i += 1) full.push(await planOnce(service, FULL, await planEvent(service)));
    return [
      { chats, key: STALE, plannings: [stale] },
      { chats, key: FULL, plannings: full },
    ];
  } finally {
    await service.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function planOnce(service: Service, key: string, event: unknown): Promise<Planning> {
  await service.renew();
  await service.invoke(key, event);
  const peak = Math.max(...service.usage().flatMap((usage) => (usage.key === key ? [usage.peakBytes] : [])));
  return { peak, messages: await service.empty(QUEUE) };
}

/** Resets the planning of the current run and returns the event that starts it. */
async function planEvent({ database }: Service): Promise<unknown> {
  const current = await readState<{ run_id: string }>({ ...database, pause: async () => {} }, 'run#current');
  const again = new UpdateCommand({
    TableName: database.tables.state,
    Key: { pk: `run#${current?.run_id}` },
    UpdateExpression: 'SET #cursor = :from, planned = :from',
    ExpressionAttributeNames: { '#cursor': 'cursor' },
    ExpressionAttributeValues: { ':from': 0 },
  });
  await database.client.send(again);
  const body = JSON.stringify({ run_id: current?.run_id });
  return { Records: [{ messageId: '1', body, attributes: { ApproximateReceiveCount: '1' }, eventSourceARN: 'plans' }] };
}

function report(few: number, many: number, planned: readonly Scheduled[]) {
  const peak = (chats: number, key: string) =>
    median((planned.find((one) => one.chats === chats && one.key === key)?.plannings ?? []).map((one) => one.peak));
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
        head: ['function', 'chats due', 'messages queued', 'most memory of each'],
        rows: planned.map(({ key, chats, plannings }) => [
          key,
          chats,
          plannings[0]?.messages ?? 0,
          plannings.map((one) => mb(one.peak)).join(', '),
        ]),
      },
    ],
    notes: [
      'Peak resident set of the process, with the heap that Node uses for 512 MB, the memory of these functions.',
    ],
    data: planned,
  };
}
