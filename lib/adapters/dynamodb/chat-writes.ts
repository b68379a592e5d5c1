import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { changed, differs, newChat } from '../../chats/change.ts';
import type { Chat, ChatFields, Scope } from '../../chats/chat.ts';
import { NEVER_COUNTED } from '../../chats/chat.ts';
import { COLUMNS, type Column } from '../../chats/sort-columns.ts';
import { countKey } from '../../chats/sort-keys.ts';
import { termsOf } from '../../chats/terms.ts';
import type { CreateOutcome, UpdateOutcome } from '../../state/chat-store.ts';
import { chatAttributes, chatOf, dueAttributes, isUnchanged, newItem } from './chat-item.ts';
import { counterKey, ownerKey, readChat, SEQUENCE } from './chat-reads.ts';
import {
  assign,
  type Database,
  isRefused,
  MAX_TRANSACTION,
  namesIn,
  type TransactionWrite,
  transact,
  update,
} from './database.ts';
import { beginPostings } from './posting-store.ts';
import { addPostings, changePostings, differingTerms, settlePostings } from './posting-writes.ts';

/**
 * Writes chats. One transaction changes a chat, the owner of its MAX id and the counters, so that uniqueness and totals are
 * exact. A chat is added to posting lists before the transaction and removed from them after it. So an interrupted write leaves
 * at most additional ids in lists.
 */

/** Attempts to write a chat that other callers keep changing. */
const MAX_VERSIONS = 8;

export interface NewRecord {
  readonly chat: Chat;
  /** The imported count. It was not read from MAX. */
  readonly count: number | null;
}

/** Takes `n` consecutive ids and returns the first. 1 UpdateItem. If a chat is refused, its id remains unused. */
export async function takeIds({ client, tables }: Database, n: number): Promise<number> {
  const expression = 'ADD #n :n';
  const answer = await client.send(
    new UpdateCommand({
      TableName: tables.state,
      Key: { pk: SEQUENCE },
      UpdateExpression: expression,
      ExpressionAttributeNames: namesIn(expression),
      ExpressionAttributeValues: { ':n': n },
      ReturnValues: 'UPDATED_NEW',
    }),
  );
  return (answer.Attributes?.n as number) - n + 1;
}

/** Makes `takeIds` return only ids above `id` from now on. 1 UpdateItem. */
export async function raiseIds(database: Database, id: number): Promise<void> {
  await update(database, {
    TableName: database.tables.state,
    Key: { pk: SEQUENCE },
    ...assign({ n: id }, 'attribute_not_exists(#n) OR #n < :set_n'),
  });
}

/**
 * Creates a chat. 1 UpdateItem; 1 BatchGetItem and 1 TransactWriteItems for the posting lists; 1 TransactWriteItems for the chat.
 * All again if an import has just used the new id.
 */
export async function createChat(database: Database, fields: ChatFields, at: number): Promise<CreateOutcome> {
  await beginPostings(database);
  const chat = newChat(await takeIds(database, 1), fields, at);
  await addPostings(database, [chat]);
  const refused = await insertChats(database, [{ chat, count: null }], at);
  if (refused) await settlePostings(database, chat.id, termsOf(chat), COLUMNS);
  if (refused?.kind === 'id_taken') return createChat(database, fields, at);
  if (refused) return refused;
  return { kind: 'created', stored: { chat, ...NEVER_COUNTED } };
}

/**
 * Writes new chats, all or none. 1 TransactWriteItems.
 * @param records a group from `transactionGroups`, already added to the posting lists.
 * @returns the reason if none was written: the chat `by` has the MAX id of one of them, or a chat has the id of one of them.
 */
export async function insertChats(
  database: Database,
  records: readonly NewRecord[],
  at: number,
): Promise<{ readonly kind: 'max_chat_id_taken'; readonly by: number } | { readonly kind: 'id_taken' } | undefined> {
  const { tables } = database;
  const claims = records.flatMap(({ chat }) => claim(tables.state, chat));
  const refused = await transact(database, [
    ...claims,
    ...records.map(({ chat, count }) => ({
      Put: {
        TableName: tables.chats,
        Item: newItem(chat, count, at),
        ConditionExpression: 'attribute_not_exists(id)',
      },
    })),
    ...counts(
      tables.state,
      records.map(({ chat }) => chat),
      [],
    ),
  ]);
  if (!refused) return undefined;
  const taken = refused.slice(0, claims.length).find(isRefused);
  if (!taken) return { kind: 'id_taken' };
  return { kind: 'max_chat_id_taken', by: Number(taken.Item?.chat_id?.N) };
}

/** Divides new chats into the largest groups for one transaction: 2 writes per chat, 1 per changed counter. */
export function* transactionGroups<R extends NewRecord>(records: readonly R[]): Generator<R[]> {
  let group: R[] = [];
  let universities = new Set<number | null>();
  for (const record of records) {
    universities.add(record.chat.universityId);
    if (2 * (group.length + 1) + 1 + universities.size > MAX_TRANSACTION) {
      yield group;
      group = [];
      universities = new Set([record.chat.universityId]);
    }
    group.push(record);
  }
  if (group.length > 0) yield group;
}

/**
 * Updates a chat. 1 GetItem and 1 TransactWriteItems; 2 GetItem, 2 BatchGetItem and 1 TransactWriteItems for posting lists and
 * columns; for new terms 1 BatchGetItem and 1 TransactWriteItems before. All again for each concurrent update that was faster. A
 * patch that changes nothing writes nothing.
 */
