import { DeleteCommand, PutCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { decodeChunk } from '../../chats/chunk-codec.ts';
import { CHUNK_IDS } from '../../chats/id-set.ts';
import { termKey } from '../../chats/terms.ts';
import type { PostingRepairStore, RepairCursor } from '../../state/posting-store.ts';
import { type Database, readState } from './database.ts';
import { type PostingItem, postingKey, readKey } from './posting-items.ts';
import { markPostingsComplete } from './posting-store.ts';
import { changePostings, nameOf, readChunks, settlePostings } from './posting-writes.ts';

const CURSOR = 'postings#repair';

/** Chunks in one Scan: some 500 KB. */
const SCANNED_AT_ONCE = 4_000;

export function createDynamoPostingRepairStore(database: Database): PostingRepairStore {
  const { client, tables } = database;
  return {
    /** 1 BatchGetItem for every 100 lists. */
    async readChunks(terms, chunk) {
      const keyed = terms.map((term) => ({ term, key: postingKey(term, chunk * CHUNK_IDS) }));
      const stored = await readChunks(
        database,
        keyed.map(({ key }) => key),
      );
      return new Map(
        keyed.flatMap(({ term, key }) => {
          const bits = stored.get(nameOf(key))?.bits;
          return bits ? [[termKey(term), bits] as const] : [];
        }),
      );
    },

    async add(missing) {
      await changePostings(
        database,
        missing.map(({ term, id }) => ({ term, id, present: true })),
      );
    },

    settle: (id, terms) => settlePostings(database, id, terms),

    /** 1 Scan. */
    async scan(after) {
      const page = await client.send(
        new ScanCommand({
          TableName: tables.postings,
          Limit: SCANNED_AT_ONCE,
          ExclusiveStartKey: after as Record<string, unknown> | undefined,
        }),
      );
      const chunks = ((page.Items ?? []) as PostingItem[]).map(({ group, key, ids }) => {
        const { word, chunk } = readKey(key);
        return { term: { group, word }, chunk, bits: decodeChunk(ids) };
      });
      return { chunks, next: page.LastEvaluatedKey };
    },

    async readCursor() {
      return (await readState<{ cursor: RepairCursor }>(database, CURSOR))?.cursor;
    },

    async writeCursor(cursor) {
      const command = cursor
        ? new PutCommand({ TableName: tables.state, Item: { pk: CURSOR, cursor } })
        : new DeleteCommand({ TableName: tables.state, Key: { pk: CURSOR } });
      await client.send(command as PutCommand);
    },

    markComplete: () => markPostingsComplete(database),
  };
}
