import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import type { ChatOutline } from '../../chats/chat.ts';
import type { Sort } from '../../chats/sort-keys.ts';
import type { ListedChat, Listing, ListPage, OutlinePage, Walk } from '../../state/chat-store.ts';
import {
  type ChatItem,
  chatOf,
  indexOf,
  positionIn,
  positionOfItem,
  startKey,
  statusOf,
  storedChatOf,
} from './chat-item.ts';
import { type Database, namesIn } from './database.ts';

/** Returns a page of chats. 1 Query; more only for pages over 1 MB. */
export async function listChats(database: Database, listing: Listing): Promise<ListPage> {
  const { sort, limit } = listing;
  const items: ChatItem[] = [];
  let { after } = listing;
  do {
    // One more row than the page shows whether there is a next page.
    const page = await queryIndex(database, { ...listing, after }, { limit: limit + 1 - items.length });
    items.push(...(page.items as unknown as ChatItem[]));
    after = page.behind && positionIn(page.index, page.behind);
  } while (after && items.length <= limit);
  const shown = items.slice(0, limit);
  const last = shown.at(-1);
  return {
    rows: shown.map((item) => rowOf(item, sort)),
    next: items.length > limit && last ? positionOfItem(sort, last) : undefined,
  };
}

/** Returns the positions of chats in a listing. 1 Query; it returns fewer than `limit` if it reaches 1 MB. */
export async function walkListing(database: Database, listing: Listing): Promise<Walk> {
  const { range } = indexOf(listing.scope, listing.sort);
  const projection = range === 'id' ? '#id' : `#id, #${range}`;
  const { index, items, behind } = await queryIndex(database, listing, { limit: listing.limit, projection });
  return { positions: items.map((item) => positionIn(index, item)), next: behind && positionIn(index, behind) };
}

async function queryIndex(
  { client, tables }: Database,
  { scope, sort, order, after }: Listing,
  { limit, projection }: { readonly limit: number; readonly projection?: string },
) {
  const index = indexOf(scope, sort);
  const key = `#${index.hash} = :scope`;
  const page = await client.send(
    new QueryCommand({
      TableName: tables.chats,
      IndexName: index.name,
      KeyConditionExpression: key,
      ProjectionExpression: projection,
      ExpressionAttributeNames: namesIn(key, projection),
      ExpressionAttributeValues: { ':scope': index.value },
      ScanIndexForward: order === 'asc',
      ExclusiveStartKey: after && startKey(index, after),
      Limit: limit,
    }),
  );
  return { index, items: page.Items ?? [], behind: page.LastEvaluatedKey };
}

const OUTLINE = '#id, #chat.#max_chat_id, #chat.#status, #chat.#created_at';

/** 1 Query with a projection, which saves a fifth of the bytes. */
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
  const items = (page.Items ?? []) as Pick<ChatItem, 'id' | 'chat'>[];
  return { chats: items.map(outlineOf), next: page.LastEvaluatedKey?.id };
}

const outlineOf = ({ id, chat }: Pick<ChatItem, 'id' | 'chat'>): ChatOutline => ({
  id,
  maxChatId: chat.max_chat_id,
  status: statusOf(chat),
  createdAt: chat.created_at,
});

function rowOf(item: ChatItem, sort: Sort): ListedChat {
  if (sort !== 'participants_count') return { chat: chatOf(item), count: undefined };
  const { chat, participantsCount, readAt } = storedChatOf(item);
  return { chat, count: { participantsCount, readAt } };
}