export async function updateChat(
  database: Database,
  id: number,
  patch: Partial<ChatFields>,
  at: number,
): Promise<UpdateOutcome> {
  for (let overtaken = 0; overtaken < MAX_VERSIONS; overtaken++) {
    if (overtaken > 0) await database.pause(overtaken - 1);
    const item = await readChat(database, id);
    if (!item) return { kind: 'not_found' };
    const chat = chatOf(item);
    if (!differs(chat, patch)) return { kind: 'updated', chat, countDropped: false };
    const next = changed(chat, patch, at);
    const { gained, lost } = differingTerms(chat, next);
    await changePostings(
      database,
      gained.map((term) => ({ term, id, present: true })),
    );
    const outcome = await replaceChat(database, chat, next, at);
    await settlePostings(database, id, [...gained, ...lost], columnsOf(chat, next));
    if (outcome.kind !== 'outdated') return outcome;
  }
  throw new Error(`Chat ${id} was changed by others at each of ${MAX_VERSIONS} attempts`);
}

/** Returns the columns whose sort key an edit may change. */
const columnsOf = (before: Chat, after: Chat): Column[] => [
  'updated_at',
  ...(before.name === after.name ? [] : (['name'] as const)),
];

/** Writes `next` if the stored chat is still `chat`. 1 TransactWriteItems. */
async function replaceChat(
  database: Database,
  chat: Chat,
  next: Chat,
  at: number,
): Promise<Exclude<UpdateOutcome, { kind: 'not_found' }> | { readonly kind: 'outdated' }> {
  const { tables } = database;
  const countDropped = next.maxChatId !== chat.maxChatId;
  const forgotten = {
    ...{ participants_count: undefined, read_at: undefined, checked_at: undefined },
    ...{ learnt: undefined, dirty_at: undefined, event_quarters: undefined },
    ...{ told: undefined, told_at: undefined, told_since: undefined, member_at: undefined },
    count_key: countKey(null, chat.id),
    ...dueAttributes(next, at),
  };
  const claims = countDropped ? claim(tables.state, next) : [];
  const unchanged = isUnchanged(chat);
  const refused = await transact(database, [
    ...claims,
    ...(countDropped ? release(tables.state, chat) : []),
    {
      Update: {
        TableName: tables.chats,
        Key: { id: chat.id },
        ...assign(
          { ...chatAttributes(next), ...(countDropped ? forgotten : {}) },
          unchanged.condition,
          unchanged.values,
        ),
      },
    },
    ...counts(tables.state, [next], [chat]),
  ]);
  if (!refused) return { kind: 'updated', chat: next, countDropped };
  // If the claim was refused because the chat itself got this MAX id meanwhile, it is no conflict.
  const owner = refused.slice(0, claims.length).find(isRefused)?.Item?.chat_id?.N;
  return owner === undefined || Number(owner) === chat.id
    ? { kind: 'outdated' }
    : { kind: 'max_chat_id_taken', by: Number(owner) };
}

/**
 * Deletes a chat. 1 GetItem and 1 TransactWriteItems; then 2 GetItem, 2 BatchGetItem and 1 TransactWriteItems for posting lists.
 */
export async function deleteChat(database: Database, id: number): Promise<'deleted' | 'not_found'> {
  const { tables } = database;
  for (let lost = 0; lost < MAX_VERSIONS; lost++) {
    if (lost > 0) await database.pause(lost - 1);
    const item = await readChat(database, id);
    if (!item) return 'not_found';
    const chat = chatOf(item);
    const unchanged = isUnchanged(chat);
    const refused = await transact(database, [
      {
        Delete: {
          TableName: tables.chats,
          Key: { id },
          ConditionExpression: unchanged.condition,
          ExpressionAttributeNames: namesIn(unchanged.condition),
          ExpressionAttributeValues: unchanged.values,
        },
      },
      ...release(tables.state, chat),
      ...counts(tables.state, [], [chat]),
    ]);
    if (refused) continue;
    await settlePostings(database, id, termsOf(chat), COLUMNS);
    return 'deleted';
  }
  throw new Error(`Chat ${id} was changed by others at each of ${MAX_VERSIONS} attempts`);
}

/** Claims the chat's MAX id, if any, unless another chat has it. */
const claim = (TableName: string, { id, maxChatId }: Chat): TransactionWrite[] =>
  maxChatId === null
    ? []
    : [
        {
          Put: {
            TableName,
            Item: { pk: ownerKey(maxChatId), chat_id: id },
            ConditionExpression: 'attribute_not_exists(pk)',
            ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
          },
        },
      ];

/** Releases the chat's MAX id, if any. */
const release = (TableName: string, { id, maxChatId }: Chat): TransactionWrite[] =>
  maxChatId === null
    ? []
    : [
        {
          Delete: {
            TableName,
            Key: { pk: ownerKey(maxChatId) },
            ConditionExpression: 'chat_id = :id',
            ExpressionAttributeValues: { ':id': id },
          },
        },
      ];

/** Changes the counters of all scopes whose number of chats changes. */
function counts(TableName: string, added: readonly Chat[], removed: readonly Chat[]): TransactionWrite[] {
  const changes = new Map<string, number>();
  const tally = (chats: readonly Chat[], by: number) => {
    for (const { universityId } of chats) {
      const scopes: Scope[] = universityId === null ? ['all'] : ['all', { universityId }];
      for (const key of scopes.map(counterKey)) changes.set(key, (changes.get(key) ?? 0) + by);
    }
  };
  tally(added, 1);
  tally(removed, -1);
  return [...changes].flatMap(([pk, by]) =>
    by === 0
      ? []
      : [
          {
            Update: {
              TableName,
              Key: { pk },
              UpdateExpression: 'ADD #n :by',
              ExpressionAttributeNames: { '#n': 'n' },
              ExpressionAttributeValues: { ':by': by },
            },
          },
        ],
  );
}
