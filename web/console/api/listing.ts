import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { operations } from '../../../test/e2e/api.d.ts';
import { useApp } from '../app-context.ts';
import type { Api, Chat } from './client.ts';

/** A listing that loads more pages while a person scrolls. */

export type ListQuery = Omit<NonNullable<operations['listChats']['parameters']['query']>, 'cursor' | 'limit'>;
export type Sort = NonNullable<ListQuery['sort_by']>;

export const FILTERS = [
  'university_id',
  'department',
  'source',
  'status',
] as const satisfies readonly (keyof ListQuery)[];
export type FilterName = (typeof FILTERS)[number];

const PAGE = 100;
/** Number of short pages that are fetched in a row before the person must ask for more. */
const MAX_SHORT_PAGES = 20;

interface State {
  readonly rows: readonly Chat[];
  readonly total: number | null;
  readonly next: string | null;
  readonly loading: boolean;
  readonly error: unknown;
  /** Rows of the previous query, until the first page of this query arrives. */
  readonly outdated: boolean;
}

export interface ListingView extends State {
  readonly more: () => void;
  readonly reload: () => void;
  readonly replace: (chat: Chat) => void;
}

const NOTHING: State = { rows: [], total: null, next: null, loading: true, error: undefined, outdated: true };

/** The listing that was shown last, for a return to the page. */
let last: { readonly key: string; readonly state: State } | undefined;

export function useListing(query: ListQuery): ListingView {
  const { api } = useApp();
  const key = JSON.stringify(query);
  const [state, setState] = useState<State>(() => (last?.key === key ? last.state : NOTHING));
  const request = useRef<AbortController | undefined>(undefined);
  const now = useRef(state);
  now.current = state;

  const load = useCallback(
    async (fresh: boolean) => {
      if (!fresh && (now.current.loading || now.current.next === null)) return;
      request.current?.abort();
      const mine = new AbortController();
      request.current = mine;
      const begun = { ...now.current, loading: true, error: undefined, outdated: fresh || now.current.outdated };
      now.current = begun;
      setState(begun);
      const finish = (state: State) => {
        if (mine.signal.aborted) return;
        now.current = state;
        last = { key, state };
        setState(state);
      };
      try {
        let cursor = fresh ? null : begun.next;
        const rows: Chat[] = fresh ? [] : [...begun.rows];
        const wanted = rows.length + 1;
        for (let pages = 0; ; pages += 1) {
          const page = await fetchPage(api, JSON.parse(key), cursor, PAGE, mine.signal);
          rows.push(...page.data);
          cursor = page.next_cursor;
          if (rows.length >= wanted || cursor === null || pages >= MAX_SHORT_PAGES) {
            finish({ rows, total: page.total, next: cursor, loading: false, error: undefined, outdated: false });
            return;
          }
        }
      } catch (error) {
        if ((error as Error).name !== 'AbortError') finish({ ...begun, loading: false, error });
      }
    },
    [api, key],
  );

  useEffect(() => {
    if (last?.key === key && !last.state.error) {
      now.current = last.state;
      setState(last.state);
      if (!last.state.loading) return;
    }
    void load(true);
    return () => request.current?.abort();
  }, [load]);

  const replace = useCallback((chat: Chat) => {
    const rows = now.current.rows.map((row) => (row.id === chat.id ? chat : row));
    now.current = { ...now.current, rows };
    if (last) last = { ...last, state: { ...last.state, rows } };
    setState(now.current);
  }, []);
  return { ...state, more: () => void load(false), reload: () => void load(true), replace };
}

/** One page of a listing. */
export const fetchPage = (
  { ask, client }: Api,
  query: ListQuery,
  cursor: string | null,
  limit: number,
  signal: AbortSignal,
) =>
  ask(
    client.GET('/chats/all', {
      params: { query: { ...query, limit, ...(cursor === null ? {} : { cursor }) } },
      signal,
    }),
  );

/** Replaces a chat that another page changed or refreshed. */
export function updateLastListing(chat: Chat): void {
  if (!last) return;
  const rows = last.state.rows.map((row) => (row.id === chat.id ? chat : row));
  last = { ...last, state: { ...last.state, rows } };
}

/** Returns the last query, with its search and sort. */
export const listAddress = (): string => {
  const query: ListQuery = last ? JSON.parse(last.key) : {};
  const text = addressOf(query).toString();
  return `#/chats${text ? `?${text}` : ''}`;
};

/** Returns a query as it appears in the page's address. */
export function addressOf({ search, sort_by, sort_order, ...filters }: ListQuery): URLSearchParams {
  const address = new URLSearchParams();
  if (search) address.set('search', search);
  if (sort_by && sort_by !== 'id') address.set('sort', sort_by);
  if (sort_order === 'desc') address.set('order', 'desc');
  for (const name of FILTERS) if (filters[name] !== undefined) address.set(name, String(filters[name]));
  return address;
}

/** The last scroll position of the list. */
export const leftAt = { query: '', scroll: 0 };

/** Removes the listing of a person who signed out. */
export const forgetListing = () => {
  last = undefined;
};
