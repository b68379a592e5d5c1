import { useRef } from 'preact/hooks';
import type { components } from '../../../test/e2e/api.d.ts';
import { useData } from '../api/data.ts';
import { FILTERS, type FilterName, type ListQuery } from '../api/listing.ts';
import { useApp } from '../app-context.ts';
import { useWords, type Words } from '../text/index.ts';

/** The filters of the list. Each value shows its number of chats. */

type Facets = components['schemas']['ChatFacets'];

export function Filters({
  query,
  onChange,
}: {
  readonly query: ListQuery;
  readonly onChange: (query: ListQuery) => void;
}) {
  const { session } = useApp();
  const shown = FILTERS.filter((name) => name !== 'university_id' || session.universityId === undefined);
  return (
    <div class="filters">
      {shown.map((name) => (
        <Filter key={name} name={name} query={query} onChange={onChange} />
      ))}
    </div>
  );
}

/** The values of a filter come from the chats that match all other conditions, so that a person can switch to another value. */
function Filter({
  name,
  query,
  onChange,
}: {
  readonly name: FilterName;
  readonly query: ListQuery;
  readonly onChange: (query: ListQuery) => void;
}) {
  const words = useWords();
  const { t, number } = words;
  const { api } = useApp();
  const { [name]: given, sort_by: _, sort_order: __, ...others } = query;
  const chosen = Array.isArray(given) ? given[0] : given;
  const facets = useData(`facets ${JSON.stringify(others)}`, (signal) =>
    api.ask(api.client.GET('/chats/facets', { params: { query: others }, signal })),
  );
  // Shows the old values until the new ones arrive.
  const last = useRef<Facets[FilterName]>([]);
  if (facets.value) last.current = facets.value[name];
  const values = last.current;
  const known = values.some(({ value }) => value === chosen);
  if (values.length < 2 && chosen === undefined) return null;
  return (
    <label class="filter">
      <span class="unseen">{t.chats.filters[name]}</span>
      <select
        class={chosen === undefined ? '' : 'is-chosen'}
        value={chosen === undefined ? '' : String(chosen)}
        onChange={(event) => {
          const { [name]: __, ...rest } = query;
          const value = event.currentTarget.value;
          onChange(value === '' ? rest : ({ ...rest, [name]: conditionOf(name, value) } as ListQuery));
        }}
      >
        <option value="">{t.chats.filters[name]}</option>
        {chosen !== undefined && !known && <option value={String(chosen)}>{nameOf(name, chosen, words)}</option>}
        {values.map(({ value, chats }) => (
          <option key={value} value={String(value)}>
            {nameOf(name, value, words)} ({number(chats)})
          </option>
        ))}
      </select>
    </label>
  );
}

/** Returns the filters as parameters of the API. */
function conditionOf(name: FilterName, value: string): string | number | string[] {
  if (name === 'status') return [value];
  return name === 'university_id' ? Number(value) : value;
}

function nameOf(filter: FilterName, value: string | number, { t }: Words): string {
  if (filter === 'university_id') return t.university(Number(value));
  if (filter === 'status') return t.status[String(value)]?.[0] ?? String(value);
  return String(value);
}
