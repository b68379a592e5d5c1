import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Chat } from '../api/client.ts';
import { download, exportCsv } from '../api/export.ts';
import { addressOf, FILTERS, type ListQuery, leftAt, type Sort, useListing } from '../api/listing.ts';
import { refreshChat } from '../api/refresh.ts';
import { useApp } from '../app-context.ts';
import { ageOf, Status, safeLink } from '../parts/count.tsx';
import { explain, Failure } from '../parts/failure.tsx';
import { Icon } from '../parts/icons.tsx';
import { type Place, replaceQuery } from '../router.ts';
import { useWords } from '../text/index.ts';
import { Filters } from './filters.tsx';

/** The list of chats: it searches while a person types, and loads more while they scroll. Only visible rows are in the DOM. */

const SORTS = ['id', 'name', 'participants_count', 'created_at', 'updated_at'] as const satisfies readonly Sort[];
const NARROW = '(max-width: 719px)';
const ROW = { wide: 56, narrow: 96 } as const;
const SPARE_ROWS = 8;
const TYPING_MS = 180;
const REFRESHES_AT_ONCE = 4;

export type RowState =
  | { readonly kind: 'refreshing' }
  | { readonly kind: 'refreshed'; readonly difference: number }
  | { readonly kind: 'failed'; readonly error: unknown };

const queryOf = ({ query }: Place): ListQuery => {
  const sort = SORTS.find((name) => name === query.get('sort')) ?? 'id';
  const search = query.get('search')?.trim();
  return {
    sort_by: sort,
    sort_order: query.get('order') === 'desc' ? 'desc' : 'asc',
    ...(search ? { search } : {}),
    ...Object.fromEntries(FILTERS.flatMap((name) => filterIn(query, name))),
  };
};

function filterIn(query: URLSearchParams, name: (typeof FILTERS)[number]): [string, string | number | string[]][] {
  const value = query.get(name);
  if (!value) return [];
  if (name === 'status') return [[name, [value]]];
  if (name !== 'university_id') return [[name, value]];
  return /^[1-9]\d{0,15}$/.test(value) ? [[name, Number(value)]] : [];
}

