import { execFile } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createGzip } from 'node:zlib';
import { marshall } from '@aws-sdk/util-dynamodb';
import { newItem } from '../../lib/adapters/dynamodb/chat-item.ts';
import { counterKey, ownerKey, SEQUENCE } from '../../lib/adapters/dynamodb/chat-reads.ts';
import { columnKey, encodeBlock, type PostingItem, postingKey } from '../../lib/adapters/dynamodb/posting-items.ts';
import type { Chat } from '../../lib/chats/chat.ts';
import { encodeChunk } from '../../lib/chats/chunk-codec.ts';
import { CHUNK_IDS, type ChunkBits, chunkOf, emptyBits, setBit } from '../../lib/chats/id-set.ts';
import { BLOCK_IDS, type Block, blockOf, COLUMNS, columnValue } from '../../lib/chats/sort-columns.ts';
import { type Term, termKey, termsOf } from '../../lib/chats/terms.ts';
import { type ChatSeed, World } from '../../localstack/max/world.ts';
import { ROOT } from './bundles.ts';

/** Fills tables with chats in seconds: writes a DynamoDB export, which the embedded server imports. */

export interface TableNames {
  readonly chats: string;
  readonly postings: string;
  readonly state: string;
  readonly history: string;
}

export const TABLES: TableNames = {
  ...{ chats: 'bench-chats', postings: 'bench-postings', state: 'bench-state', history: 'bench-history' },
};

/** The chats of the simulated MAX. They neither change nor disappear. */
export const chatSeeds = (chats: number): Iterable<ChatSeed> =>
  new World({ chats, seed: 1, drift: 0, goneRate: 0, clock: { now: Date.now } }).seeds();

/** Creation time of all these chats. */
const CREATED = Date.UTC(2026, 0, 1);

const chatOf = (seed: ChatSeed, id: number): Chat => ({
  id,
  name: seed.name,
  url: seed.url,
  maxChatId: seed.max_chat_id,
  universityId: seed.university_id,
  department: seed.department,
  externalChatId: null,
  source: 'bench',
  status: 'active',
  createdAt: new Date(CREATED).toISOString(),
  updatedAt: new Date(CREATED).toISOString(),
});

/** The chats that `fillDatabase` writes. */
export function* benchChats(chats: number): Generator<Chat> {
  let id = 0;
  for (const seed of chatSeeds(chats)) yield chatOf(seed, ++id);
}

/** The last reading of a chat. */
export interface Reading {
  readonly count: number;
  /** Unix ms. */
  readonly readAt: number;
  /** Unix ms. */
  readonly dueAt: number;
}

export interface DatabaseOptions {
  readonly chats: number;
  readonly tables?: TableNames;
  readonly reading?: (id: number) => Reading;
}

/** Makes `dynamodb.sqlite` in `dataDir`, as `startDynamoDb(dataDir)` takes it. */
export async function fillDatabase(
  dataDir: string,
  { chats, tables = TABLES, reading }: DatabaseOptions,
): Promise<void> {
  const source = join(dataDir, 'export');
  const schema = join(dataDir, 'schema.json');
  await mkdir(dataDir, { recursive: true });
  await writeFile(schema, JSON.stringify(await describeTables(tables)));
  await writeExport(source, tables.chats, chatItems(chats, reading));
  await writeExport(source, tables.postings, [...postingItems(chats), ...columnItems(chats)]);
  await writeExport(source, tables.state, [
    { pk: counterKey('all'), n: chats },
    { pk: SEQUENCE, n: chats },
    { pk: 'postings', complete: true },
    ...[...universities(chats)].map(([universityId, n]) => ({ pk: counterKey({ universityId }), n })),
    ...[...benchChats(chats)].map(({ id, maxChatId }) => ({ pk: ownerKey(maxChatId ?? ''), chat_id: id })),
  ]);
  // A table is made only where there is something to import.
  await writeExport(source, tables.history, [{ series: 'none', day: 'none' }]);
  await importExport(dataDir, source, schema);
}

/** Makes a `dynamodb.sqlite` with empty tables. */
export async function emptyDatabase(dataDir: string): Promise<void> {
  const source = join(dataDir, 'export');
  const schema = join(dataDir, 'schema.json');
  await mkdir(dataDir, { recursive: true });
  await writeFile(schema, JSON.stringify(await describeTables(TABLES)));
  for (const table of Object.values(TABLES)) await writeExport(source, table, []);
  await importExport(dataDir, source, schema);
}

