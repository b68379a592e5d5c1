import { chunks } from '../../base/chunks.ts';
import { forEach } from '../../base/for-each.ts';
import type { Chat } from '../../chats/chat.ts';
import { decodeChunk, encodeChunk } from '../../chats/chunk-codec.ts';
import { type ChunkBits, emptyBits, hasBit, setBit } from '../../chats/id-set.ts';
import { type Term, termKey, termsOf } from '../../chats/terms.ts';
import { chatOf } from './chat-item.ts';
import { readChat } from './chat-reads.ts';
import { batchGet, type Database, MAX_TRANSACTION, patience, type TransactionWrite, transact } from './database.ts';
import { type PostingChange, type PostingItem, type PostingKey, postingKey } from './posting-items.ts';

/** Transactions that write chunks at the same time. */
const WRITES_IN_FLIGHT = 4;

/** Rounds of repairing the lists of one chat that others keep changing, before giving up. */
const MAX_ROUNDS = 8;

/** The changes of one chunk. */
interface ChunkChanges {
  readonly key: PostingKey;
  readonly ids: Map<number, boolean>;
}

/** What changes of one process wait for: its writers would only collide with each other. */
const queues = new WeakMap<object, { waiting: Waiting[]; running: boolean }>();

interface Waiting {
  readonly changes: readonly PostingChange[];
  readonly resolve: (written: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Makes the changes that are not in the lists yet. Callers that come while others are being served are served together, so
 * that a chunk is written once for all of them. 1 BatchGetItem and 1 TransactWriteItems for every 100 chunks; again where
 * another process has changed one of them meanwhile.
 * @returns whether anything had to be written.
 */
export function changePostings(database: Database, changes: readonly PostingChange[]): Promise<boolean> {
  if (changes.length === 0) return Promise.resolve(false);
  let queue = queues.get(database.client);
  if (!queue) {
    queue = { waiting: [], running: false };
    queues.set(database.client, queue);
  }
  const own = queue;
  return new Promise((resolve, reject) => {
    own.waiting.push({ changes, resolve, reject });
    if (!own.running) void serve(database, own);
  });
}

async function serve(database: Database, queue: { waiting: Waiting[]; running: boolean }): Promise<void> {
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

/** @returns the indexes of the callers whose changes were not there yet. */
async function write(database: Database, callers: readonly (readonly PostingChange[])[]): Promise<Set<number>> {
  const written = new Set<number>();
  const byKey = new Map<string, ChunkChanges>();
  for (const { term, id, present } of callers.flat()) {
    const key = postingKey(term, id);
    const name = nameOf(key);
    const known = byKey.get(name) ?? { key, ids: new Map() };
    known.ids.set(id, present);
    byKey.set(name, known);
  }
  let pending = [...byKey.values()];
  for (let repetition = 0; pending.length > 0; repetition++) {
    if (repetition > 0) await patience(database, repetition - 1, 'TransactWriteItems on posting lists');
    const stored = await readChunks(
      database,
      pending.map(({ key }) => key),
    );
    if (repetition === 0) {
      callers.forEach((changes, i) => {
        if (changes.some((change) => !isDone(change, stored))) written.add(i);
      });
    }
    const writes = pending.flatMap((changes) => {
      const write = writeOf(database, changes, stored.get(nameOf(changes.key)));
      return write ? [{ changes, write }] : [];
    });
    pending = [];
    await forEach(chunks(writes, MAX_TRANSACTION), WRITES_IN_FLIGHT, async (group) => {
      const refused = await transact(
        database,
        group.map(({ write }) => write),
      );
      if (refused) pending.push(...group.map(({ changes }) => changes));
    });
  }
  return written;
}

export const nameOf = ({ group, key }: PostingKey): string => `${group}\n${key}`;

interface StoredChunk {
  readonly bytes: Uint8Array;
  readonly bits: ChunkBits;
}

/** The stored chunks by `nameOf` their key. 1 BatchGetItem for every 100, consistent. */
export async function readChunks(database: Database, keys: readonly PostingKey[]): Promise<Map<string, StoredChunk>> {
  const plain = keys.map(({ group, key }) => ({ group, key }));
  const items = (await batchGet(database, database.tables.postings, plain, {
    consistent: true,
  })) as unknown as PostingItem[];
  return new Map(items.map((item) => [nameOf(item), { bytes: item.ids, bits: decodeChunk(item.ids) }]));
}

function isDone({ term, id, present }: PostingChange, stored: ReadonlyMap<string, StoredChunk>): boolean {
  const bits = stored.get(nameOf(postingKey(term, id)))?.bits;
  return (bits !== undefined && hasBit(bits, id)) === present;
}

/** The write of a chunk, on the condition that nobody else has changed it; `undefined` where nothing changes. */
function writeOf(
  { tables }: Database,
  { key, ids }: ChunkChanges,
  stored: StoredChunk | undefined,
): TransactionWrite | undefined {
  const bits = stored?.bits.slice() ?? emptyBits();
  let differs = false;
  for (const [id, present] of ids) {
    if (hasBit(bits, id) === present) continue;
    setBit(bits, id, present);
    differs = true;
  }
  if (!differs) return undefined;
  const encoded = encodeChunk(bits);
  const condition = stored
    ? {
        ConditionExpression: '#ids = :stored',
        ExpressionAttributeNames: { '#ids': 'ids' },
        ExpressionAttributeValues: { ':stored': stored.bytes },
      }
    : { ConditionExpression: 'attribute_not_exists(#ids)', ExpressionAttributeNames: { '#ids': 'ids' } };
  const TableName = tables.postings;
  return encoded
    ? { Put: { TableName, Item: { ...key, ids: encoded }, ...condition } }
    : { Delete: { TableName, Key: key, ...condition } };
}

/** Puts new chats into the lists of all their terms. They are found as soon as they are written. */
export async function addPostings(database: Database, chats: readonly Chat[]): Promise<void> {
  await changePostings(
    database,
    chats.flatMap((chat) => termsOf(chat).map((term) => ({ term, id: chat.id, present: true }))),
  );
}

/** The terms that only one of the two versions has. */
export function differingTerms(before: Chat, after: Chat): { readonly gained: Term[]; readonly lost: Term[] } {
  const [had, has] = [keysOf(termsOf(before)), keysOf(termsOf(after))];
  return {
    gained: [...has].flatMap(([key, term]) => (had.has(key) ? [] : [term])),
    lost: [...had].flatMap(([key, term]) => (has.has(key) ? [] : [term])),
  };
}

const keysOf = (terms: readonly Term[]) => new Map(terms.map((term) => [termKey(term), term]));

/**
 * Makes the lists of these terms agree with the chat as it is now, if there is one. Whoever changed a chat calls it afterwards,
 * with the terms that the change put or made obsolete. It ends only when the lists, read after the chat, needed no change:
 * so it undoes what a concurrent change of the same chat did to them in between. At least 1 GetItem and 1 BatchGetItem.
 */
export async function settlePostings(database: Database, id: number, terms: readonly Term[]): Promise<void> {
  for (let round = 0; terms.length > 0; round++) {
    if (round >= MAX_ROUNDS) throw new Error(`The posting lists of chat ${id} were changed by others ${round} times`);
    const item = await readChat(database, id);
    const right = keysOf(item ? termsOf(chatOf(item)) : []);
    const changes = terms.map((term) => ({ term, id, present: right.has(termKey(term)) }));
    if (!(await changePostings(database, changes))) return;
  }
}
