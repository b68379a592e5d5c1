import { TransactionCanceledException, TransactionConflictException } from '@aws-sdk/client-dynamodb';
import { DeleteCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { beforeEach, expect, inject, test } from 'vitest';
import { createDynamoChatStore } from '../../lib/adapters/dynamodb/chat-store.ts';
import { createDynamoCountStore } from '../../lib/adapters/dynamodb/count-store.ts';
import { createDynamoPostingStore } from '../../lib/adapters/dynamodb/posting-store.ts';
import type { ShownStatus } from '../../lib/chats/chat.ts';
import { valueQuery, wordQuery } from '../../lib/chats/terms.ts';
import { createFindChats } from '../../lib/listing/find-chats.ts';
import { connectDynamo } from '../support/dynamodb.ts';
import { created, findIds, line, listAll, listing, openDynamo, query, type Stores, T0 } from '../support/stores.ts';

/** Errors that only the DynamoDB stores can make: races between their requests, retries, and round trips. */

type Database = Awaited<ReturnType<typeof openDynamo>>['database'];

/** Stores without interference, over the same tables as those under test. */
let others: Stores;
let database: Database;
let chats: Stores['chats'];
let counts: Stores['counts'];
/** Names of the commands sent by the stores under test. */
let sent: string[];
let pauses: number[];
/** Called before a command is sent. If it returns a value, this is the response. */
let intercept: (command: string) => Promise<unknown> | undefined;

beforeEach(async () => {
  const opened = await openDynamo();
  const client = connectDynamo(inject('dynamodbEndpoint'));
  [sent, pauses, intercept] = [[], [], () => undefined];
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      async (args) => {
        const name = commandName.replace(/Command$/, '');
        sent.push(name);
        const output = await intercept(name);
        return output === undefined
          ? next(args)
          : ({ output: output as object, response: {} } as Awaited<ReturnType<typeof next>>);
      },
    { step: 'initialize' },
  );
  others = opened;
  database = { ...opened.database, client, pause: async (repetition) => void pauses.push(repetition) };
  chats = createDynamoChatStore(database);
  counts = createDynamoCountStore(database);
});

/** Runs `work` before the first command of that name. */
function once(command: string, work: () => Promise<unknown>): void {
  intercept = (name) => {
    if (name !== command) return undefined;
    intercept = () => undefined;
    return work().then(() => undefined);
  };
}

/** Responds with these, one for each command of that name, then lets commands through. */
function answer(command: string, answers: (() => unknown)[]): void {
  intercept = (name) => (name === command && answers.length > 0 ? Promise.resolve().then(answers.shift()) : undefined);
}

const fail = (error: Error) => () => {
  throw error;
};
const $metadata = {};
const conflict = fail(new TransactionConflictException({ $metadata, message: 'conflict' }));
const cancelled = (Code: string) =>
  fail(
    new TransactionCanceledException({ $metadata, message: Code, CancellationReasons: [{ Code: 'None' }, { Code }] }),
  );

const search = (text: string) => findIds(others, { query: query({ search: text }) });

/** The posting list itself, including orphans. */
const listOf = async (word: string) => [...((await others.postings.read([wordQuery(word)]))[0]?.ids() ?? [])];

test('an update that was overtaken starts again with the present chat', async () => {
  const id = await created(others.chats, { name: 'Физика' });
  once('TransactWriteItems', () => others.chats.update(id, { name: 'Химия', url: 'https://max.ru/x' }, T0));
  expect(await chats.update(id, { name: 'Право' }, T0)).toMatchObject({
    chat: { name: 'Право', url: 'https://max.ru/x' },
  });
  expect(await search('право')).toEqual([id]);
  expect(await search('химия')).toEqual([]);
  expect(pauses).toEqual([0]);
});

test('an update overtaken by the same change, or by a deletion, leaves correct words', async () => {
  const id = await created(others.chats, { name: 'Физика' });
  once('TransactWriteItems', () => others.chats.update(id, { name: 'Право новое' }, T0));
  expect(await chats.update(id, { name: 'Право' }, T0)).toMatchObject({ kind: 'updated' });
  once('TransactWriteItems', () => others.chats.delete(id));
  expect(await chats.update(id, { name: 'Химия' }, T0)).toEqual({ kind: 'not_found' });
  for (const word of ['право', 'химия']) expect(await listOf(word)).toEqual([]);
});

test.each([
  [
    'an edit',
    () => chats.update(1, { url: 'https://max.ru/join/new' }, T0 + 1),
    'TransactWriteItems',
    { kind: 'not_found' },
  ],
  ['a deletion', () => chats.delete(1), 'TransactWriteItems', 'not_found'],
  [
    'a count',
    () => counts.apply({ id: 1, maxChatId: '-70' }, { kind: 'count', count: 5 }, { askedAt: T0 + 1, dueAt: T0 }),
    'UpdateItem',
    { kind: 'superseded' },
  ],
])('%s of a chat that is deleted meanwhile writes nothing', async (_, write, command, outcome) => {
  await created(others.chats, { maxChatId: '-70' });
  once(command, () => others.chats.delete(1));
  expect(await write()).toEqual(outcome);
  expect(await others.chats.get(1)).toBeUndefined();
});

