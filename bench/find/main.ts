import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ShownStatus } from '../../lib/chats/chat.ts';
import { exactText, matchesQuery, readSearch } from '../../lib/chats/query.ts';
import { COLUMNS } from '../../lib/chats/sort-columns.ts';
import { columnQueries, expectedWalk, MAX_WALKED, wayTo, wayWithoutWalk } from '../../lib/listing/page-ways.ts';
import { startDynamoDb } from '../../localstack/servers/dynamodb.ts';
import { startRedis } from '../../localstack/servers/redis.ts';
import { startTestIssuer } from '../../test/support/issuer.ts';
import { pageEvent, settings } from '../page/event.ts';
import type { Timed } from '../page/handler-process.ts';
import { bundle } from '../support/bundles.ts';
import { benchChats, chatSeeds, emptyDatabase, fillDatabase, TABLES } from '../support/chats.ts';
import { startChild } from '../support/children.ts';
import { awsOperations, startCountingProxy } from '../support/counting-proxy.ts';
import type { Figure, Part, PartResult, Plot, Table } from '../support/part.ts';
import { plot } from '../support/plot.ts';
import { kb, mb, median, round } from '../support/stats.ts';
import type { Imported } from './import-process.ts';
import { startPostgres } from './postgres.ts';
import { type BenchQuery, nameOf, QUERIES } from './queries.ts';
import type { Scale } from './scale-process.ts';

/** F1, F2 and F3: finding chats, importing them, and the size of posting lists. */

const HANDLER = 'functions/http-list-chats/handler.ts';
const LIMIT = 100;
const MAX_REQUESTS = 12;
const MAX_BYTES = 1_500_000;
const MAX_REQUESTS_WORST = 30;
/** Duration of an import of 150,000 chats before posting lists, with one item per word and about 45 write units per chat. */
const SECONDS_BEFORE = 298;
const MEGABYTE = 1_048_576;

interface Measured {
  readonly query: BenchQuery;
  readonly total: number;
  readonly requests: number;
  readonly bytes: number;
  readonly ms: number;
  readonly postgresMs: number | undefined;
}

interface Size {
  readonly chats: number;
  readonly plainMs: number;
  readonly queries: readonly Measured[];
  readonly postgres: string | undefined;
}

