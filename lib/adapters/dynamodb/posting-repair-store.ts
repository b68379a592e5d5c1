import { DeleteCommand, PutCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { decodeChunk } from '../../chats/chunk-codec.ts';
import type { PostingRepairStore, RepairCursor } from '../../state/posting-store.ts';
import { type Database, readState } from './database.ts';
import { isColumn, type PostingItem, readKey } from './posting-items.ts';
import { markPostingsComplete } from './posting-store.ts';
import { correctPostings, readChunks, settlePostings } from './posting-writes.ts';

const CURSOR = 'postings#repair';

/** Chunks per Scan: about 500 KB. */
const SCANNED_AT_ONCE = 4_000;

export function createDynamoPostingRepairStore(database: Database): PostingRepairStore {
  const { client, tables } = database;
  return {
    readChunks: (terms, chunk) => readChunks(database, terms, chunk),

    correct: (chats, missing) => correctPostings(database, chats, missing),

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
      const items = ((page.Items ?? []) as PostingItem[]).filter((item) => !isColumn(item));
      const chunks = items.map(({ group, key, ids }) => {
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
