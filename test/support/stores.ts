import { inject } from 'vitest';
import { createDynamoChatStore } from '../../lib/adapters/dynamodb/chat-store.ts';
import { createDynamoCountStore } from '../../lib/adapters/dynamodb/count-store.ts';
import type { Database } from '../../lib/adapters/dynamodb/database.ts';
import { createDynamoEventStore } from '../../lib/adapters/dynamodb/event-store.ts';
import { createDynamoHistory, createDynamoHistoryWriter } from '../../lib/adapters/dynamodb/history.ts';
import { createDynamoPlannerStore } from '../../lib/adapters/dynamodb/planner-store.ts';
import { createDynamoPostingRepairStore } from '../../lib/adapters/dynamodb/posting-repair-store.ts';
import { createDynamoPostingStore } from '../../lib/adapters/dynamodb/posting-store.ts';
import { changePostings } from '../../lib/adapters/dynamodb/posting-writes.ts';
import { createDynamoRunStore } from '../../lib/adapters/dynamodb/run-store.ts';
import { createDynamoRollUpStore, createDynamoStatistics } from '../../lib/adapters/dynamodb/statistics.ts';
import type { ChatFields } from '../../lib/chats/chat.ts';
import { type ChatQuery, readSearch } from '../../lib/chats/query.ts';
import type { Position } from '../../lib/chats/sort-keys.ts';
import type { Term } from '../../lib/chats/terms.ts';
import { createFindChats, type FindRequest, type FoundPage } from '../../lib/listing/find-chats.ts';
import type { ChatStore, ImportedChat, ListedChat, Listing } from '../../lib/state/chat-store.ts';
import type { CountStore } from '../../lib/state/count-store.ts';
import type { EventStore } from '../../lib/state/event-store.ts';
import type { History, HistoryWriter } from '../../lib/state/history.ts';
import type { PlannerStore } from '../../lib/state/planner-store.ts';
import type { PostingRepairStore, PostingStore } from '../../lib/state/posting-store.ts';
import type { RunStore } from '../../lib/state/run-store.ts';
import type { RollUpStore, Statistics } from '../../lib/state/statistics.ts';
import { connectDynamo, createDatabase } from './dynamodb.ts';
import { createMemoryChatStore } from './memory/chat-store.ts';
import { createMemoryChats } from './memory/chats.ts';
import { createMemoryCountStore } from './memory/count-store.ts';
import { createMemoryEventStore } from './memory/event-store.ts';
import { createMemoryHistory } from './memory/history.ts';
import { createMemoryPlannerStore } from './memory/planner-store.ts';
import { createMemoryPostingRepairStore } from './memory/posting-repair-store.ts';
import { createMemoryPostingStore, setEntry, type WrongEntries } from './memory/posting-store.ts';
import { createMemoryRunStore } from './memory/run-store.ts';
import { createMemoryStatistics } from './memory/statistics.ts';

/** All durable stores, empty, over one database of their own. */
export interface Stores {
  readonly chats: ChatStore;
  readonly postings: PostingStore;
  readonly repairs: PostingRepairStore;
  /** Adds an id to a posting list or removes it, whatever its chat is, as interrupted writes do. */
  readonly setPosting: (term: Term, id: number, present: boolean) => Promise<unknown>;
  readonly counts: CountStore;
  readonly events: EventStore;
  readonly history: History & HistoryWriter;
  readonly runs: RunStore;
  readonly statistics: Statistics & RollUpStore;
  readonly planner: PlannerStore;
}

/** Days that the history is kept. */
export const KEPT_DAYS = 30;

export async function openMemory(): Promise<Stores> {
  const chats = createMemoryChats();
  const wrong: WrongEntries = new Map();
  return {
    chats: createMemoryChatStore(chats),
    postings: createMemoryPostingStore(chats, wrong),
    repairs: createMemoryPostingRepairStore(chats, wrong),
    setPosting: async (term, id, present) => setEntry(chats, wrong, { term, id, present }),
    counts: createMemoryCountStore(chats),
    events: createMemoryEventStore(chats),
    history: createMemoryHistory(),
    runs: createMemoryRunStore(),
    statistics: createMemoryStatistics(),
    planner: createMemoryPlannerStore(),
  };
}

