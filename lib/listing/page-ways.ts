import { COLUMNS, type Column } from '../chats/sort-columns.ts';
import type { Sort } from '../chats/sort-keys.ts';

/**
 * The ways to a page of the chats that match a query. All give the same rows in the same order; they differ in what they read.
 * The choice follows from numbers that are known before: how many chats match, and how many there are.
 */
export type Way =
  /** The ids are in order already: reads the rows of the page. */
  | 'ids'
  /** Reads all matches and sorts them. */
  | 'read'
  /** Passes through the sorted listing until it has met enough matches, and reads these. */
  | 'walk'
  /** Reads the column of all sort keys, picks the page, and reads its rows. */
  | 'column';

/** Matches that are read and sorted: 3 BatchGetItem. */
export const MAX_READ = 300;

/** Rows of the listing that a walk may pass: about 500 KB, one Query. */
export const MAX_WALKED = 1_000;

/** Rows that a walk passes for each one that it needs, if matches are spread evenly; a fifth more, since they are not. */
const MARGIN = 1.2;

/** What a column takes for each chat, bytes: names as they compress, times at worst. */
const COLUMN_BYTES: Readonly<Record<Column, number>> = {
  name: 14,
  created_at: 6,
  updated_at: 6,
};

const QUERY_BYTES = 1_048_576;

/** Queries for a column, at most; then other ways are better. */
const MAX_COLUMN_QUERIES = 8;

export interface PageSize {
  /** How many chats match. */
  readonly matches: number;
  /** Whether exactly these match; otherwise some of them may not, and all must be read. */
  readonly exact: boolean;
  /** Chats of the listing that a walk passes. */
  readonly listed: number;
  /** All chats. */
  readonly chats: number;
  readonly sort: Sort;
  readonly limit: number;
}

/** How many rows of the listing a walk is expected to pass. */
export const expectedWalk = ({ matches, listed, limit }: PageSize): number =>
  Math.ceil(((limit + 1) * MARGIN * Math.max(listed, matches)) / matches);

/** How many Queries the column of a sort takes. */
export const columnQueries = ({ chats }: PageSize, column: Column): number =>
  Math.ceil((chats * COLUMN_BYTES[column]) / QUERY_BYTES);

export function wayTo(page: PageSize): Way {
  const { matches, exact, sort } = page;
  if (sort === 'id' && exact) return 'ids';
  if (matches <= MAX_READ) return 'read';
  if (expectedWalk(page) <= MAX_WALKED) return 'walk';
  return wayWithoutWalk(page) ?? 'walk';
}

/** The way where a walk did not meet enough matches in the rows that it may pass; `undefined`: it must go on. */
export function wayWithoutWalk(page: PageSize): 'column' | 'read' | undefined {
  const column = COLUMNS.find((one) => one === page.sort);
  if (column && columnQueries(page, column) <= MAX_COLUMN_QUERIES) return 'column';
  // A row that is read costs as much as some that are passed.
  return page.matches * 3 <= expectedWalk(page) ? 'read' : undefined;
}