export function ChatsPage({ place }: { readonly place: Place }) {
  const words = useWords();
  const { t, number } = words;
  const { api, say } = useApp();
  const [query, setQuery] = useState<ListQuery>(() => queryOf(place));
  const [typed, setTyped] = useState(query.search ?? '');
  const [selected, setSelected] = useState<ReadonlySet<number>>(new Set());
  const [states, setStates] = useState<ReadonlyMap<number, RowState>>(new Map());
  const listing = useListing(query);
  const search = useRef<HTMLInputElement>(null);

  const change = useCallback((next: ListQuery) => {
    replaceQuery(addressOf(next));
    setQuery(next);
    setSelected(new Set());
  }, []);

  useEffect(() => {
    const wanted = typed.trim();
    if (wanted === (query.search ?? '')) return;
    const timer = setTimeout(() => {
      const { search: _, ...rest } = query;
      change(wanted ? { ...rest, search: wanted } : rest);
    }, TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed]);

  // Restores the scroll position after a visit to a chat.
  useLayoutEffect(() => {
    if (leftAt.query === JSON.stringify(query)) scrollTo(0, leftAt.scroll);
  }, []);
  useEffect(() => {
    const note = () => Object.assign(leftAt, { query: JSON.stringify(query), scroll: scrollY });
    addEventListener('scroll', note, { passive: true });
    return () => removeEventListener('scroll', note);
  }, [query]);

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== '/' || event.ctrlKey || event.metaKey || isTyping(event.target)) return;
      event.preventDefault();
      search.current?.focus();
      search.current?.select();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);

  const note = useCallback((id: number, state: RowState) => {
    setStates((before) => new Map(before).set(id, state));
  }, []);

  const refresh = async (chats: readonly Chat[]) => {
    const waiting = chats.filter(({ status }) => status !== 'unlinked');
    let done = 0;
    let failed = 0;
    for (const { id } of waiting) note(id, { kind: 'refreshing' });
    const work = async () => {
      for (let chat = waiting.shift(); chat; chat = waiting.shift()) {
        try {
          const fresh = await refreshChat(api, chat);
          listing.replace(fresh);
          note(chat.id, {
            kind: 'refreshed',
            difference: (fresh.participants_count ?? 0) - (chat.participants_count ?? 0),
          });
          done += 1;
        } catch (error) {
          note(chat.id, { kind: 'failed', error });
          failed += 1;
          say(`${chat.name}: ${explain(error, words).title}`);
        }
      }
    };
    const all = waiting.length;
    await Promise.all(Array.from({ length: REFRESHES_AT_ONCE }, work));
    if (failed === 0) say(t.chats.refreshDone(number(done), number(all)));
  };

  const narrowed = query.search !== undefined || FILTERS.some((name) => query[name] !== undefined);
  const clear = () => {
    setTyped('');
    change({ sort_by: query.sort_by ?? 'id', sort_order: query.sort_order ?? 'asc' });
  };
  const shown = listing.total ?? listing.rows.length;
  const chosen = listing.rows.filter(({ id }) => selected.has(id));
  const empty = !listing.loading && listing.rows.length === 0 && !listing.error;
  return (
    <>
      <header class="head">
        <h1>{t.chats.title}</h1>
        <p class="quiet tally" aria-live="polite">
          {listing.outdated && listing.rows.length === 0
            ? t.loading
            : listing.total === null
              ? t.chats.found(`${number(listing.rows.length)}${listing.next ? '+' : ''}`)
              : t.chats.total(number(shown), shown)}
        </p>
      </header>
      <search class="tools">
        <label class="search">
          <span class="unseen">{t.chats.search}</span>
          <Icon name="search" />
          <input
            ref={search}
            type="search"
            value={typed}
            maxLength={200}
            placeholder={t.chats.search}
            title={t.chats.searchHint}
            onInput={(event) => setTyped(event.currentTarget.value)}
          />
        </label>
        <label class="sort">
          <span>{t.chats.sort}</span>
          <select
            value={`${query.sort_by}:${query.sort_order}`}
            onChange={(event) => {
              const [sort_by, sort_order] = event.currentTarget.value.split(':') as [Sort, 'asc' | 'desc'];
              change({ ...query, sort_by, sort_order });
            }}
          >
            {SORTS.flatMap((sort) =>
              (['asc', 'desc'] as const).map((order) => (
                <option key={sort + order} value={`${sort}:${order}`}>
                  {t.chats.sorts[sort]}, {order === 'asc' ? t.chats.ascending : t.chats.descending}
                </option>
              )),
            )}
          </select>
        </label>
        <Export query={query} />
        <Filters query={query} onChange={change} />
      </search>
      {listing.error !== undefined && (
        <Failure error={listing.error} retry={listing.rows.length > 0 ? listing.more : listing.reload} />
      )}
      {empty ? (
        <div class="empty">
          <h2>{narrowed ? t.chats.noMatch : t.chats.none}</h2>
          <p>{narrowed ? t.chats.noMatchHint : t.chats.noneHint}</p>
          {narrowed && (
            <button type="button" class="button" onClick={clear}>
              {t.chats.clearSearch}
            </button>
          )}
        </div>
      ) : (
        <Rows
          rows={listing.rows}
          states={states}
          outdated={listing.outdated}
          ended={listing.next === null}
          loading={listing.loading}
          selected={selected}
          onSelect={setSelected}
          onEnd={listing.more}
          onRefresh={(chats) => void refresh(chats)}
        />
      )}
      {selected.size > 0 && (
        <div class="actions" role="toolbar" aria-label={t.chats.selected(number(selected.size))}>
          <strong>{t.chats.selected(number(selected.size))}</strong>
          <button type="button" class="button is-primary" onClick={() => void refresh(chosen)}>
            <Icon name="refresh" />
            {t.chats.refresh}
          </button>
          <button type="button" class="button" onClick={() => setSelected(new Set())}>
            {t.chats.clear}
          </button>
        </div>
      )}
    </>
  );
}

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.matches('input:not([type=checkbox]), textarea, select');

function Export({ query }: { readonly query: ListQuery }) {
  const { t, number } = useWords();
  const { api } = useApp();
  const [progress, setProgress] = useState<number | undefined>(undefined);
  const [error, setError] = useState<unknown>(undefined);
  const running = useRef<AbortController | undefined>(undefined);
  useEffect(() => () => running.current?.abort(), []);
  const run = async () => {
    const mine = new AbortController();
    running.current = mine;
    setError(undefined);
    setProgress(0);
    try {
      download(await exportCsv(api, query, mine.signal, setProgress), 'chats.csv');
    } catch (error) {
      if ((error as Error).name !== 'AbortError') setError(error);
    }
    setProgress(undefined);
  };
  return (
    <>
      {progress === undefined ? (
        <button type="button" class="button" onClick={() => void run()}>
          <Icon name="download" />
          {t.chats.export}
        </button>
      ) : (
        <button type="button" class="button" onClick={() => running.current?.abort()}>
          <Icon name="close" />
          {t.chats.exporting(number(progress))}
        </button>
      )}
      {error !== undefined && <Failure error={error} retry={() => void run()} />}
    </>
  );
}

