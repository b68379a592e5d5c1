import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDynamoChatStore } from '../../lib/adapters/dynamodb/chat-store.ts';
import { createDynamoCountStore } from '../../lib/adapters/dynamodb/count-store.ts';
import { createDynamoHistory, createDynamoHistoryWriter } from '../../lib/adapters/dynamodb/history.ts';
import { createDynamoRollUpStore } from '../../lib/adapters/dynamodb/statistics.ts';
import { dayOf } from '../../lib/base/day.ts';
import { createApplyAnswer } from '../../lib/refreshing/refresh-chat.ts';
import { createRollUp } from '../../lib/statistics/roll-up.ts';
import { memoryCounts } from '../../test/support/participants.ts';
import { type BuiltPage, buildPages } from '../../web/build.ts';
import { ROOT } from '../support/bundles.ts';
import type { Figure, Part } from '../support/part.ts';
import { type Service, startService } from '../support/service.ts';
import { mb, round } from '../support/stats.ts';

/** H1: what the history of counts and the nightly roll-up cost. And how large the pages for people are. */

const DAY = 24 * 3_600_000;
const ROLL_UP = 'scheduleRollUp';
const MB = 1_048_576;
const YEAR = 365;
/** Compressed, all files that the console loads. Bytes. */
const CONSOLE_LIMIT = 120 * 1_024;

export const run: Part = async ({ quick }) => {
  const chats = quick ? 15_000 : 150_000;
  const dataDir = await mkdtemp(join(tmpdir(), 'bench-people-'));
  const service = await startService({
    ...{ dataDir, chats, rps: 30, batchSize: 50, keys: [ROLL_UP], counted: false },
    reading: (id) => ({ count: 10 + (id % 400), readAt: Date.now() - DAY, dueAt: Date.now() + DAY }),
  });
  try {
    const rolled = await measureRollUp(service);
    const history = await measureHistory(service);
    const pages = await measurePages();
    return {
      figures: [...history.figures, ...rollUpFigures(chats, rolled), ...pages],
      notes: [
        'The roll-up is the function as deployed, in a process of its own, with the counts of 7 and 30 days ago to compare with. DynamoDB is the embedded server on the same machine; the time beyond the processor time of the roll-up is spent waiting for it.',
      ],
      data: { rolled, history: history.data },
    };
  } finally {
    await service.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
};

async function measureRollUp({ database: { client, tables }, invoke, usage }: Service) {
  const database = { client, tables, pause: async () => {} };
  // Those that the measured one compares with.
  for (const days of [30, 7]) {
    await createRollUp({
      chatStore: createDynamoChatStore(database),
      rollUpStore: createDynamoRollUpStore(database, { table: tables.history, keptDays: 730 }),
      now: () => Date.now() - days * DAY,
      settings: { freshMs: 3_600_000 },
    })({ deadline: Number.POSITIVE_INFINITY, since: Number.POSITIVE_INFINITY });
  }
  const startedAt = performance.now();
  await invoke(ROLL_UP);
  const seconds = (performance.now() - startedAt) / 1_000;
  const [used] = usage();
  return { seconds, peakBytes: used?.peakBytes ?? 0, cpuMs: used?.cpuMs ?? 0 };
}

const rollUpFigures = (
  chats: number,
  { seconds, peakBytes, cpuMs }: Awaited<ReturnType<typeof measureRollUp>>,
): Figure[] => [
  {
    ...{ goal: 'H1', what: `roll-up of ${chats.toLocaleString('en')} chats`, bound: '≤ 60 s' },
    measured: `${round(seconds, 1)} s (${round(cpuMs / 1_000, 1)} s of processor time)`,
    ...{ peer: '–', reached: seconds <= 60 },
  },
  {
    ...{ goal: 'H1', what: 'most memory of it', bound: '≤ 256 MB', measured: mb(peakBytes), peer: '–' },
    reached: peakBytes <= 256 * MB,
  },
];

async function measureHistory({ database: { client, tables } }: Service) {
  const database = { client, tables, pause: async () => {} };
  const settings = { table: tables.history, keptDays: 730 };
  const apply = createApplyAnswer({
    countStore: createDynamoCountStore(database),
    history: createDynamoHistoryWriter(database, settings),
    cache: memoryCounts({ now: Date.now }),
    settings: { freshMs: 3_600_000 },
  });
  let requests: { readonly command: string; readonly table: string }[] = [];
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      async (args) => {
        requests.push({ command: commandName, table: (args.input as { TableName?: string }).TableName ?? '' });
        return next(args);
      },
    { step: 'initialize', name: 'counting' },
  );
  const toHistory = async (work: () => Promise<unknown>) => {
    requests = [];
    await work();
    const made = requests.filter(({ table }) => table === tables.history);
    const is = (pattern: RegExp) => made.filter(({ command }) => pattern.test(command)).length;
    return { writes: is(/Update|Put/), reads: is(/Get/), queries: is(/Query/) };
  };
  const stored = await createDynamoChatStore(database).get(1);
  const chat = { id: 1, maxChatId: stored?.chat.maxChatId ?? '' };
  const from = Date.now() - YEAR * DAY;
  const read = (day: number, count: number) => apply(chat, { kind: 'count', count }, Date.now() + day * 1_000 + count);
  const changed = await toHistory(() => read(1, 5));
  const unchanged = await toHistory(() => read(2, 5));
  const writer = createDynamoHistoryWriter(database, settings);
  for (let day = 0; day < YEAR; day += 1) {
    await writer.record(1, { count: 5 + (day % 40), readAt: from + day * DAY });
  }
  const year = await toHistory(() =>
    createDynamoHistory(database, tables.history).days(1, dayOf(from), dayOf(Date.now())),
  );
  client.middlewareStack.remove('counting');
  const figures: Figure[] = [
    {
      ...{
        goal: 'H1',
        what: 'writes to the history for a changed count (items under 1 KB: a write unit each)',
        bound: '≤ 1',
      },
      ...{ measured: `${changed.writes}, after ${changed.reads} read`, peer: '–', reached: changed.writes <= 1 },
    },
    {
      ...{
        goal: 'H1',
        what: 'the same for an unchanged count',
        bound: '0',
        measured: `${unchanged.writes}`,
        peer: '–',
      },
      reached: unchanged.writes + unchanged.reads === 0,
    },
    {
      ...{
        goal: 'H1',
        what: 'a year of one chat, changed every day',
        bound: '1 Query',
        measured: `${year.queries} Query`,
      },
      ...{ peer: '–', reached: year.queries === 1 },
    },
  ];
  return { figures, data: { changed, unchanged, year } };
}

async function measurePages(): Promise<Figure[]> {
  await buildPages();
  const sizeOf = async (page: string) => {
    const { html, files }: BuiltPage = JSON.parse(await readFile(join(ROOT, `web/built/${page}.json`), 'utf8'));
    const compressed = Object.values(files).reduce((sum, { brotli }) => sum + Buffer.byteLength(brotli, 'base64'), 0);
    return html.length + compressed;
  };
  const [own, docs] = [await sizeOf('console'), await sizeOf('docs')];
  const kb = (bytes: number) => `${Math.ceil(bytes / 1_024)} KB`;
  return [
    {
      goal: '',
      what: 'the console, compressed',
      bound: '≤ 120 KB',
      measured: kb(own),
      peer: '–',
      reached: own <= CONSOLE_LIMIT,
    },
    { goal: '', what: '/docs, compressed', bound: '–', measured: kb(docs), peer: '–', reached: undefined },
  ];
}