export const run: Part = async ({ quick }) => {
  const folder = await mkdtemp(join(tmpdir(), 'bench-find-'));
  try {
    const { file } = await bundle(HANDLER, join(folder, 'bundle'));
    const sizes: Size[] = [];
    for (const chats of quick ? [1_000, 10_000] : [1_000, 150_000]) {
      sizes.push(await measureSize(file, join(folder, String(chats)), chats, quick));
    }
    const imported = await measureImport(join(folder, 'import'), quick ? 5_000 : 150_000);
    const scale = await measureScale(quick ? 200_000 : 10_000_000);
    return report(sizes, { chats: quick ? 5_000 : 150_000, ...imported }, scale);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

async function measureSize(file: string, dataDir: string, chats: number, quick: boolean): Promise<Size> {
  const now = Date.now();
  await fillDatabase(dataDir, {
    chats,
    reading: (id) => ({ count: countOf(id), readAt: now - 60_000, dueAt: now + 3_000_000 }),
  });
  const postgres = await startPostgres(chatSeeds(chats));
  const [dynamodb, redis, issuer] = await Promise.all([startDynamoDb(dataDir), startRedis(), startTestIssuer()]);
  const proxy = await startCountingProxy(Number(new URL(dynamodb.endpoint).port), awsOperations);
  const child = await startChild(join(import.meta.dirname, '../page/handler-process.ts'), [file], {
    env: {
      ...settings,
      ...issuer.env,
      CHATS_TABLE: TABLES.chats,
      CHAT_POSTINGS_TABLE: TABLES.postings,
      STATE_TABLE: TABLES.state,
      AWS_ENDPOINT_URL_DYNAMODB: `http://127.0.0.1:${proxy.port}`,
      AWS_ENDPOINT_URL_SQS: 'http://127.0.0.1:1',
      EXPRESS_REFRESHES_QUEUE_URL: 'http://127.0.0.1:1/000000000000/requested',
      BULK_REFRESHES_QUEUE_URL: 'http://127.0.0.1:1/000000000000/planned',
      MAX_API_URL: 'http://127.0.0.1:1',
      REDIS_URL: redis.url,
    },
  });
  const authorization = issuer.bearer();
  const ask = async (query: Readonly<Record<string, string>>, times: number) => {
    const timed = await child.ask<Timed>({ event: pageEvent(authorization, query), times });
    if (timed.statusCode !== 200) throw new Error(`the page was answered ${timed.statusCode}: ${timed.body}`);
    return { ...timed, page: JSON.parse(timed.body) as { data: unknown[]; total: number; next_cursor: string | null } };
  };
  try {
    const times = quick ? 3 : 7;
    const totals = totalsOf(chats);
    // Fills the cache.
    await ask({}, 50);
    const plainMs = median((await ask({ sort_by: 'name' }, 10 * times)).ms);
    const queries: Measured[] = [];
    for (const query of QUERIES) {
      const { deep = 0, ...parameters } = query;
      let cursor: string | null | undefined;
      for (let i = 0; i < deep && cursor !== null; i++) {
        cursor = (await ask({ ...parameters, ...(cursor && { cursor }) }, 1)).page.next_cursor;
      }
      const asked = { ...parameters, ...(cursor && { cursor }) };
      await ask(asked, 2);
      proxy.take();
      proxy.takeBytes();
      const { page } = await ask(asked, 1);
      const requests = Object.values(proxy.take()).reduce((sum, n) => sum + n, 0);
      const bytes = proxy.takeBytes();
      const { ms } = await ask(asked, times);
      const total = totals.get(query);
      if (page.total !== total) throw new Error(`${nameOf(query)}: total ${page.total}, but ${total} chats match`);
      if (page.data.length < LIMIT && page.next_cursor !== null) throw new Error(`${nameOf(query)}: a short page`);
      const postgresMs = await postgres?.time(query, quick ? 1 : 3);
      queries.push({ query, total: page.total, requests, bytes, ms: median(ms), postgresMs });
    }
    return { chats, plainMs, queries, postgres: postgres?.version };
  } finally {
    await child.stop();
    proxy.stop();
    issuer.stop();
    await Promise.all([dynamodb.stop(), redis.stop(), postgres?.stop()]);
  }
}

/** Returns the number of matches of each query. It checks every chat. */
function totalsOf(chats: number): Map<BenchQuery, number> {
  const totals = new Map(QUERIES.map((query) => [query, 0]));
  const queries = QUERIES.map((query) => [query, queryOf(query)] as const);
  for (const chat of benchChats(chats)) {
    for (const [query, conditions] of queries) {
      if (matchesQuery(chat, conditions)) totals.set(query, (totals.get(query) ?? 0) + 1);
    }
  }
  return totals;
}

const countOf = (id: number): number => 1 + ((id * 7_919) % 500);

const queryOf = ({ search = '', university_id, department, source, status }: BenchQuery) => ({
  scope: university_id ? { universityId: Number(university_id) } : ('all' as const),
  search: readSearch(search),
  department: department && exactText(department),
  source: source && exactText(source),
  statuses: (status?.split(',') ?? []) as ShownStatus[],
});

async function measureImport(dataDir: string, chats: number): Promise<Imported> {
  await emptyDatabase(dataDir);
  const dynamodb = await startDynamoDb(dataDir);
  const child = await startChild(join(import.meta.dirname, 'import-process.ts'), [dynamodb.endpoint], {
    execArgv: ['--max-semi-space-size=8'],
  });
  try {
    return await child.ask<Imported>({ chats });
  } finally {
    await child.stop();
    await dynamodb.stop();
  }
}

async function measureScale(chats: number): Promise<Scale> {
  const child = await startChild(join(import.meta.dirname, 'scale-process.ts'), []);
  try {
    return await child.ask<Scale>({ chats });
  } finally {
    await child.stop();
  }
}

type ImportedChats = Imported & { readonly chats: number };

function report(sizes: readonly Size[], imported: ImportedChats, scale: Scale): PartResult {
  const largest = sizes.at(-1) as Size;
  const modelled = scale.queries.map((query, i) => modelOf(QUERIES[i] as BenchQuery, query, scale.chats));
  return {
    figures: [...pageFigures(largest), ...importFigures(imported), ...scaleFigures(scale, modelled)],
    tables: [...sizes.map(pagesTable), scaleTable(scale, modelled)],
    notes: [
      'A page has 100 chats. Each query goes through the listing function as it is deployed, in a process of its own, with Redis and every ' +
        'count cached; requests and bytes are those of DynamoDB, counted at a proxy. Every total is compared with a filter over all chats.',
      `The version with one item for each word took ${SECONDS_BEFORE} s for 150,000 chats when this machine did nothing else, and some 45 write units ` +
        'a chat, 32 of them for words. Write units are those that the embedded server reports: transactions count twice, each index once.',
      `At ${scale.chats.toLocaleString('en')} chats the lists are made in memory, chunk by chunk. Their sizes and the matches are counted; the ` +
        'rest of a page follows from these by the rule of lib/listing/page-ways.ts, with matches spread evenly over the listing. Stored bytes ' +
        'include the 100 bytes that DynamoDB adds to each item, and 25 bytes a chat for the columns.',
      'Counts have no column, so some hundred to some thousand matches sorted by count are all read (docs/architecture.md says why).',
    ],
    plots: [timePlot(largest)],
    data: { sizes, imported, scale },
  };
}

function pageFigures({ chats, plainMs, queries, postgres }: Size): Figure[] {
  const of = `${chats.toLocaleString('en')} chats, ${queries.length} queries`;
  const times = queries.map(({ ms }) => ms / plainMs);
  const requests = Math.max(...queries.map((query) => query.requests));
  const bytes = Math.max(...queries.map((query) => query.bytes));
  const slowest = Math.max(...times);
  const peers = queries.flatMap(({ postgresMs }) => postgresMs ?? []);
  const beside = postgres ? `PostgreSQL ${postgres}: ${round(median(peers), 1)} ms` : '–';
  const figure = (what: string, bound: string, measured: string, peer: string, reached: boolean): Figure => ({
    goal: 'F1',
    what: `${what}, ${of}`,
    ...{ bound, measured, peer, reached },
  });
  const most = `most ${round(Math.max(...peers), 1)} ms`;
  return [
    figure(
      'requests to DynamoDB for a page, most',
      `≤ ${MAX_REQUESTS}`,
      String(requests),
      '–',
      requests <= MAX_REQUESTS,
    ),
    figure('bytes read for a page, most', '≤ 1.5 MB', mb(bytes), '–', bytes <= MAX_BYTES),
    figure(
      'time ÷ that of a plain page, median',
      '≤ 4',
      `${round(median(times), 1)} (${round(median(times) * plainMs, 1)} ms; plain ${round(plainMs, 1)} ms)`,
      beside,
      median(times) <= 4,
    ),
    figure(
      'time ÷ that of a plain page, slowest',
      '≤ 15',
      `${round(slowest, 1)} (${round(slowest * plainMs, 1)} ms)`,
      postgres ? most : '–',
      slowest <= 15,
    ),
    figure('totals exact, and no page short but the last', 'all', 'all', '–', true),
  ];
}

function importFigures({ chats, seconds, peakBytes, writeUnits }: ImportedChats): Figure[] {
  const bound = (0.35 * SECONDS_BEFORE * chats) / 150_000;
  const units = Object.values(writeUnits).reduce((sum, n) => sum + n, 0) / chats;
  const byTable = Object.entries(writeUnits).map(
    ([table, n]) => `${table.replace('bench-', '')} ${round(n / chats, 1)}`,
  );
  const figure = (what: string, limit: string, measured: string, peer: string, reached: boolean): Figure => ({
    goal: 'F2',
    what: `import of ${chats.toLocaleString('en')} chats: ${what}`,
    bound: limit,
    ...{ measured, peer, reached },
  });
  return [
    figure(
      'seconds',
      `≤ ${round(bound, 1)}`,
      round(seconds, 1).toString(),
      `before ${round(bound / 0.35, 1)}`,
      seconds <= bound,
    ),
    figure('write units a chat', '≤ 20', `${round(units, 1)} (${byTable.join(', ')})`, 'before about 45', units <= 20),
    figure('peak memory', '≤ 300 MB', mb(peakBytes), '–', peakBytes <= 300 * MEGABYTE),
  ];
}

interface Modelled {
  readonly requests: number;
  readonly bytes: number;
  readonly way: string;
}

/** A row of a BatchGetItem, bytes. */
const ROW_BYTES = 650;
/** A row that a walk passes, bytes. */
const PLACE_BYTES = 500;

/** Estimates the requests and bytes of a page from the sizes of its lists and its number of matches. */
function modelOf(
  { sort_by = 'id', search }: BenchQuery,
  { matches, listBytes }: Scale['queries'][number],
  chats: number,
): Modelled {
  const pages = (bytes: number) => Math.max(1, Math.ceil(bytes / MEGABYTE));
  // The search stops after a complete, short list.
  const few = Math.min(...listBytes) < 2_000;
  const read = few ? listBytes.map((bytes) => Math.min(bytes, MEGABYTE)) : listBytes;
  const lists = read.reduce((sum, bytes) => sum + pages(bytes), 0) + (search ? 1 : 0);
  const listed = read.reduce((sum, bytes) => sum + bytes, 0);
  if (matches === 0) return { requests: 1 + lists, bytes: listed, way: '–' };
  const size = { matches, exact: true, listed: chats, chats, sort: sort_by, limit: 100 };
  const rows = Math.min(matches, 101);
  const sortColumn = COLUMNS.find((one) => one === sort_by);
  const column = sortColumn ? columnQueries(size, sortColumn) : 0;
  const first = wayTo(size);
  const way = first === 'walk' && expectedWalk(size) > MAX_WALKED ? (wayWithoutWalk(size) ?? 'walk') : first;
  const more = {
    ids: { requests: Math.ceil(rows / 100), bytes: rows * ROW_BYTES },
    read: { requests: Math.ceil(matches / 100), bytes: matches * ROW_BYTES },
    walk: {
      requests: pages(expectedWalk(size) * PLACE_BYTES) + Math.ceil(rows / 100),
      bytes: expectedWalk(size) * PLACE_BYTES + rows * ROW_BYTES,
    },
    column: { requests: column + Math.ceil(rows / 100), bytes: column * MEGABYTE + rows * ROW_BYTES },
  }[way];
  return { requests: 1 + lists + more.requests, bytes: listed + more.bytes, way };
}

function scaleFigures({ chats, storedBytes }: Scale, modelled: readonly Modelled[]): Figure[] {
  const stored = storedBytes / chats + 25;
  const within = modelled.filter(({ requests, bytes }) => requests <= MAX_REQUESTS && bytes <= MAX_BYTES).length;
  const worst = Math.max(...modelled.map(({ requests }) => requests));
  const of = `${chats.toLocaleString('en')} chats`;
  const figure = (what: string, bound: string, measured: string, reached: boolean): Figure => ({
    goal: 'F3',
    what: `${of}: ${what}`,
    ...{ bound, measured, peer: '–', reached },
  });
  return [
    figure('stored for finding, a chat', '≤ 1 KB', `${Math.round(stored)} bytes`, stored <= 1_024),
    figure(
      `queries within ${MAX_REQUESTS} requests and 1.5 MB`,
      '≥ 9 in 10',
      `${within} of ${modelled.length}`,
      within >= 0.9 * modelled.length,
    ),
    figure('requests of the worst', `≤ ${MAX_REQUESTS_WORST}`, String(worst), worst <= MAX_REQUESTS_WORST),
  ];
}

const pagesTable = ({ chats, plainMs, queries }: Size): Table => ({
  title: `Pages at ${chats.toLocaleString('en')} chats; a plain page takes ${round(plainMs, 1)} ms`,
  head: ['query', 'matches', 'requests', 'read', 'ms', '÷ plain', 'PostgreSQL, ms'],
  rows: queries.map(({ query, total, requests, bytes, ms, postgresMs }) => [
    nameOf(query),
    total,
    requests,
    kb(bytes),
    round(ms, 1),
    round(ms / plainMs, 1),
    postgresMs === undefined ? '–' : round(postgresMs, 1),
  ]),
});

const scaleTable = ({ chats, queries }: Scale, modelled: readonly Modelled[]): Table => ({
  title: `The same queries at ${chats.toLocaleString('en')} chats, counted`,
  head: ['query', 'matches', 'way', 'requests', 'read'],
  rows: modelled.map(({ requests, bytes, way }, i) => [
    nameOf(QUERIES[i] as BenchQuery),
    queries[i]?.matches ?? 0,
    way,
    requests,
    kb(bytes),
  ]),
});

function timePlot({ chats, plainMs, queries }: Size): Plot {
  const points = (of: (query: Measured) => number | undefined) =>
    queries
      .flatMap((query) => {
        const ms = of(query);
        return ms === undefined ? [] : [[Math.max(1, query.total), ms] as const];
      })
      .sort(([a], [b]) => a - b);
  const title = `A page of ${chats.toLocaleString('en')} chats by the number of matches`;
  return {
    name: 'find-by-matches',
    title,
    svg: plot({
      title,
      x: { label: 'chats that match', log: true, ticks: [1, 10, 100, 1_000, 10_000, 100_000] },
      y: { label: 'ms' },
      lines: [
        { name: 'this service', kind: 'points', points: points(({ ms }) => ms) },
        { name: 'PostgreSQL', kind: 'points', points: points(({ postgresMs }) => postgresMs) },
      ].filter(({ points }) => points.length > 0) as Parameters<typeof plot>[0]['lines'],
      limit: { at: 15 * plainMs, name: '15 × a plain page' },
    }),
  };
}
