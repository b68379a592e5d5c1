import { GetCommand } from '@aws-sdk/lib-dynamodb';
import type { CountedChat, Scope } from '../../chats/chat.ts';
import { type ChatItem, statusOf } from './chat-item.ts';
import { batchGet, type Database } from './database.ts';

/** Keys in the state table for the chats. */
export const SEQUENCE = 'sequence#chat';
export const ownerKey = (maxChatId: string): string => `max#${maxChatId}`;
export const counterKey = (scope: Scope): string => (scope === 'all' ? 'count#all' : `count#u${scope.universityId}`);

/** The chat that owns a MAX id. */
export interface OwnerItem {
  readonly pk: string;
  readonly chat_id: number;
}

/** A counter of chats, or the sequence of ids. */
export interface NumberItem {
  readonly n: number;
}

/** Returns a chat. 1 consistent GetItem. */
export async function readChat({ client, tables }: Database, id: number): Promise<ChatItem | undefined> {
  const answer = await client.send(new GetCommand({ TableName: tables.chats, Key: { id }, ConsistentRead: true }));
  return answer.Item as ChatItem | undefined;
}

/** Returns chats, in any order. 1 BatchGetItem for every 100 chats, in parallel. */
export async function readChats(
  database: Database,
  ids: readonly number[],
  options: { readonly consistent?: boolean } = {},
): Promise<ChatItem[]> {
  const keys = [...new Set(ids)].map((id) => ({ id }));
  return (await batchGet(database, database.tables.chats, keys, options)) as unknown as ChatItem[];
}

const COUNTED = '#id, #chat.#university_id, #chat.#max_chat_id, #chat.#status, #participants_count, #read_at';

/** Returns what sums need of chats, in any order. Requests and read units as for `readChats`, but fewer bytes to parse. */
export async function readCountedChats(database: Database, ids: readonly number[]): Promise<CountedChat[]> {
  const keys = ids.map((id) => ({ id }));
  const items = await batchGet(database, database.tables.chats, keys, { projection: COUNTED });
  return (items as unknown as ChatItem[]).map(({ id, chat, participants_count, read_at }) => ({
    chat: { id, universityId: chat.university_id ?? null, maxChatId: chat.max_chat_id, status: statusOf(chat) },
    participantsCount: participants_count ?? null,
    readAt: read_at ?? null,
  }));
}

/** Returns the owners of these MAX ids. 1 BatchGetItem for every 100, in parallel. */
export async function readOwners(database: Database, maxChatIds: readonly string[]): Promise<Map<string, number>> {
  const keys = maxChatIds.map((maxChatId) => ({ pk: ownerKey(maxChatId) }));
  const owners = (await batchGet(database, database.tables.state, keys)) as unknown as OwnerItem[];
  const byKey = new Map(owners.map(({ pk, chat_id }) => [pk, chat_id]));
  return new Map(
    maxChatIds.flatMap((maxChatId) => {
      const id = byKey.get(ownerKey(maxChatId));
      return id === undefined ? [] : [[maxChatId, id] as const];
    }),
  );
}
