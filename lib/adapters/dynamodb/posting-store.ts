import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import { forEach } from '../../base/for-each.ts';
import { decodeChunk } from '../../chats/chunk-codec.ts';
import { IdSet } from '../../chats/id-set.ts';
import { BLOCK_IDS, positionOfValue } from '../../chats/sort-columns.ts';
import type { Position } from '../../chats/sort-keys.ts';
import { groupOf, type TermQuery } from '../../chats/terms.ts';
import type { PostingStore } from '../../state/posting-store.ts';
import { SEQUENCE } from './chat-reads.ts';
import { assign, type Database, namesIn, queryPages, readState, update } from './database.ts';
import { columnGroup, decodeBlock, type PostingItem, readKey, wordPrefix } from './posting-items.ts';

/** Concurrent reads of lists. */
const LISTS_IN_FLIGHT = 8;

/** The item of the state table that records that the lists cover all chats. */
const COMPLETE = 'postings';

export function createDynamoPostingStore(database: Database): PostingStore {
  const { client, tables } = database;
  let complete = false;

  /** @param begins the prefix of the keys; if absent, all keys of the group. */
  const queryOf = (group: string, begins?: string) => {
    const key = begins === undefined ? '#group = :group' : '#group = :group AND begins_with(#key, :key)';
    const projection = '#key, #ids';
    return {
      TableName: tables.postings,
      KeyConditionExpression: key,
      ProjectionExpression: projection,
      ExpressionAttributeNames: namesIn(key, projection),
      ExpressionAttributeValues: { ':group': group, ...(begins !== undefined && { ':key': begins }) },
    };
  };
  const queryOfTerm = ({ group, word, match }: TermQuery) =>
    queryOf(group, match === 'exact' ? wordPrefix(word) : word);

  return {
    /** 1 GetItem, until it is true. */
    async isComplete() {
      complete ||= await arePostingsComplete(database);
      return complete;
    },

    /** 1 Query per list, 8 at a time; more for lists over 1 MB. */
    async read(queries, options) {
      const sets = queries.map(() => new IdSet());
      const from: (Record<string, unknown> | undefined)[] = queries.map(() => undefined);
      let open = queries.map((_, i) => i);
      while (open.length > 0) {
        await forEach(open, LISTS_IN_FLIGHT, async (i) => {
          const query = queryOfTerm(queries[i] as TermQuery);
          const page = await client.send(new QueryCommand({ ...query, ExclusiveStartKey: from[i] }));
          for (const { key, ids } of (page.Items ?? []) as Omit<PostingItem, 'group'>[]) {
            sets[i]?.addChunk(readKey(key).chunk, decodeChunk(ids));
          }
          from[i] = page.LastEvaluatedKey;
        });
        open = open.filter((i) => from[i] !== undefined);
        if (!options || open.some((i) => options.required.has(i))) continue;
        const isShort = (set: IdSet, i: number) =>
          from[i] === undefined && !options.required.has(i) && set.size <= options.enough;
        if (sets.some(isShort)) break;
      }
      return sets.map((set, i) => (from[i] === undefined ? set : undefined));
    },

    /** 1 Query for every 1 MB of the column: about 100,000 chats by name, a million by count. */
    async positions(column, ids) {
      const found: Position[] = [];
      const pages = queryPages(database, queryOf(columnGroup(column)));
      for await (const page of pages) {
        for (const { key, ids: bytes } of (page.Items ?? []) as Omit<PostingItem, 'group'>[]) {
          const first = readKey(key).chunk * BLOCK_IDS;
          decodeBlock(bytes).forEach((value, place) => {
            const id = first + place;
            if (value !== undefined && ids.has(id)) found.push(positionOfValue(column, value, id));
          });
        }
      }
      return found;
    },

    /** 1 Query for every 1 MB of the lists of all values. */
    async values(field) {
      const found = new Map<string, IdSet>();
      const pages = queryPages(database, queryOf(groupOf(field)));
      for await (const page of pages) {
        for (const { key, ids } of (page.Items ?? []) as Omit<PostingItem, 'group'>[]) {
          const { word, chunk } = readKey(key);
          const set = found.get(word) ?? new IdSet();
          set.addChunk(chunk, decodeChunk(ids));
          found.set(word, set);
        }
      }
      return found;
    },
  };
}

const arePostingsComplete = async (database: Database): Promise<boolean> =>
  (await readState<{ readonly complete: boolean }>(database, COMPLETE))?.complete === true;

/** Records that the lists cover all chats. 1 UpdateItem. */
export async function markPostingsComplete(database: Database): Promise<void> {
  await update(database, {
    TableName: database.tables.state,
    Key: { pk: COMPLETE },
    ...assign({ complete: true }, 'attribute_not_exists(#complete) OR #complete <> :set_complete'),
  });
}

const checked = new WeakSet<object>();

/**
 * Records that the lists are complete, before the first chat is written to new tables. From then on they are complete, because
 * every write maintains them. 2 GetItem and 1 UpdateItem once; 2 GetItem in each process that creates chats.
 */
export async function beginPostings(database: Database): Promise<void> {
  if (checked.has(database.client)) return;
  const hasChats = (await readState(database, SEQUENCE)) !== undefined;
  if (!hasChats) await markPostingsComplete(database);
  checked.add(database.client);
}
