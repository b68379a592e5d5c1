import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import type { ChatOutline } from '../../chats/chat.ts';
import { matches, searchWords } from '../../chats/search.ts';
import type { Position, Sort } from '../../chats/sort-keys.ts';
import { comparePositions } from '../../chats/sort-keys.ts';
import type { ListedChat, Listing, ListPage, OutlinePage } from '../../state/chat-store.ts';
import { type ChatItem, chatOf, indexOf, positionIn, positionOfItem, startKey, storedChatOf } from './chat-item.ts';
import { readChats } from './chat-reads.ts';
import { type Database, namesIn } from './database.ts';
import { findIds } from './words.ts';

/** Rows of an index read for one page of a search at most: about 10 MB, some 10 Queries. */
const MAX_WALKED = 20_000;

/** Rows asked for in one Query of a search; 1 MB ends it anyway. */
const MAX_STEP = 5_000;

/**
 * A page of chats. Without search 1 Query. A search looks its rarest words up first and, when these are common, walks the
 * listing; both give the same positions, so that a cursor holds whichever way is taken next.
 */
export async function listChats(database: Database, listing: Listing): Promise<ListPage> {
  const found = listing.words.length > 0 ? await lookUp(database, listing) : undefined;
  return found ?? walk(database, listing);
}

/** Usually 1 Query on the words and 1 BatchGetItem for every 100 found; `undefined` when too many are found. */
async function lookUp(database: Database, listing: Listing): Promise<ListPage | undefined> {
  const { scope, sort, words, after } = listing;
  const ids = await findIds(database, scope, words);
  if (!ids) return undefined;
  const compare = comparePositions(listing.order);
  const found = (await readChats(database, ids))
    .filter(({ chat }) => scope === 'all' || chat.university_id === scope.universityId)
    .filter(({ chat }) => matches(searchWords(chat), words))
    .map((item) => ({ item, position: positionOfItem(sort, item) }))
    .filter(({ position }) => !after || compare(position, after) > 0)
    .sort((a, b) => compare(a.position, b.position))
    .map(({ item }) => item);
  return pageOf(found, listing, undefined);
}

/** 1 Query for a page without search; with one, Queries of growing size until the page is full or the bound is reached. */
async function walk({ client, tables }: Database, listing: Listing): Promise<ListPage> {
  const { words, limit } = listing;
  const index = indexOf(listing.scope, listing.sort);
  const key = `#${index.hash} = :scope`;
  const filter = words.length > 0 ? words.map((_, i) => `contains(#chat.#words, :word${i})`).join(' AND ') : undefined;
  const items: ChatItem[] = [];
  let behind = listing.after;
  let walked = 0;
  // One row more than the page holds tells whether there is a next one.
  let step = filter === undefined ? limit + 1 : 4 * limit;
  do {
    const page = await client.send(
      new QueryCommand({
        TableName: tables.chats,
        IndexName: index.name,
        KeyConditionExpression: key,
        FilterExpression: filter,
        ExpressionAttributeNames: namesIn(key, filter),
        ExpressionAttributeValues: {
          ':scope': index.value,
          ...Object.fromEntries(words.map((word, i) => [`:word${i}`, ` ${word}`])),
        },
        ScanIndexForward: listing.order === 'asc',
        ExclusiveStartKey: behind && startKey(index, behind),
        Limit: step,
      }),
    );
    items.push(...((page.Items ?? []) as ChatItem[]));
    behind = page.LastEvaluatedKey && positionIn(index, page.LastEvaluatedKey);
    walked += page.ScannedCount ?? 0;
    step = Math.min(4 * step, MAX_STEP, MAX_WALKED - walked);
  } while (behind && items.length <= limit && step > 0);
  return pageOf(items, listing, behind);
}

const OUTLINE = ['id', 'max_chat_id', 'status', 'created_at'].map((name) => `#chat.#${name}`).join(', ');

/** 1 Query. What isn't needed isn't sent: a fifth of the bytes to receive and to parse. */
export async function listOutlines({ client, tables }: Database, after: number, limit: number): Promise<OutlinePage> {
  const index = indexOf('all', 'id');
  const key = `#${index.hash} = :scope AND #${index.range} > :after`;
  const page = await client.send(
    new QueryCommand({
      TableName: tables.chats,
      IndexName: index.name,
      KeyConditionExpression: key,
      ProjectionExpression: OUTLINE,
      ExpressionAttributeNames: namesIn(key, OUTLINE),
      ExpressionAttributeValues: { ':scope': index.value, ':after': after },
      Limit: limit,
    }),
  );
  const items = (page.Items ?? []) as Pick<ChatItem, 'chat'>[];
  return { chats: items.map(outlineOf), next: page.LastEvaluatedKey?.id };
}

const outlineOf = ({ chat }: Pick<ChatItem, 'chat'>): ChatOutline => ({
  id: chat.id,
  maxChatId: chat.max_chat_id,
  status: chat.status,
  createdAt: chat.created_at,
});

/** @param behind where to go on when `items` don't fill the page. */
function pageOf(items: readonly ChatItem[], { sort, limit }: Listing, behind: Position | undefined): ListPage {
  const shown = items.slice(0, limit);
  const last = shown.at(-1);
  return {
    rows: shown.map((item) => rowOf(item, sort)),
    next: items.length > limit && last ? positionOfItem(sort, last) : behind,
  };
}

function rowOf(item: ChatItem, sort: Sort): ListedChat {
  if (sort !== 'participants_count') return { chat: chatOf(item), count: undefined };
  const { chat, participantsCount, readAt } = storedChatOf(item);
  return { chat, count: { participantsCount, readAt } };
}
