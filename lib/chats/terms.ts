import { type Chat, shownStatus } from './chat.ts';
import { exactText } from './query.ts';
import { searchWords } from './search.ts';
import { cutToBytes } from './sort-keys.ts';

/**
 * The terms of a chat: what posting lists know it by. A term is a beginning of one, two or three characters of one of its
 * words, a longer word as a whole, or the value of a field. Short beginnings have lists of their own, so that a search for one
 * letter reads one list; a longer beginning is the union of the words that begin with it, which lie side by side.
 */
export interface Term {
  /** Terms that are read together are in one group: words by their first three characters, values by their field. */
  readonly group: string;
  /** Within the group; empty for a short beginning. */
  readonly word: string;
}

/** A term to look up, or all terms of a group whose word begins with `word`. */
export interface TermQuery extends Term {
  readonly match: 'exact' | 'prefix';
}

/** Fields whose values are terms. */
export type TermField = 'university' | 'department' | 'source' | 'status';

/** Characters of a beginning that has a list of its own, at most. */
const MAX_PREFIX = 3;

/** Room for a word in a key, in bytes of UTF-8. Longer words with the same beginning share a list; the chat itself decides. */
const MAX_WORD_BYTES = 900;

/** Control characters separate the parts of keys. */
const keyText = (text: string): string => cutToBytes(text.toWellFormed(), MAX_WORD_BYTES).replaceAll(/\p{Cc}/gu, ' ');

const beginning = (word: string, length: number): string => [...word.slice(0, 2 * length)].slice(0, length).join('');

const prefixTerm = (prefix: string): Term => ({ group: `^${prefix}`, word: '' });

/** All lists of a field's values. */
export const groupOf = (field: TermField): string => `=${field}`;

export const valueTerm = (field: TermField, value: string): Term => ({ group: groupOf(field), word: keyText(value) });

/** The lists of the chats that have a word with this beginning. @param word normalized. */
export function wordQuery(word: string): TermQuery {
  const start = beginning(word, MAX_PREFIX);
  return start === word
    ? { ...prefixTerm(word), match: 'exact' }
    : { group: `^${start}`, word: keyText(word), match: 'prefix' };
}

export const valueQuery = (field: TermField, value: string): TermQuery => ({
  ...valueTerm(field, value),
  match: 'exact',
});

/** The terms of a chat, each once. */
export function termsOf(chat: Chat): Term[] {
  const terms = new Map<string, Term>();
  const add = (term: Term) => terms.set(termKey(term), term);
  for (const word of searchWords(chat)) {
    for (let length = 1; length <= MAX_PREFIX; length++) add(prefixTerm(beginning(word, length)));
    const start = beginning(word, MAX_PREFIX);
    if (start !== word) add({ group: `^${start}`, word: keyText(word) });
  }
  const { universityId, department, source } = chat;
  if (universityId !== null) add(valueTerm('university', String(universityId)));
  if (department !== null) add(valueTerm('department', exactText(department)));
  if (source !== null) add(valueTerm('source', exactText(source)));
  add(valueTerm('status', shownStatus(chat)));
  return [...terms.values()];
}

/** A text that tells terms apart. */
export const termKey = ({ group, word }: Term): string => `${group}\t${word}`;
