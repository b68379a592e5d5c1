import { IdSet } from '../../../lib/chats/id-set.ts';
import { columnValue, positionOfValue } from '../../../lib/chats/sort-columns.ts';
import { groupOf, type Term, type TermQuery, termKey, termsOf } from '../../../lib/chats/terms.ts';
import type { PostingStore } from '../../../lib/state/posting-store.ts';
import type { MemoryChats } from './chats.ts';

/** An entry of a posting list, or the lack of one. */
export interface Entry {
  readonly term: Term;
  readonly id: number;
  readonly present: boolean;
}

/** The entries that do not agree with the chats, by `entryKey`. */
export type WrongEntries = Map<string, Entry>;

const entryKey = ({ term, id }: Pick<Entry, 'term' | 'id'>): string => `${termKey(term)} ${id}`;

/** Changes an entry, whatever its chat is. */
export function setEntry({ byId }: Pick<MemoryChats, 'byId'>, wrong: WrongEntries, entry: Entry): void {
  const stored = byId.get(entry.id);
  const isRight = stored !== undefined && termsOf(stored.chat).some((term) => termKey(term) === termKey(entry.term));
  if (isRight === entry.present) wrong.delete(entryKey(entry));
  else wrong.set(entryKey(entry), entry);
}

/** Corrects an entry for the present chat. */
export const settleEntry = (wrong: WrongEntries, entry: Pick<Entry, 'term' | 'id'>): boolean =>
  wrong.delete(entryKey(entry));

/** The posting lists by `termKey`: made anew from the chats, and then changed by the wrong entries. */
export function listsOf({ byId }: Pick<MemoryChats, 'byId'>, wrong: WrongEntries) {
  const lists = new Map<string, { readonly term: Term; readonly ids: Set<number> }>();
  const listOf = (term: Term) => {
    const list = lists.get(termKey(term)) ?? { term, ids: new Set() };
    lists.set(termKey(term), list);
    return list.ids;
  };
  for (const { chat } of byId.values()) for (const term of termsOf(chat)) listOf(term).add(chat.id);
  for (const { term, id, present } of wrong.values()) {
    if (present) listOf(term).add(id);
    else listOf(term).delete(id);
  }
  return lists;
}

/** The posting lists of the chats in memory. */
export function createMemoryPostingStore(chats: MemoryChats, wrong: WrongEntries = new Map()): PostingStore {
  const lists = () => [...listsOf(chats, wrong).values()];
  const answers = ({ group, word, match }: TermQuery, term: Term) =>
    term.group === group && (match === 'exact' ? term.word === word : term.word.startsWith(word));

  return {
    async isComplete() {
      return true;
    },

    async read(queries) {
      const all = lists();
      return queries.map((query) =>
        IdSet.of(all.filter(({ term }) => answers(query, term)).flatMap(({ ids }) => [...ids])),
      );
    },

    async positions(column, ids) {
      return [...chats.byId.values()]
        .filter(({ chat }) => ids.has(chat.id))
        .map(({ chat }) => positionOfValue(column, columnValue(column, chat), chat.id));
    },

    async values(field) {
      const found = lists().filter(({ term }) => term.group === groupOf(field));
      return new Map(found.map(({ term, ids }) => [term.word, IdSet.of(ids)]));
    },
  };
}