async function importExport(dataDir: string, source: string, schema: string): Promise<void> {
  const output = join(dataDir, 'dynamodb.sqlite');
  await promisify(execFile)(embeddedBinary(), ['import', '--source', source, '--schema', schema, '--output', output]);
  await rm(source, { recursive: true });
}

function* chatItems(chats: number, reading: DatabaseOptions['reading']): Generator<object> {
  let id = 0;
  for (const seed of chatSeeds(chats)) {
    id += 1;
    const read = reading?.(id);
    const item = newItem(chatOf(seed, id), read?.count ?? null, CREATED);
    yield read
      ? { ...item, read_at: read.readAt, checked_at: read.readAt, ...(item.due && { due_at: read.dueAt }) }
      : item;
  }
}

/** The posting lists of all chats, chunk by chunk. */
function* postingItems(chats: number): Generator<PostingItem> {
  let lists = new Map<string, { readonly term: Term; readonly bits: ChunkBits }>();
  let last = 0;
  const itemsOf = (chunk: number) =>
    [...lists.values()].flatMap(({ term, bits }) => {
      const ids = encodeChunk(bits);
      return ids ? [{ ...postingKey(term, chunk * CHUNK_IDS), ids }] : [];
    });
  for (const chat of benchChats(chats)) {
    last = chat.id;
    if (last % CHUNK_IDS === 0) {
      yield* itemsOf(chunkOf(last) - 1);
      lists = new Map();
    }
    for (const term of termsOf(chat)) {
      const key = termKey(term);
      const list = lists.get(key) ?? { term, bits: emptyBits() };
      setBit(list.bits, last, true);
      lists.set(key, list);
    }
  }
  yield* itemsOf(chunkOf(last));
}

/** The sort keys of all chats, block by block. */
function* columnItems(chats: number): Generator<PostingItem> {
  for (const column of COLUMNS) {
    let block: Block = [];
    let last = 0;
    const itemOf = (): PostingItem => ({
      ...columnKey(column, blockOf(last)),
      ids: new Uint8Array(encodeBlock(block)),
    });
    for (const chat of benchChats(chats)) {
      if (blockOf(chat.id) !== blockOf(last)) {
        yield itemOf();
        block = [];
      }
      last = chat.id;
      block[last % BLOCK_IDS] = columnValue(column, chat);
    }
    yield itemOf();
  }
}

function universities(chats: number): Map<number, number> {
  const counts = new Map<number, number>();
  for (const { university_id } of chatSeeds(chats)) counts.set(university_id, (counts.get(university_id) ?? 0) + 1);
  return counts;
}

async function writeExport(folder: string, table: string, items: Iterable<object>): Promise<void> {
  const data = join(folder, table, 'data');
  await mkdir(data, { recursive: true });
  async function* lines() {
    for (const item of items) {
      const Item = marshall(item, { removeUndefinedValues: true });
      yield `${JSON.stringify({ Item }, (_, value) => (value instanceof Uint8Array ? base64(value) : value))}\n`;
    }
  }
  await pipeline(Readable.from(lines()), createGzip({ level: 1 }), createWriteStream(join(data, 'items.json.gz')));
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

/** Returns the tables that `infra/tables.yml` declares, in the form of DescribeTable. */
async function describeTables(names: TableNames) {
  interface Declared {
    readonly Properties: Readonly<Record<string, unknown>>;
  }
  const yaml: { load(text: string): unknown } = createRequire(import.meta.url)('js-yaml');
  const text = await readFile(join(ROOT, 'infra/tables.yml'), 'utf8');
  const { Resources } = yaml.load(text) as {
    Resources: Record<'ChatsTable' | 'ChatPostingsTable' | 'StateTable' | 'HistoryTable', Declared>;
  };
  const described = ({ Properties }: Declared, TableName: string) => {
    const { TimeToLiveSpecification: _, ...properties } = Properties;
    return { Table: { ...properties, TableName } };
  };
  return [
    described(Resources.ChatsTable, names.chats),
    described(Resources.ChatPostingsTable, names.postings),
    described(Resources.StateTable, names.state),
    described(Resources.HistoryTable, names.history),
  ];
}

const embeddedBinary = (): string => {
  const platform = `${process.platform}-${process.arch}`;
  return join(dirname(createRequire(import.meta.url).resolve(`@dynoxide/${platform}/package.json`)), 'dynoxide');
};
