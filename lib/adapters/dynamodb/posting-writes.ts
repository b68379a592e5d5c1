import { isDeepStrictEqual } from 'node:util';
import { chunks } from '../../base/chunks.ts';
import { forEach } from '../../base/for-each.ts';
import type { Chat } from '../../chats/chat.ts';
import { decodeChunk, encodeChunk } from '../../chats/chunk-codec.ts';
import { CHUNK_IDS, type ChunkBits, emptyBits, hasBit, setBit } from '../../chats/id-set.ts';
import { BLOCK_IDS, blockOf, COLUMNS, type Column, type ColumnValue, columnValue } from '../../chats/sort-columns.ts';
import { type Term, termKey, termsOf } from '../../chats/terms.ts';
import { chatOf } from './chat-item.ts';
import { readChat, readChats } from './chat-reads.ts';
import { batchGet, type Database, MAX_TRANSACTION, patience, type TransactionWrite, transact } from './database.ts';
import {
  columnKey,
  decodeBlock,
  encodeBlock,
  type PostingChange,
  type PostingItem,
  type PostingKey,
  postingKey,
} from './posting-items.ts';

/** Concurrent transactions that write chunks. */
const WRITES_IN_FLIGHT = 4;

/** Attempts to correct the lists of one chat that other callers keep changing. */
const MAX_ROUNDS = 8;

/** A change of one item of the postings table. */
interface ItemChange {
  readonly key: PostingKey;
  /** Returns the new bytes, the given ones if nothing changes, or `undefined` for no item. */
  readonly apply: (stored: Uint8Array | undefined) => Uint8Array | undefined;
}

/** Queues of changes in this process, by client. Without them, concurrent changes would only conflict with each other. */
const queues = new WeakMap<object, Queue>();

interface Queue {
  waiting: Waiting[];
  running: boolean;
}