export async function openDynamo(): Promise<Stores & { readonly database: Database & { readonly history: string } }> {
  const database = await createDatabase(connectDynamo(inject('dynamodbEndpoint')));
  return {
    database,
    chats: createDynamoChatStore(database),
    postings: createDynamoPostingStore(database),
    repairs: createDynamoPostingRepairStore(database),
    setPosting: (term, id, present) => changePostings(database, [{ term, id, present }]),
    counts: createDynamoCountStore(database),
    events: createDynamoEventStore(database),
    history: {
      ...createDynamoHistory(database, database.history),
      ...createDynamoHistoryWriter(database, { table: database.history, keptDays: KEPT_DAYS }),
    },
    runs: createDynamoRunStore(database),
    statistics: {
      ...createDynamoStatistics(database, database.history),
      ...createDynamoRollUpStore(database, { table: database.history, keptDays: KEPT_DAYS }),
    },
    planner: createDynamoPlannerStore(database),
  };
}

/** Every implementation passes the same suite. `STORES=memory`: only the one that needs no server, for mutation testing. */
export const IMPLEMENTATIONS = (
  [
    ['memory', openMemory],
    ['dynamodb', openDynamo],
  ] as const
).filter(([name]) => name === (process.env.STORES ?? name));

/** Unix ms at which the tests begin. */
export const T0 = Date.UTC(2026, 10, 23, 9);

export const fields = (some: Partial<ChatFields> = {}): ChatFields => ({
  name: 'Чат',
  url: null,
  maxChatId: null,
  externalChatId: null,
  universityId: null,
  department: null,
  source: null,
  ...some,
});

export const line = (maxChatId: string, some: Partial<ImportedChat> = {}): ImportedChat => ({
  ...fields(some),
  maxChatId,
  participantsCount: some.participantsCount ?? null,
});

/** @returns the chat's id. */
export async function created(store: ChatStore, some: Partial<ChatFields> = {}, at: number = T0): Promise<number> {
  const outcome = await store.create(fields(some), at);
  if (outcome.kind !== 'created') throw new Error(outcome.kind);
  return outcome.stored.chat.id;
}

export const listing = (some: Partial<Listing> = {}): Listing => ({
  scope: 'all',
  sort: 'id',
  order: 'asc',
  limit: 50,
  after: undefined,
  ...some,
});

/** All rows of a listing, page by page as a client reads them. */
export async function listAll(store: ChatStore, some: Partial<Listing> = {}): Promise<ListedChat[]> {
  const rows: ListedChat[] = [];
  let after: Listing['after'];
  do {
    const page = await store.list(listing({ ...some, after }));
    rows.push(...page.rows);
    after = page.next;
  } while (after);
  return rows;
}

export const idsOf = (rows: readonly ListedChat[]): number[] => rows.map(({ chat }) => chat.id);

/** Conditions by the names of `ChatQuery`; `search` as somebody types it. */
export const query = ({
  search,
  ...some
}: Partial<Omit<ChatQuery, 'search'>> & { readonly search?: string | undefined } = {}): ChatQuery => ({
  scope: 'all',
  search: search === undefined ? undefined : readSearch(search),
  department: undefined,
  source: undefined,
  statuses: [],
  ...some,
});

/** All pages of what a query finds. */
export async function findPages(
  { chats, postings }: Pick<Stores, 'chats' | 'postings'>,
  some: Partial<Omit<FindRequest, 'after'>> = {},
): Promise<FoundPage[]> {
  const find = createFindChats({ chatStore: chats, postings });
  const pages: FoundPage[] = [];
  let after: Position | undefined;
  do {
    const page = await find({ query: query(), sort: 'id', order: 'asc', limit: 50, ...some, after });
    pages.push(page);
    after = page.next;
  } while (after);
  return pages;
}

/** The ids that a query finds, in order. */
export const findIds = async (...of: Parameters<typeof findPages>): Promise<number[]> =>
  (await findPages(...of)).flatMap(({ rows }) => idsOf(rows));
