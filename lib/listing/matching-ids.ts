import type { Chat } from '../chats/chat.ts';
import { IdSet } from '../chats/id-set.ts';
import { type ChatQuery, matchesQuery, type Search } from '../chats/query.ts';
import type { Position } from '../chats/sort-keys.ts';
import { type TermQuery, valueQuery, wordQuery } from '../chats/terms.ts';
import type { ChatStore } from '../state/chat-store.ts';
import type { PostingStore } from '../state/posting-store.ts';

/** Number of words of a search whose lists are read first. The others are read only if many chats remain. */
const FIRST_WORDS = 5;

/** Rows per request while there are no posting lists. */
const SCANNED_AT_ONCE = 1_000;

export interface MatchingIdsDeps {
  readonly chatStore: Pick<ChatStore, 'list' | 'findByMaxChatId'>;
  readonly postings: PostingStore;
}

export interface MatchingIds {
  readonly ids: IdSet;
  /** Whether exactly these chats match. Otherwise these are at most `enough` chats, and all matches are among them. */
  readonly exact: boolean;
}

/**
 * Finds the chats that match, by posting lists: 1 Query per list, in parallel, and 1 GetItem if the search may be a MAX id. It
 * stops reading when so few chats remain that the caller can check all of them.
 * @param enough this number of chats.
 */
export async function matchingIds(deps: MatchingIdsDeps, query: ChatQuery, enough: number): Promise<MatchingIds> {
  if (!(await deps.postings.isComplete())) {
    const ids = new IdSet();
    for await (const { id } of scanChats(deps.chatStore, query)) ids.add(id);
    return { ids, exact: true };
  }
  const { search } = query;
  const owner = search?.maxChatId === undefined ? undefined : deps.chatStore.findByMaxChatId(search.maxChatId);
  const words = search ? distinctBeginnings(search.words) : [];
  const plan = planOf(query);
  const first = await readPlan(deps.postings, plan, words.slice(0, FIRST_WORDS), enough);
  const found = combine(plan, first, words.length, await owner);
  if (found.exact || found.ids.size <= enough) return found;
  const all = await readPlan(deps.postings, plan, words, undefined);
  return combine(plan, all, words.length, await owner);
}

/**
 * Returns the words without those that are prefixes of another word. The longest come first, because they are usually the rarest.
 */
const distinctBeginnings = (words: readonly string[]): string[] =>
  words
    .filter((word) => !words.some((other) => other !== word && other.startsWith(word)))
    .sort((a, b) => b.length - a.length);

/** The conditions of a query, each a union of lists, and the list of the source that the search text may name. */
interface Plan {
  readonly filters: readonly (readonly TermQuery[])[];
  readonly search: Search | undefined;
  readonly textAsSource: TermQuery | undefined;
}

function planOf({ scope, search, department, source, statuses }: ChatQuery): Plan {
  const filters: TermQuery[][] = [];
  if (scope !== 'all') filters.push([valueQuery('university', String(scope.universityId))]);
  if (department !== undefined) filters.push([valueQuery('department', department)]);
  if (source !== undefined) filters.push([valueQuery('source', source)]);
  if (statuses.length > 0) filters.push(statuses.map((status) => valueQuery('status', status)));
  return { filters, search, textAsSource: search && valueQuery('source', search.text) };
}

interface ReadLists {
  readonly filters: readonly (readonly (IdSet | undefined)[])[];
  readonly words: readonly (IdSet | undefined)[];
  readonly textAsSource: IdSet | undefined;
}

async function readPlan(
  postings: PostingStore,
  { filters, textAsSource }: Plan,
  words: readonly string[],
  enough: number | undefined,
): Promise<ReadLists> {
  const queries = [...filters.flat(), ...words.map(wordQuery), ...(textAsSource ? [textAsSource] : [])];
  const required = new Set<number>(textAsSource ? [queries.length - 1] : []);
  let at = 0;
  for (const union of filters) {
    if (union.length > 1) for (let i = 0; i < union.length; i++) required.add(at + i);
    at += union.length;
  }
  const sets = await postings.read(queries, enough === undefined ? undefined : { enough, required });
  let taken = 0;
  const take = (n: number) => {
    taken += n;
    return sets.slice(taken - n, taken);
  };
  return {
    filters: filters.map((union) => take(union.length)),
    words: take(words.length),
    textAsSource: textAsSource && take(1)[0],
  };
}

/** Combines the lists. @param words number of words in the search, including those whose lists were not read. */
function combine(plan: Plan, lists: ReadLists, words: number, owner: number | undefined): MatchingIds {
  const conditions: IdSet[] = [];
  let exact = lists.words.length === words;
  const isRead = (set: IdSet | undefined): set is IdSet => {
    if (!set) exact = false;
    return set !== undefined;
  };
  for (const union of lists.filters) {
    const read = union.filter(isRead);
    if (read.length === union.length) conditions.push(unionOf(read));
  }
  if (plan.search) {
    const read = lists.words.filter(isRead);
    if (words === 0 || read.length > 0) {
      const found = intersectionOf(read);
      if (lists.textAsSource) found.addAll(lists.textAsSource);
      if (owner !== undefined) found.add(owner);
      conditions.push(found);
    }
  }
  return { ids: intersectionOf(conditions), exact };
}

function unionOf(sets: readonly IdSet[]): IdSet {
  const union = new IdSet();
  for (const set of sets) union.addAll(set);
  return union;
}

function intersectionOf([first, ...others]: readonly IdSet[]): IdSet {
  return others.reduce((both, other) => both.common(other), unionOf(first ? [first] : []));
}

/**
 * Yields all chats that match, without posting lists. It is slow but always correct. 1 Query for every 1,000 chats of the scope.
 */
export async function* scanChats(chatStore: Pick<ChatStore, 'list'>, query: ChatQuery): AsyncGenerator<Chat> {
  let after: Position | undefined;
  do {
    const page = await chatStore.list({ scope: query.scope, sort: 'id', order: 'asc', limit: SCANNED_AT_ONCE, after });
    for (const { chat } of page.rows) if (matchesQuery(chat, query)) yield chat;
    after = page.next;
  } while (after);
}