test('an update overtaken by a change of the status keeps the status', async () => {
  const id = await created(others.chats, { maxChatId: '-1' });
  const gone = { kind: 'unavailable', status: 'gone' } as const;
  once('TransactWriteItems', () => others.counts.apply({ id, maxChatId: '-1' }, gone, { askedAt: T0, dueAt: T0 }));
  expect(await chats.update(id, { url: 'https://max.ru/x' }, T0)).toMatchObject({ chat: { status: 'gone' } });
  expect((await others.chats.get(id))?.chat).toMatchObject({ status: 'gone', url: 'https://max.ru/x' });
});

test('a changed status is added to its list before the write, and removed from the old list after it', async () => {
  const id = await created(others.chats, { maxChatId: '-1' });
  const withStatus = (...statuses: ShownStatus[]) => findIds(others, { query: query({ statuses }) });
  const listed = async () => {
    const sets = await others.postings.read(['active', 'gone'].map((status) => valueQuery('status', status)));
    return sets.map((set) => set?.has(id));
  };
  const seen: unknown[] = [];
  intercept = (command) => (command === 'UpdateItem' ? listed().then((found) => void seen.push(found)) : undefined);
  await counts.apply({ id, maxChatId: '-1' }, { kind: 'unavailable', status: 'gone' }, { askedAt: T0, dueAt: T0 });
  expect(seen).toEqual([[true, true]]);
  expect(await listed()).toEqual([false, true]);
  expect(await withStatus('gone', 'denied')).toEqual([id]);
  await counts.apply({ id, maxChatId: '-1' }, { kind: 'count', count: 3 }, { askedAt: T0 + 1, dueAt: T0 });
  expect(await listed()).toEqual([true, false]);
  // An older response changes nothing.
  await counts.apply({ id, maxChatId: '-1' }, { kind: 'unavailable', status: 'gone' }, { askedAt: T0, dueAt: T0 });
  expect(await listed()).toEqual([true, false]);
  expect(await withStatus('active')).toEqual([id]);
});

test('an edit that removes a word keeps it in the list if another edit has added it again', async () => {
  const id = await created(others.chats, { name: 'Физика' });
  let transactions = 0;
  intercept = (command) => {
    if (command !== 'TransactWriteItems') return undefined;
    transactions += 1;
    // The third one removes the old words from the lists, but then the chat has them again.
    if (transactions !== 3) return undefined;
    intercept = () => undefined;
    return others.chats.update(id, { name: 'Физика' }, T0).then(() => undefined);
  };
  await chats.update(id, { name: 'Химия' }, T0);
  expect(transactions).toBe(3);
  expect(await listOf('физика')).toEqual([id]);
  expect(await listOf('химия')).toEqual([]);
});

test('chunks that another process has changed meanwhile are read again', async () => {
  await created(others.chats, { name: 'Физика' });
  once('TransactWriteItems', () => created(others.chats, { name: 'Физика' }));
  expect(await created(chats, { name: 'Физика' })).toBe(2);
  expect(await listOf('физика')).toEqual([1, 2, 3]);
  expect(pauses).toEqual([0]);
});

test('without complete lists every chat is read', async () => {
  await created(others.chats, { name: 'Физика' });
  await created(others.chats, { name: 'Химия' });
  const { tables } = database;
  await database.client.send(new DeleteCommand({ TableName: tables.state, Key: { pk: 'postings' } }));
  for (const table of [tables.postings]) {
    const { Items: items = [] } = await database.client.send(new ScanCommand({ TableName: table }));
    for (const { group, key } of items) {
      await database.client.send(new DeleteCommand({ TableName: table, Key: { group, key } }));
    }
  }
  const undisturbed = { chats, postings: createDynamoPostingStore(database) };
  expect(await findIds(undisturbed, { query: query({ search: 'хим' }) })).toEqual([2]);
  expect(await created(chats, { name: 'Химик' })).toBe(3);
  expect(await findIds(undisturbed, { query: query({ search: 'хим' }) })).toEqual([2, 3]);
});

test('an import that is overtaken by a creation updates that chat and creates the others', async () => {
  once('UpdateItem', () => created(others.chats, { maxChatId: '-2', name: 'Чужое' }));
  const lines = ['-1', '-2', '-3'].map((max) => line(max, { name: `Курс ${max}`, participantsCount: 5 }));
  expect(await chats.importMany(lines, T0)).toEqual({ created: 2, updated: 1, unchanged: 0 });
  expect(await others.chats.total('all')).toBe(3);
  const rows = await listAll(others.chats, { sort: 'participants_count' });
  expect(rows.map(({ chat, count }) => [chat.maxChatId, chat.name, count?.participantsCount]).sort()).toEqual(
    lines.map(({ maxChatId, name }) => [maxChatId, name, 5]),
  );
  expect(await search('курс')).toHaveLength(3);
  expect(await search('чужое')).toEqual([]);
});

