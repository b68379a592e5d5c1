import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { DeleteCommand } from '@aws-sdk/lib-dynamodb';
import { chunks } from '../../base/chunks.ts';
import { forEach } from '../../base/for-each.ts';
import type { Chat, Scope } from '../../chats/chat.ts';
import { searchWords } from '../../chats/search.ts';
import { cutToBytes, MAX_KEY_TEXT_BYTES } from '../../chats/sort-keys.ts';
import { wordsText } from './chat-item.ts';
import { type Database, MAX_TRANSACTION, namesIn, queryPages, transact } from './database.ts';

/**
 * The words chats are found by: one item a word, for the listing of all and for that of the chat's university. They are
 * hints, checked against the chat: one too many is harmless, one missing would hide a chat. So they are put before the chat
 * is written and removed behind it, and a removal spares what a later version of the chat put.
 */
export interface Posting {
  /** Scope and first character: `all#г`, `u7#г`. */
  readonly bucket: string;
  /** The word, and the chat's id, which makes it unique. */
  readonly word: string;
  /** All words of the chat, to check the other words of a search without reading the chat. */
  readonly text: string;
  readonly id: number;
  /** `updated_at` of the version of the chat that it was put for. */
  readonly version: string;
}

/** Postings of a word read for one page of a search at most: 1 to 2 MB, as many Queries. */
const MAX_POSTINGS = 5_000;

/** Words of a search of which the postings are tried. */
const MAX_WORDS_TRIED = 3;

/** Transactions that put words at the same time. */
const PUTS_IN_FLIGHT = 4;

/** Chats read for one page of a search at most: 10 BatchGetItem. */
const MAX_FOUND = 1_000;

export function postingsOf(chat: Chat): Posting[] {
  const text = wordsText(chat);
  const tokens = new Set(searchWords(chat).map(tokenOf));
  const scopes: Scope[] = chat.universityId === null ? ['all'] : ['all', { universityId: chat.universityId }];
  return scopes.flatMap((scope) =>
    [...tokens].map((token) => ({
      bucket: bucketOf(scope, token),
      word: `${token}#${chat.id}`,
      text,
      id: chat.id,
      version: chat.updatedAt,
    })),
  );
}

/** A word as long as the key has room for. */
const tokenOf = (word: string): string => cutToBytes(word, MAX_KEY_TEXT_BYTES);

function bucketOf(scope: Scope, token: string): string {
  const [first = ''] = token;
  return `${scope === 'all' ? 'all' : `u${scope.universityId}`}#${first}`;
}

/**
 * 1 TransactWriteItems for every 100 postings, in parallel. Not for the sake of atomicity: it costs twice the write units of
 * BatchWriteItem, which takes 25 a request and which the embedded server commits one by one, four times as slowly.
 */
export const putPostings = (database: Database, postings: readonly Posting[]): Promise<void> =>
  forEach(chunks(postings, MAX_TRANSACTION), PUTS_IN_FLIGHT, async (chunk) => {
    await transact(
      database,
      chunk.map((Item) => ({ Put: { TableName: database.tables.words, Item } })),
    );
  });

/**
 * Removes the postings of an old version of a chat that the new one doesn't have. 1 DeleteItem each, 8 in flight.
 * @param version `updated_at` of the new version: what a later one put stays.
 */
export async function removePostings(
  database: Database,
  old: readonly Posting[],
  kept: readonly Posting[],
  version: string,
): Promise<void> {
  const keep = new Set(kept.map(({ bucket, word }) => `${bucket} ${word}`));
  const obsolete = old.filter(({ bucket, word }) => !keep.has(`${bucket} ${word}`));
  await forEach(obsolete, 8, async ({ bucket, word }) => {
    const condition = '#version <= :version';
    try {
      await database.client.send(
        new DeleteCommand({
          TableName: database.tables.words,
          Key: { bucket, word },
          ConditionExpression: condition,
          ExpressionAttributeNames: namesIn(condition),
          ExpressionAttributeValues: { ':version': version },
        }),
      );
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
    }
  });
}

/**
 * The ids of the chats that may match all words, by the postings of one of them: usually 1 Query.
 * @param words normalized, at least one.
 * @returns `undefined` when every word is too common to read its postings for one page.
 */
export async function findIds(
  database: Database,
  scope: Scope,
  words: readonly string[],
): Promise<readonly number[] | undefined> {
  // The longer, the rarer: usually. Where it is not (`группа 1999`), the next one may be.
  for (const word of words.toSorted((a, b) => b.length - a.length).slice(0, MAX_WORDS_TRIED)) {
    const ids = await findIdsBy(database, scope, word, words);
    if (ids) return ids;
  }
  return undefined;
}

async function findIdsBy(database: Database, scope: Scope, by: string, words: readonly string[]) {
  const token = tokenOf(by);
  const others = words.filter((word) => word !== by);
  const key = '#bucket = :bucket AND begins_with(#word, :token)';
  const filter = others.length > 0 ? others.map((_, i) => `contains(#text, :other${i})`).join(' AND ') : undefined;
  const ids = new Set<number>();
  let postings = 0;
  const pages = queryPages(database, {
    TableName: database.tables.words,
    KeyConditionExpression: key,
    FilterExpression: filter,
    ProjectionExpression: '#id',
    ExpressionAttributeNames: namesIn(key, filter, '#id'),
    ExpressionAttributeValues: {
      ':bucket': bucketOf(scope, token),
      ':token': token,
      ...Object.fromEntries(others.map((word, i) => [`:other${i}`, ` ${word}`])),
    },
    Limit: MAX_POSTINGS,
  });
  for await (const page of pages) {
    for (const item of page.Items ?? []) ids.add(item.id as number);
    postings += page.ScannedCount ?? 0;
    if (ids.size > MAX_FOUND || (page.LastEvaluatedKey && postings >= MAX_POSTINGS)) return undefined;
  }
  return [...ids];
}
