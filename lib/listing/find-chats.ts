import type { StoredChat } from '../chats/chat.ts';
import { IdSet } from '../chats/id-set.ts';
import { type ChatQuery, isNarrowed, matchesQuery } from '../chats/query.ts';
import type { Column } from '../chats/sort-columns.ts';
import { comparePositions, type Position, positionOf, type Sort } from '../chats/sort-keys.ts';
import type { ChatStore, ListedChat, Listing, ListPage } from '../state/chat-store.ts';
import type { PostingStore } from '../state/posting-store.ts';
import { matchingIds } from './matching-ids.ts';
import { expectedWalk, MAX_READ, MAX_WALKED, type PageSize, type Way, wayTo, wayWithoutWalk } from './page-ways.ts';

/**
 * Returns pages of chats: all of a scope, or those that match a query. Posting lists name the chats that match, so the total is
 * known before any chat is read. `page-ways.ts` then chooses what to read. Rows are checked against the query before they are
 * returned, because a list may contain a wrong id.
 */

/** Largest number of rows in one Query of a walk. A Query ends earlier at 1 MB. */
const MAX_STEP = 5_000;

export interface FindChatsDeps {
  readonly chatStore: Pick<ChatStore, 'list' | 'walk' | 'getMany' | 'total' | 'findByMaxChatId'>;
  readonly postings: PostingStore;
}

export interface FindRequest extends Omit<Listing, 'scope'> {
  readonly query: ChatQuery;
}

export interface FoundPage extends ListPage {
  /** Number of all chats that match, on every page. */
  readonly total: number;
}

export type FindChats = (request: FindRequest) => Promise<FoundPage>;

/** A page. If it has no total, the total of the posting lists applies. */
type Page = ListPage & Partial<Pick<FoundPage, 'total'>>;

const EMPTY: Page = { rows: [], next: undefined };

/** A row and its position in the listing. */
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
    const [{ ids, exact }, listed, all] = await Promise.all([
      matchingIds(deps, query, MAX_READ),
      chatStore.total(scope),
      scope === 'all' ? undefined : chatStore.total('all'),
    ]);
    const total = ids.size;
    if (total === 0) return { ...EMPTY, total };
    const size = { matches: total, exact, listed, chats: all ?? listed, sort: request.sort, limit: request.limit };
    const page = await pageBy(wayTo(size), request, ids, size);
    return { total, ...page };
  };

  async function pageBy(way: Way, request: FindRequest, ids: IdSet, size: PageSize): Promise<Page> {
    switch (way) {
      case 'ids':
        return pageById(request, ids);
      case 'read':
        return sorted(request, ids);
      case 'column':
        return (await byColumn(request, ids)) ?? (await walk(request, ids, size, Number.POSITIVE_INFINITY)) ?? EMPTY;
      case 'walk': {
        const other = wayWithoutWalk(size);
        const walked = await walk(request, ids, size, other ? MAX_WALKED : Number.POSITIVE_INFINITY);
        return walked ?? pageBy(other ?? 'read', request, ids, size);
      }
    }
  }

  /** Returns a page sorted by id, which is the order of the set. 1 BatchGetItem for every 100 rows. */
  async function pageById(request: FindRequest, ids: IdSet): Promise<Page> {
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
  async function sorted({ query, sort, order, limit, after }: FindRequest, ids: IdSet): Promise<Page> {
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
   * Selects the page by the column of its sort. 1 Query for every 1 MB of the column, 1 or 2 BatchGetItem.
   * @returns `undefined` if the column lacks too many chats.
   */
  async function byColumn(request: FindRequest, ids: IdSet): Promise<Page | undefined> {
    const { sort, order, limit } = request;
    const positions = await deps.postings.positions(sort as Column, ids);
    // Chats whose writer has died have no position in the column. This is rare.
    if (ids.size - positions.length > MAX_READ) return undefined;
    if (positions.length < ids.size) positions.push(...(await missingPositions(sort, ids, positions)));
    const compare = comparePositions(order);
    const rows: Placed[] = [];
    let { after } = request;
    while (rows.length <= limit) {
      const next = firstAfter(positions, compare, after, limit + 1 - rows.length);
      if (next.length === 0) break;
      rows.push(...(await readRows(request, next)));
      after = next.at(-1);
    }
    return pageOf(rows, limit);
  }

  /** Returns the positions of chats that the column lacks. 1 BatchGetItem for every 100. */
  async function missingPositions(sort: Sort, ids: IdSet, known: readonly Position[]): Promise<Position[]> {
    const found = IdSet.of(known.map(({ id }) => id));
    const stored = await chatStore.getMany([...ids.ids()].filter((id) => !found.has(id)));
    return [...stored.values()].map(({ chat, participantsCount }) => positionOf(sort, chat, participantsCount));
  }

  /**
   * Walks the listing and reads the matches on the way. 1 Query for every few thousand rows, 1 or 2 BatchGetItem.
   * @returns `undefined` if `maxRows` rows do not contain enough matches.
   */
  async function walk(request: FindRequest, ids: IdSet, size: PageSize, maxRows: number): Promise<Page | undefined> {
    const { query, sort, order, limit } = request;
    const rows: Placed[] = [];
    let met: Position[] = [];
    let after = request.after;
    let passed = 0;
    let ended = false;
    let step = Math.min(expectedWalk(size), MAX_STEP);
    while (rows.length <= limit) {
      const wanted = limit + 1 - rows.length;
      while (met.length < wanted && !ended) {
        if (passed >= maxRows) return undefined;
        const part = await chatStore.walk({ scope: query.scope, sort, order, limit: step, after });
        met.push(...part.positions.filter(({ id }) => ids.has(id)));
        passed += part.positions.length;
        after = part.next;
        ended = after === undefined;
        step = Math.min(2 * step, MAX_STEP);
      }
      if (met.length === 0) break;
      rows.push(...(await readRows(request, met.slice(0, wanted))));
      met = met.slice(wanted);
    }
    return pageOf(rows, limit);
  }

  /** Returns the chats at these positions that match, in the order of the positions. 1 BatchGetItem for every 100. */
  async function readRows({ query, sort }: FindRequest, places: readonly Position[]): Promise<Placed[]> {
    const stored = await chatStore.getMany(places.map(({ id }) => id));
    return places.flatMap((position) => {
      const found = stored.get(position.id);
      return found && matchesQuery(found.chat, query) ? [{ row: rowOf(found, sort), position }] : [];
    });
  }
}

/** Returns the first `n` of these positions after `after`, in order. It needs one pass, because there may be very many. */
function firstAfter(
  positions: readonly Position[],
  compare: (a: Position, b: Position) => number,
  after: Position | undefined,
  n: number,
): Position[] {
  let first: Position[] = [];
  let last: Position | undefined;
  const shorten = () => {
    first = first.sort(compare).slice(0, n);
    last = first.at(-1);
  };
  for (const position of positions) {
    if ((after && compare(position, after) <= 0) || (last && compare(position, last) >= 0)) continue;
    first.push(position);
    if (first.length >= 2 * n) shorten();
  }
  shorten();
  return first;
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

/** @param rows the rows of the page, and one more if there is a next page. */
function pageOf(rows: readonly Placed[], limit: number): ListPage {
  const shown = rows.slice(0, limit);
  return {
    rows: shown.map(({ row }) => row),
    next: rows.length > limit ? shown.at(-1)?.position : undefined,
  };
}