test('an id that another chat takes during an import is a conflict, and that chat keeps its words', async () => {
  once('UpdateItem', () => others.chats.importMany([line('-1', { id: 5, name: 'Право' })], T0));
  expect(await chats.importMany([line('-2', { id: 5, name: 'Право' }), line('-3', { id: 6 })], T0)).toEqual({
    ...{ created: 1, updated: 0, unchanged: 0 },
    conflicts: [{ maxChatId: '-2', kind: 'taken', existing: 5 }],
  });
  expect(await search('право')).toEqual([5]);
  expect((await others.chats.get(5))?.chat.maxChatId).toBe('-1');
});

test('a creation whose new id an import has just used takes the next id', async () => {
  once('TransactWriteItems', () => others.chats.importMany([line('-1', { id: 1, name: 'Право' })], T0));
  expect(await created(chats, { name: 'Право' })).toBe(2);
  expect(await search('право')).toEqual([1, 2]);
  once('TransactWriteItems', () => others.chats.importMany([line('-2', { id: 3 })], T0));
  expect(await chats.importMany([line('-3')], T0)).toEqual({ created: 1, updated: 0, unchanged: 0 });
  expect(await others.chats.findByMaxChatId('-3')).toBe(4);
});

test('an import never replaces a count that was just read', async () => {
  const id = await created(others.chats, { maxChatId: '-1' });
  const read = { kind: 'count', count: 7 } as const;
  once('UpdateItem', () => others.counts.apply({ id, maxChatId: '-1' }, read, { askedAt: T0, dueAt: T0 }));
  const same = { ...line('-1'), participantsCount: 100 };
  expect(await chats.importMany([same], T0)).toEqual({ created: 0, updated: 0, unchanged: 1 });
  expect(await others.chats.get(id)).toMatchObject({ participantsCount: 7, readAt: T0 });
});

test('conflicts with other transactions are retried after a pause; other errors are thrown', async () => {
  answer('TransactWriteItems', [cancelled('TransactionConflict'), cancelled('ThrottlingError')]);
  const id = await created(chats, { maxChatId: '-1' });
  expect(pauses).toEqual([0, 1]);
  answer('UpdateItem', [conflict, conflict, conflict]);
  const reading = { kind: 'count', count: 7 } as const;
  const applied = counts.apply({ id, maxChatId: '-1' }, reading, { askedAt: T0, dueAt: T0 });
  expect(await applied).toEqual({ kind: 'applied', before: null, knownCorrect: false });
  expect(pauses).toEqual([0, 1, 0, 1, 2]);
  answer('TransactWriteItems', [cancelled('ValidationError')]);
  await expect(chats.delete(id)).rejects.toThrow('ValidationError');
  answer('UpdateItem', Array(20).fill(conflict));
  await expect(counts.postpone([id], T0 + 1)).rejects.toThrow('given up after 12 repetitions');
});

test('keys that DynamoDB did not process are requested again', async () => {
  const id = await created(others.chats);
  answer('BatchGetItem', [() => ({ Responses: {}, UnprocessedKeys: { [database.tables.chats]: { Keys: [{ id }] } } })]);
  expect([...(await chats.getMany([id])).keys()]).toEqual([id]);
  expect(sent).toEqual(['BatchGetItem', 'BatchGetItem']);
});

test('costs the documented round trips: a page 1 Query, a count 1 UpdateItem, a search 1 Query per list and 1 BatchGetItem', async () => {
  await others.chats.importMany(
    ['-1', '-2', '-3', '-4'].map((max) => line(max)),
    T0,
  );
  await chats.list(listing({ limit: 2 }));
  const find = createFindChats({ chatStore: chats, postings: createDynamoPostingStore(database) });
  const request = { query: query({ search: 'чат' }), sort: 'id', order: 'asc', limit: 4, after: undefined } as const;
  await find(request);
  sent.splice(1, sent.length);
  await find(request);
  await counts.apply({ id: 1, maxChatId: '-1' }, { kind: 'count', count: 1 }, { askedAt: T0, dueAt: T0 });
  await counts.apply({ id: 99, maxChatId: '-1' }, { kind: 'count', count: 1 }, { askedAt: T0, dueAt: T0 });
  await chats.update(1, { url: 'https://max.ru/x' }, T0);
  expect(sent).toEqual([
    'Query',
    // The number of chats, the lists of the word and of the source that the text may be, and the chats.
    ...['GetItem', 'Query', 'Query', 'BatchGetItem'],
    ...['UpdateItem', 'UpdateItem'],
    ...['GetItem', 'TransactWriteItems'],
    // The column of the times of changes follows; then all is as it should be.
    ...['GetItem', 'BatchGetItem', 'TransactWriteItems', 'GetItem', 'BatchGetItem'],
  ]);
});
