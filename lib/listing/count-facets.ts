import { type Chat, type ShownStatus, shownStatus } from '../chats/chat.ts';
import type { IdSet } from '../chats/id-set.ts';
import { type ChatQuery, exactText, isNarrowed, matchesQuery } from '../chats/query.ts';
import type { TermField } from '../chats/terms.ts';
import { type MatchingIdsDeps, matchingIds, scanChats } from './matching-ids.ts';

/** Counts the chats of a query by university, department, source and status. */

/** Largest number of matches that are read and counted one by one: 7 BatchGetItem. */
const MAX_COUNTED = 700;

/** Largest number of departments in the result: those with the most chats. */
const MAX_DEPARTMENTS = 100;

const FIELDS = ['university', 'department', 'source', 'status'] as const satisfies readonly TermField[];

export interface Facet<V> {
  readonly value: V;
  readonly chats: number;
}

export interface Facets {
  readonly total: number;
  readonly universities: readonly Facet<number>[];
  /**
   * The 100 departments with the most chats. Spellings that differ only in case are one value, with the spelling of one of its
   * chats.
   */
  readonly departments: readonly Facet<string>[];
  readonly sources: readonly Facet<string>[];
  readonly statuses: readonly Facet<ShownStatus>[];
}

export interface CountFacetsDeps extends MatchingIdsDeps {
  readonly chatStore: MatchingIdsDeps['chatStore'] & {
    getMany(ids: readonly number[]): Promise<Map<number, { readonly chat: Chat }>>;
  };
}

/** A value of a field with its number of chats, and the id of one of them. */
interface Counted {
  readonly word: string;
  chats: number;
  readonly example: number;
}

type Counts = Readonly<Record<TermField, readonly Counted[]>>;

/**
 * Counts facets. Reads the lists of the query's terms, then those of all values of four fields: 1 Query for every 1 MB of each.
 * If few chats match, it reads these instead: 1 BatchGetItem for every 100.
 */
export const createCountFacets =
  (deps: CountFacetsDeps) =>
  async (query: ChatQuery): Promise<Facets> => {
    if (!(await deps.postings.isComplete())) {
      const scanned: Chat[] = [];
      for await (const chat of scanChats(deps.chatStore, query)) scanned.push(chat);
      return countAll(scanned);
    }
    const all = query.scope === 'all' && !isNarrowed(query);
    const found = all ? undefined : (await matchingIds(deps, query, MAX_COUNTED)).ids;
    if (found && found.size <= MAX_COUNTED) {
      const chats = [...(await deps.chatStore.getMany([...found.ids()])).values()].map(({ chat }) => chat);
      return countAll(chats.filter((chat) => matchesQuery(chat, query)));
    }
    const lists = await Promise.all(FIELDS.map((field) => deps.postings.values(field)));
    const counts = Object.fromEntries(FIELDS.map((field, i) => [field, countLists(lists[i] ?? new Map(), found)]));
    const shown = mostFrequent(counts as unknown as Counts);
    const examples = [...shown.department, ...shown.source].map(({ example }) => example);
    const chats = await deps.chatStore.getMany([...new Set(examples)]);
    // Every chat has one status.
    const total = found?.size ?? shown.status.reduce((sum, { chats }) => sum + chats, 0);
    return named(total, shown, new Map([...chats].map(([id, { chat }]) => [id, chat])));
  };

function countLists(lists: ReadonlyMap<string, IdSet>, found: IdSet | undefined): Counted[] {
  return [...lists].flatMap(([word, ids]) => {
    const common = found ? ids.common(found) : ids;
    const [example] = common.ids();
    return example === undefined ? [] : [{ word, chats: common.size, example }];
  });
}

const countAll = (chats: readonly Chat[]): Facets =>
  named(chats.length, countChats(chats), new Map(chats.map((chat) => [chat.id, chat])));

function countChats(chats: readonly Chat[]): Counts {
  const valuesOf: Readonly<Record<TermField, (chat: Chat) => string | null>> = {
    university: ({ universityId }) => (universityId === null ? null : String(universityId)),
    department: ({ department }) => department && exactText(department),
    source: ({ source }) => source && exactText(source),
    status: shownStatus,
  } as const;
  const count = (field: TermField): Counted[] => {
    const counted = new Map<string, Counted>();
    for (const chat of chats) {
      const word = valuesOf[field](chat);
      if (word === null) continue;
      const known = counted.get(word);
      if (known) known.chats += 1;
      else counted.set(word, { word, chats: 1, example: chat.id });
    }
    return [...counted.values()];
  };
  return mostFrequent({
    university: count('university'),
    department: count('department'),
    source: count('source'),
    status: count('status'),
  });
}

const mostFrequent = (counts: Counts): Counts => {
  const sorted = (counted: readonly Counted[]) =>
    counted.toSorted((a, b) => b.chats - a.chats || (a.word < b.word ? -1 : 1));
  return {
    university: sorted(counts.university),
    department: sorted(counts.department).slice(0, MAX_DEPARTMENTS),
    source: sorted(counts.source),
    status: sorted(counts.status),
  };
};

/** Returns facets with the spellings of values. @param examples chats with these spellings. */
function named(total: number, counts: Counts, examples: ReadonlyMap<number, Chat>): Facets {
  const spelled = ({ word, chats, example }: Counted, field: 'department' | 'source'): Facet<string> => {
    const spelling = examples.get(example)?.[field];
    return { value: spelling && exactText(spelling) === word ? spelling : word, chats };
  };
  return {
    total,
    universities: counts.university.map(({ word, chats }) => ({ value: Number(word), chats })),
    departments: counts.department.map((counted) => spelled(counted, 'department')),
    sources: counts.source.map((counted) => spelled(counted, 'source')),
    statuses: counts.status.map(({ word, chats }) => ({ value: word as ShownStatus, chats })),
  };
}
