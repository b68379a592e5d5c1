import { COLUMNS, type Column } from '../chats/sort-columns.ts';
import type { Sort } from '../chats/sort-keys.ts';

/**
 * The ways to find a page of the chats that match a query. All return the same rows in the same order, but they read different
 * items. The choice depends on the number of matches and the number of chats, which are known before.
 */
export type Way =
  /** The set of ids is already in order: reads only the rows of the page. */
  | 'ids'
  /** Reads all matches and sorts them. */
  | 'read'
  /** Walks through the sorted listing until it has passed enough matches, and reads these. */
  | 'walk'
  /** Reads the column of all sort keys, selects the page, and reads its rows. */
  | 'column';

/** Largest number of matches that are read and sorted: 3 BatchGetItem. */
export const MAX_READ = 300;

/** Largest number of rows that a walk passes: about 500 KB, one Query. */
export const MAX_WALKED = 1_000;

/** Factor on the expected number of rows of a walk, because matches are not evenly spread. */
const MARGIN = 1.2;

/** Bytes of a column per chat: names compressed, times in the worst case. */
const COLUMN_BYTES: Readonly<Record<Column, number>> = {
  name: 14,
  created_at: 6,
  updated_at: 6,
};

const QUERY_BYTES = 1_048_576;

/** Largest number of Queries for a column. For more, other ways are better. */
const MAX_COLUMN_QUERIES = 8;

export interface PageSize {
  /** Number of chats that match. */
  readonly matches: number;
  /** Whether exactly these match. Otherwise some of them may not match, and all must be read. */
  readonly exact: boolean;
  /** Number of chats in the listing of the scope. */
  readonly listed: number;
  /** Number of all chats. */
  readonly chats: number;
  readonly sort: Sort;
  readonly limit: number;
}

/** Returns the expected number of rows that a walk passes. */
export const expectedWalk = ({ matches, listed, limit }: PageSize): number =>
  Math.ceil(((limit + 1) * MARGIN * Math.max(listed, matches)) / matches);

/** Returns the number of Queries for the column of a sort. */
export const columnQueries = ({ chats }: PageSize, column: Column): number =>
  Math.ceil((chats * COLUMN_BYTES[column]) / QUERY_BYTES);

export function wayTo(page: PageSize): Way {
  const { matches, exact, sort } = page;
  if (sort === 'id' && exact) return 'ids';
  if (matches <= MAX_READ) return 'read';
  if (expectedWalk(page) <= MAX_WALKED) return 'walk';
  return wayWithoutWalk(page) ?? 'walk';
}

/** Returns the way for a walk that would pass too many rows; `undefined` if the walk is still the best. */
export function wayWithoutWalk(page: PageSize): 'column' | 'read' | undefined {
  const column = COLUMNS.find((one) => one === page.sort);
  if (column && columnQueries(page, column) <= MAX_COLUMN_QUERIES) return 'column';
  // Reading a row costs as much as passing several.
  return page.matches * 3 <= expectedWalk(page) ? 'read' : undefined;
}
