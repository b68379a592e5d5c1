import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { operations } from '../../../test/e2e/api.d.ts';
import { useApp } from '../app-context.ts';
import type { Api, Chat } from './client.ts';

/** A listing that grows page by page as it is scrolled. */

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
/** The service allows short pages with more to come; so many in a row are fetched before a person is asked. */
const MAX_SHORT_PAGES = 20;

interface State {
  readonly rows: readonly Chat[];
  readonly total: number | null;
  readonly next: string | null;
  readonly loading: boolean;
  readonly error: unknown;
  /** Rows of the query before, until the first page of this one is there. */
  readonly outdated: boolean;
}

export interface ListingView extends State {
  readonly more: () => void;
  readonly reload: () => void;
  readonly replace: (chat: Chat) => void;
}

const NOTHING: State = { rows: [], total: null, next: null, loading: true, error: undefined, outdated: true };

/** The last listing that was shown, for who comes back to it. */
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

/** Chats that were changed or read on another page are shown as they are now, when somebody comes back. */
export function updateLastListing(chat: Chat): void {
  if (!last) return;
  const rows = last.state.rows.map((row) => (row.id === chat.id ? chat : row));
  last = { ...last, state: { ...last.state, rows } };
}

/** The list as it was left: what was searched and how it was sorted. */
export const listAddress = (): string => {
  const query: ListQuery = last ? JSON.parse(last.key) : {};
  const text = addressOf(query).toString();
  return `#/chats${text ? `?${text}` : ''}`;
};

/** A query as it stands in the page's address. */
export function addressOf({ search, sort_by, sort_order, ...filters }: ListQuery): URLSearchParams {
  const address = new URLSearchParams();
  if (search) address.set('search', search);
  if (sort_by && sort_by !== 'id') address.set('sort', sort_by);
  if (sort_order === 'desc') address.set('order', 'desc');
  for (const name of FILTERS) if (filters[name] !== undefined) address.set(name, String(filters[name]));
  return address;
}

/** Where the list was scrolled to when it was left. */
export const leftAt = { query: '', scroll: 0 };

/** Forgets what somebody else has seen. */
export const forgetListing = () => {
  last = undefined;
};
