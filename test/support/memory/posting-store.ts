import { IdSet } from '../../../lib/chats/id-set.ts';
import { columnValue, positionOfValue } from '../../../lib/chats/sort-columns.ts';
import { groupOf, type Term, type TermQuery, termsOf } from '../../../lib/chats/terms.ts';
import type { PostingStore } from '../../../lib/state/posting-store.ts';
import type { MemoryChats } from './chats.ts';

/** The posting lists of the chats in memory, made anew whenever they are read. */
export function createMemoryPostingStore({ byId }: MemoryChats): PostingStore {
  const answers = ({ group, word, match }: TermQuery, term: Term) =>
    term.group === group && (match === 'exact' ? term.word === word : term.word.startsWith(word));

  return {
    async isComplete() {
      return true;
    },

    async read(queries) {
      const chats = [...byId.values()].map(({ chat }) => ({ id: chat.id, terms: termsOf(chat) }));
      return queries.map((query) =>
        IdSet.of(chats.filter(({ terms }) => terms.some((term) => answers(query, term))).map(({ id }) => id)),
      );
    },

    async positions(column, ids) {
      return [...byId.values()]
        .filter(({ chat }) => ids.has(chat.id))
        .map(({ chat }) => positionOfValue(column, columnValue(column, chat), chat.id));
    },

    async values(field) {
      const found = new Map<string, IdSet>();
      for (const { chat } of byId.values()) {
        for (const { group, word } of termsOf(chat)) {
          if (group !== groupOf(field)) continue;
          const set = found.get(word) ?? new IdSet();
          set.add(chat.id);
          found.set(word, set);
        }
      }
      return found;
    },
  };
}