interface Waiting {
  readonly changes: readonly ItemChange[];
  readonly resolve: (written: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Changes items. Calls that arrive while another one runs are combined, so that an item is written once for all of them. 1
 * BatchGetItem and 1 TransactWriteItems for every 100 items; again if another process has changed one of them meanwhile.
 * @returns whether anything was written.
 */
function changeItems(database: Database, changes: readonly ItemChange[]): Promise<boolean> {
  if (changes.length === 0) return Promise.resolve(false);
  const queue = queues.get(database.client) ?? { waiting: [], running: false };
  queues.set(database.client, queue);
  return new Promise((resolve, reject) => {
    queue.waiting.push({ changes, resolve, reject });
    if (!queue.running) void serve(database, queue);
  });
}

async function serve(database: Database, queue: Queue): Promise<void> {
  queue.running = true;
  while (queue.waiting.length > 0) {
    const together = queue.waiting;
    queue.waiting = [];
    try {
      const written = await write(
        database,
        together.map(({ changes }) => changes),
      );
      together.forEach(({ resolve }, i) => {
        resolve(written.has(i));
      });
    } catch (error) {
      for (const { reject } of together) reject(error);
    }
  }
  queue.running = false;
}

/** The changes of one item, in the order of the calls. */
interface Pending {
  readonly key: PostingKey;
  readonly changes: { readonly caller: number; readonly apply: ItemChange['apply'] }[];
}

/** Writes the changes of several calls. @returns the indexes of the calls that changed something. */
async function write(database: Database, callers: readonly (readonly ItemChange[])[]): Promise<Set<number>> {
  const written = new Set<number>();
  const byKey = new Map<string, Pending>();
  callers.forEach((changes, caller) => {
    for (const { key, apply } of changes) {
      const known = byKey.get(nameOf(key)) ?? { key, changes: [] };
      known.changes.push({ caller, apply });
      byKey.set(nameOf(key), known);
    }
  });
  let pending = [...byKey.values()];
  for (let repetition = 0; pending.length > 0; repetition++) {
    if (repetition > 0) await patience(database, repetition - 1, 'TransactWriteItems on posting lists');
    const stored = await readItems(
      database,
      pending.map(({ key }) => key),
    );
    const writes = pending.flatMap((item) => {
      const before = stored.get(nameOf(item.key));
      let bytes = before;
      for (const { caller, apply } of item.changes) {
        const next = apply(bytes);
        if (next !== bytes) written.add(caller);
        bytes = next;
      }
      return bytes === before ? [] : [{ item, write: writeOf(database, item.key, before, bytes) }];
    });
    pending = [];
    await forEach(chunks(writes, MAX_TRANSACTION), WRITES_IN_FLIGHT, async (group) => {
      const refused = await transact(
        database,
        group.map(({ write }) => write),
      );
      if (refused) pending.push(...group.map(({ item }) => item));
    });
  }
  return written;
}

const nameOf = ({ group, key }: PostingKey): string => `${group}\n${key}`;

/** Returns the stored bytes, by `nameOf` of their keys. 1 consistent BatchGetItem for every 100. */
async function readItems(database: Database, keys: readonly PostingKey[]): Promise<Map<string, Uint8Array>> {
  const plain = keys.map(({ group, key }) => ({ group, key }));
  const items = (await batchGet(database, database.tables.postings, plain, {
    consistent: true,
  })) as unknown as PostingItem[];
  return new Map(items.map((item) => [nameOf(item), item.ids]));
}

/** Returns the stored chunks of these lists, by `termKey`. 1 BatchGetItem for every 100. */
export async function readChunks(
  database: Database,
  terms: readonly Term[],
  chunk: number,
): Promise<Map<string, ChunkBits>> {
  const keyed = terms.map((term) => ({ term, key: postingKey(term, chunk * CHUNK_IDS) }));
  const stored = await readItems(
    database,
    keyed.map(({ key }) => key),
  );
  return new Map(
    keyed.flatMap(({ term, key }) => {
      const ids = stored.get(nameOf(key));
      return ids ? [[termKey(term), decodeChunk(ids)] as const] : [];
    }),
  );
}

/** Returns the write of an item, with the condition that no other caller has changed it. */
function writeOf(
  { tables }: Database,
  key: PostingKey,
  before: Uint8Array | undefined,
  bytes: Uint8Array | undefined,
): TransactionWrite {
  const condition = before
    ? {
        ConditionExpression: '#ids = :before',
        ExpressionAttributeNames: { '#ids': 'ids' },
        ExpressionAttributeValues: { ':before': before },
      }
    : { ConditionExpression: 'attribute_not_exists(#ids)', ExpressionAttributeNames: { '#ids': 'ids' } };
  const TableName = tables.postings;
  return bytes
    ? { Put: { TableName, Item: { ...key, ids: bytes }, ...condition } }
    : { Delete: { TableName, Key: key, ...condition } };
}

/** Adds ids to lists and removes them. @returns whether anything was written. */
export const changePostings = (database: Database, changes: readonly PostingChange[]): Promise<boolean> =>
  changeItems(database, listChanges(changes));

function listChanges(changes: readonly PostingChange[]): ItemChange[] {
  const byKey = new Map<string, { readonly key: PostingKey; readonly ids: Map<number, boolean> }>();
  for (const { term, id, present } of changes) {
    const key = postingKey(term, id);
    const known = byKey.get(nameOf(key)) ?? { key, ids: new Map() };
    known.ids.set(id, present);
    byKey.set(nameOf(key), known);
  }
  return [...byKey.values()].map(({ key, ids }) => ({
    key,
    apply(stored) {
      const bits = stored ? decodeChunk(stored) : emptyBits();
      const differing = [...ids].filter(([id, present]) => hasBit(bits, id) !== present);
      if (differing.length === 0) return stored;
      for (const [id, present] of differing) setBit(bits, id, present);
      return encodeChunk(bits);
    },
  }));
}

/** The values of a chat in columns; `undefined` removes it. */
export interface SortKeys {
  readonly id: number;
  readonly values: Readonly<Partial<Record<Column, ColumnValue | undefined>>>;
}

function columnChanges(chats: readonly SortKeys[]): ItemChange[] {
  const byKey = new Map<string, { readonly key: PostingKey; readonly values: Map<number, ColumnValue | undefined> }>();
  for (const { id, values } of chats) {
    for (const [column, value] of Object.entries(values)) {
      const key = columnKey(column as Column, blockOf(id));
      const known = byKey.get(nameOf(key)) ?? { key, values: new Map() };
      known.values.set(id % BLOCK_IDS, value);
      byKey.set(nameOf(key), known);
    }
  }
  return [...byKey.values()].map(({ key, values }) => ({
    key,
    apply(stored) {
      const block = stored ? decodeBlock(stored) : [];
      const differing = [...values].filter(([place, value]) => block[place] !== value);
      if (differing.length === 0) return stored;
      for (const [place, value] of differing) block[place] = value;
      return block.some((value) => value !== undefined) ? encodeBlock(block) : undefined;
    },
  }));
}

/** Returns the sort keys of a chat. */
const sortKeysOf = (chat: Chat, columns: readonly Column[] = COLUMNS): SortKeys => ({
  id: chat.id,
  values: Object.fromEntries(columns.map((column) => [column, columnValue(column, chat)])),
});

/**
 * Adds new chats to the lists of all their terms, and their sort keys to the columns, so that a search finds them after the
 * write.
 */
export async function addPostings(database: Database, chats: readonly Chat[]): Promise<void> {
  const entries = chats.flatMap((chat) => termsOf(chat).map((term) => ({ term, id: chat.id, present: true })));
  const keys = chats.map((chat) => sortKeysOf(chat));
  await changeItems(database, [...listChanges(entries), ...columnChanges(keys)]);
}

/** Returns the terms that only one of two versions has. */
export function differingTerms(before: Chat, after: Chat): { readonly gained: Term[]; readonly lost: Term[] } {
  const [had, has] = [keysOf(termsOf(before)), keysOf(termsOf(after))];
  return {
    gained: [...has].flatMap(([key, term]) => (had.has(key) ? [] : [term])),
    lost: [...had].flatMap(([key, term]) => (has.has(key) ? [] : [term])),
  };
}

const keysOf = (terms: readonly Term[]) => new Map(terms.map((term) => [termKey(term), term]));

/**
 * Corrects the lists of these terms and these columns for the present chat, which may be deleted. It is called after each change
 * of a chat, with the terms that the change added or removed. It ends only if lists that were read after the chat need no
 * correction. So it also corrects effects of a concurrent change of the same chat. At least 1 GetItem and 1 BatchGetItem.
 */
export async function settlePostings(
  database: Database,
  id: number,
  terms: readonly Term[],
  columns: readonly Column[] = [],
): Promise<void> {
  for (let round = 0; terms.length + columns.length > 0; round++) {
    if (round >= MAX_ROUNDS) throw new Error(`The posting lists of chat ${id} were changed by others ${round} times`);
    const item = await readChat(database, id);
    const right = keysOf(item ? termsOf(chatOf(item)) : []);
    const entries = terms.map((term) => ({ term, id, present: right.has(termKey(term)) }));
    const keys = item
      ? sortKeysOf(chatOf(item), columns)
      : { id, values: Object.fromEntries(columns.map((column) => [column, undefined])) };
    if (!(await changeItems(database, [...listChanges(entries), ...columnChanges([keys])]))) return;
  }
}

/**
 * Adds chats to the lists in which they are missing, and writes the sort keys of all these chats. If that changes anything, it
 * reads the chats again, and corrects what it wrote for those that have changed meanwhile. 1 BatchGetItem for every 100 items of
 * the lists and columns; after a change also 1 consistent one for every 100 chats.
 */
export async function correctPostings(
  database: Database,
  chats: readonly Chat[],
  missing: readonly { readonly term: Term; readonly id: number }[],
): Promise<void> {
  const entries = missing.map(({ term, id }) => ({ term, id, present: true }));
  const keys = chats.map((chat) => sortKeysOf(chat));
  if (!(await changeItems(database, [...listChanges(entries), ...columnChanges(keys)]))) return;
  const items = await readChats(
    database,
    chats.map(({ id }) => id),
    { consistent: true },
  );
  const present = new Map(items.map((item) => [item.id, chatOf(item)]));
  for (const chat of chats) {
    const now = present.get(chat.id);
    if (isDeepStrictEqual(now, chat)) continue;
    const terms = keysOf([...termsOf(chat), ...(now ? termsOf(now) : [])]);
    await settlePostings(database, chat.id, [...terms.values()], COLUMNS);
  }
}