interface RowsProps {
  readonly rows: readonly Chat[];
  readonly states: ReadonlyMap<number, RowState>;
  readonly outdated: boolean;
  readonly ended: boolean;
  readonly loading: boolean;
  readonly selected: ReadonlySet<number>;
  readonly onSelect: (selected: ReadonlySet<number>) => void;
  readonly onEnd: () => void;
  readonly onRefresh: (chats: readonly Chat[]) => void;
}

function Rows({ rows, states, outdated, ended, loading, selected, onSelect, onEnd, onRefresh }: RowsProps) {
  const { t } = useWords();
  const body = useRef<HTMLTableSectionElement>(null);
  const height = useRowHeight();
  const [first, count] = useVisible(body, rows.length, height);
  const end = Math.min(rows.length, first + count);

  useEffect(() => {
    if (!ended && !loading && end > rows.length - 30) onEnd();
  }, [end, rows.length, ended, loading, onEnd]);

  const toggle = (id: number) => {
    const next = new Set(selected);
    if (!next.delete(id)) next.add(id);
    onSelect(next);
  };
  const focusRow = (index: number) => {
    const wanted = Math.max(0, Math.min(rows.length - 1, index));
    const focus = () => body.current?.querySelector<HTMLElement>(`[data-index="${wanted}"] a.name`)?.focus();
    if (wanted >= first && wanted < end) {
      focus();
      return;
    }
    const top = (body.current?.getBoundingClientRect().top ?? 0) + scrollY;
    scrollTo(0, top + wanted * height - innerHeight / 2);
    requestAnimationFrame(() => requestAnimationFrame(focus));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const row = (event.target as HTMLElement).closest<HTMLElement>('[data-index]');
    if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
    const index = Number(row.dataset.index);
    const chat = rows[index];
    const isName = (event.target as HTMLElement).matches('a.name');
    const page = Math.max(1, Math.floor(innerHeight / height) - 2);
    const act: Record<string, (() => void) | undefined> = {
      ArrowDown: () => focusRow(index + 1),
      ArrowUp: () => focusRow(index - 1),
      PageDown: () => focusRow(index + page),
      PageUp: () => focusRow(index - page),
      Home: () => focusRow(0),
      End: () => focusRow(rows.length - 1),
      ' ': isName && chat ? () => toggle(chat.id) : undefined,
      r: chat && (() => onRefresh([chat])),
      к: chat && (() => onRefresh([chat])),
    };
    const action = act[event.key.toLowerCase()] ?? act[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  };

  const allSelected = rows.length > 0 && selected.size >= rows.length;
  return (
    <>
      <table
        class={`rows ${outdated ? 'is-outdated' : ''}`}
        aria-rowcount={ended ? rows.length + 1 : -1}
        aria-busy={loading}
      >
        <caption class="unseen">
          {t.chats.title}. {t.chats.keys}
        </caption>
        <thead>
          <tr>
            <th scope="col" class="pick">
              <label>
                <input
                  type="checkbox"
                  aria-label={t.chats.selectAll}
                  checked={allSelected}
                  onChange={() => onSelect(allSelected ? new Set() : new Set(rows.map(({ id }) => id)))}
                />
              </label>
            </th>
            <th scope="col">{t.chats.columns.name}</th>
            <th scope="col" class="place">
              {t.chats.columns.department}
            </th>
            <th scope="col" class="number">
              {t.chats.columns.count}
            </th>
            <th scope="col" class="read">
              {t.chats.columns.read}
            </th>
            <th scope="col" class="do">
              <span class="unseen">{t.chats.refresh}</span>
            </th>
          </tr>
        </thead>
        <tbody ref={body} onKeyDown={onKeyDown}>
          {first > 0 && <Spacer height={first * height} />}
          {rows.slice(first, end).map((chat, i) => (
            <Row
              key={chat.id}
              chat={chat}
              index={first + i}
              state={states.get(chat.id)}
              selected={selected.has(chat.id)}
              onToggle={toggle}
              onRefresh={onRefresh}
            />
          ))}
          {end < rows.length && <Spacer height={(rows.length - end) * height} />}
        </tbody>
      </table>
      <p class="quiet end">{loading ? t.chats.more : ended ? t.chats.end : ''}</p>
    </>
  );
}

const Spacer = ({ height }: { readonly height: number }) => (
  <tr class="spacer">
    <td colSpan={6} style={{ height: `${height}px` }} />
  </tr>
);

function Row({
  chat,
  index,
  state,
  selected,
  onToggle,
  onRefresh,
}: {
  readonly chat: Chat;
  readonly index: number;
  readonly state: RowState | undefined;
  readonly selected: boolean;
  readonly onToggle: (id: number) => void;
  readonly onRefresh: (chats: readonly Chat[]) => void;
}) {
  const words = useWords();
  const { t, number } = words;
  const { session } = useApp();
  const link = safeLink(chat.url);
  const place = [
    chat.department,
    session.universityId === undefined && chat.university_id !== null ? t.university(chat.university_id) : undefined,
  ].filter(Boolean);
  const busy = state?.kind === 'refreshing';
  const failure = state?.kind === 'failed' ? explain(state.error, words) : undefined;
  return (
    <tr data-index={index} aria-rowindex={index + 2} class={selected ? 'is-selected' : ''}>
      <td class="pick">
        <label>
          <input
            type="checkbox"
            aria-label={t.chats.select(chat.name)}
            checked={selected}
            onChange={() => onToggle(chat.id)}
          />
        </label>
      </td>
      <td class="who-cell">
        <div class="clamp">
          <a class="name" href={`#/chats/${chat.id}`}>
            {chat.name}
          </a>
          {chat.status !== 'active' && <Status status={chat.status} />}
          {link && (
            <a class="outside" href={link} target="_blank" rel="noopener noreferrer" title={t.chats.openInMax}>
              <Icon name="external" />
              <span class="unseen">{`${t.chats.openInMax}: ${chat.name}`}</span>
            </a>
          )}
        </div>
      </td>
      <td class="place quiet">
        <div class="clamp">{place.join(' · ')}</div>
      </td>
      <td class="number">
        {chat.participants_count === null ? (
          <span class="quiet">—</span>
        ) : (
          <span class="figure">{number(chat.participants_count)}</span>
        )}
        <Change state={state} />
      </td>
      <td class="read">
        <span
          class={chat.participants_stale && chat.status === 'active' ? 'is-stale' : 'quiet'}
          title={failure?.advice}
        >
          {busy ? t.chats.refreshing : (failure?.title ?? ageOf(chat, words))}
        </span>
        <span class="quiet source" title={t.counts.sourceHelp[chat.participants_source]}>
          {chat.participants_stale && chat.participants_count !== null && chat.status === 'active'
            ? t.counts.stale
            : chat.participants_count !== null && t.counts.source[chat.participants_source]}
        </span>
      </td>
      <td class="do">
        <button
          type="button"
          class={`round ${busy ? 'is-busy' : ''}`}
          aria-label={t.chats.refreshOne(chat.name)}
          title={t.chats.refresh}
          aria-disabled={busy || chat.status === 'unlinked'}
          onClick={() => !busy && chat.status !== 'unlinked' && onRefresh([chat])}
        >
          <Icon name="refresh" />
        </button>
      </td>
    </tr>
  );
}

function Change({ state }: { readonly state: RowState | undefined }) {
  const { difference } = useWords();
  if (state?.kind !== 'refreshed' || state.difference === 0) return null;
  return <span class={`change ${state.difference > 0 ? 'is-up' : 'is-down'}`}>{difference(state.difference)}</span>;
}

/** Height of a row, pixels, as in the style sheet. */
function useRowHeight(): number {
  const [narrow, setNarrow] = useState(() => matchMedia(NARROW).matches);
  useEffect(() => {
    const media = matchMedia(NARROW);
    const follow = () => setNarrow(media.matches);
    media.addEventListener('change', follow);
    return () => media.removeEventListener('change', follow);
  }, []);
  return narrow ? ROW.narrow : ROW.wide;
}

/** Returns the first visible row and the number of visible rows, with a margin. */
function useVisible(
  body: { readonly current: HTMLElement | null },
  rows: number,
  height: number,
): readonly [first: number, count: number] {
  const [range, setRange] = useState<readonly [number, number]>([0, 40]);
  useLayoutEffect(() => {
    const measure = () => {
      const top = body.current?.getBoundingClientRect().top ?? 0;
      const first = Math.max(0, Math.floor(-top / height) - SPARE_ROWS);
      const count = Math.ceil(innerHeight / height) + 2 * SPARE_ROWS;
      setRange((before) => (before[0] === first && before[1] === count ? before : [first, count]));
    };
    measure();
    addEventListener('scroll', measure, { passive: true });
    addEventListener('resize', measure);
    return () => {
      removeEventListener('scroll', measure);
      removeEventListener('resize', measure);
    };
  }, [rows, height]);
  return range;
}
