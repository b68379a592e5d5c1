import type { StoredChat } from '../chats/chat.ts';
import type { IdSet } from '../chats/id-set.ts';
import { type ChatQuery, isNarrowed, matchesQuery } from '../chats/query.ts';
import { comparePositions, type Position, positionOf, type Sort } from '../chats/sort-keys.ts';
import type { ChatStore, ListedChat, Listing, ListPage } from '../state/chat-store.ts';
import type { PostingStore } from '../state/posting-store.ts';
import { matchingIds } from './matching-ids.ts';

/**
 * Pages of chats: all of a scope, or those that match a query. Posting lists say which chats match, so the total is known
 * before any chat is read. Then the cheaper way leads to the page: few matches are read and sorted; of many, the sorted
 * listing is walked until enough of them were met. Both ways give the same rows in the same order, so a cursor remains valid
 * if the way changes. Rows are checked against the query before they are shown, since a list may hold an id too many.
 */

/** Matches that are read and sorted: 7 BatchGetItem. */
const MAX_SORTED = 700;

/** Rows of the listing in one Query of a walk. */
const MAX_STEP = 5_000;

/** A walk that has passed this many rows for each match gives up: the matches lie at the other end, and are read instead. */
const MAX_WALKED_PER_MATCH = 3;

export interface FindChatsDeps {
  readonly chatStore: Pick<ChatStore, 'list' | 'walk' | 'getMany' | 'total' | 'findByMaxChatId'>;
  readonly postings: PostingStore;
}

export interface FindRequest extends Omit<Listing, 'scope'> {
  readonly query: ChatQuery;
}

export interface FoundPage extends ListPage {
  /** All chats that match, on every page. */
  readonly total: number;
}

export type FindChats = (request: FindRequest) => Promise<FoundPage>;

/** A row and its place in the listing. */
interface Placed {
  readonly row: ListedChat;
  readonly position: Position;
}

export function createFindChats(deps: FindChatsDeps): FindChats {
  const { chatStore } = deps;

  return async function findChats(request) {
    const { query } = request;
    const { scope } = query;
    if (!isNarrowed(query)) {
      const [page, total] = await Promise.all([chatStore.list({ ...request, scope }), chatStore.total(scope)]);
      return { ...page, total };
    }
    const [{ ids, exact }, chats] = await Promise.all([matchingIds(deps, query, MAX_SORTED), chatStore.total(scope)]);
    const total = ids.size;
    if (total === 0) return { rows: [], next: undefined, total };
    if (request.sort === 'id' && exact) return { ...(await pageById(request, ids)), total };
    if (total <= MAX_SORTED) return sorted(request, ids);
    const walked = await walk(request, ids, Math.max(chats, total));
    return walked ? { ...walked, total } : { ...(await sorted(request, ids)), total };
  };

  /** 1 BatchGetItem for every 100 rows: the ids are in order already. */
  async function pageById(request: FindRequest, ids: IdSet): Promise<ListPage> {
    const { order, limit, after } = request;
    const rows: Placed[] = [];
    const rest = ids.ids(order, after?.id);
    while (rows.length <= limit) {
      const batch = [...take(rest, limit + 1 - rows.length)];
      if (batch.length === 0) break;
      rows.push(
        ...(await readRows(
          request,
          batch.map((id) => ({ key: id, id })),
        )),
      );
    }
    return pageOf(rows, limit);
  }

  /** Reads all matches and sorts them. 1 BatchGetItem for every 100. */
  async function sorted({ query, sort, order, limit, after }: FindRequest, ids: IdSet): Promise<FoundPage> {
    const compare = comparePositions(order);
    const matching = [...(await chatStore.getMany([...ids.ids()])).values()].filter(({ chat }) =>
      matchesQuery(chat, query),
    );
    const rows = matching
      .map((stored) => ({
        row: rowOf(stored, sort),
        position: positionOf(sort, stored.chat, stored.participantsCount),
      }))
      .filter(({ position }) => !after || compare(position, after) > 0)
      .sort((a, b) => compare(a.position, b.position));
    return { ...pageOf(rows, limit), total: matching.length };
  }

  /**
   * Walks the listing and reads the matches it meets. 1 Query for some thousand rows, 1 or 2 BatchGetItem.
   * @returns `undefined` where the walk is longer than expected, and reading all matches is cheaper.
   */
  async function walk(request: FindRequest, ids: IdSet, chats: number): Promise<ListPage | undefined> {
    const { query, sort, order, limit } = request;
    const rows: Placed[] = [];
    let met: Position[] = [];
    let after = request.after;
    let passed = 0;
    let ended = false;
    while (rows.length <= limit) {
      const wanted = limit + 1 - rows.length;
      while (met.length < wanted && !ended) {
        if (passed > MAX_WALKED_PER_MATCH * ids.size) return undefined;
        const expected = Math.ceil(((wanted - met.length) * 1.2 * chats) / ids.size);
        const step = Math.min(Math.max(expected, limit + 1), MAX_STEP);
        const part = await chatStore.walk({ scope: query.scope, sort, order, limit: step, after });
        met.push(...part.positions.filter(({ id }) => ids.has(id)));
        passed += part.positions.length;
        after = part.next;
        ended = after === undefined;
      }
      if (met.length === 0) break;
      rows.push(...(await readRows(request, met.slice(0, wanted))));
      met = met.slice(wanted);
    }
    return pageOf(rows, limit);
  }

  /** The chats at these places that match, in the order of the places. 1 BatchGetItem for every 100. */
  async function readRows({ query, sort }: FindRequest, places: readonly Position[]): Promise<Placed[]> {
    const stored = await chatStore.getMany(places.map(({ id }) => id));
    return places.flatMap((position) => {
      const found = stored.get(position.id);
      return found && matchesQuery(found.chat, query) ? [{ row: rowOf(found, sort), position }] : [];
    });
  }
}

function* take<T>(items: Iterator<T>, n: number): Generator<T> {
  for (let i = 0; i < n; i++) {
    const next = items.next();
    if (next.done) return;
    yield next.value;
  }
}

const rowOf = ({ chat, participantsCount, readAt }: StoredChat, sort: Sort): ListedChat => ({
  chat,
  count: sort === 'participants_count' ? { participantsCount, readAt } : undefined,
});

/** @param rows one more than the page holds where there is a next page. */
function pageOf(rows: readonly Placed[], limit: number): ListPage {
  const shown = rows.slice(0, limit);
  return {
    rows: shown.map(({ row }) => row),
    next: rows.length > limit ? shown.at(-1)?.position : undefined,
  };
}
