import { type Chat, shownStatus } from './chat.ts';
import { exactText } from './query.ts';
import { searchWords } from './search.ts';
import { cutToBytes } from './sort-keys.ts';

/**
 * The terms of a chat in posting lists. A term is a prefix of one, two or three characters of one of its words, a longer word, or
 * the value of a field. Short prefixes have their own lists, so that a search for one letter reads one list. A longer prefix is
 * the union of the words that begin with it, which are stored next to each other.
 */
export interface Term {
  /** Terms that are read together: words with the same first three characters, or values of the same field. */
  readonly group: string;
  /** The word within the group; empty for a short prefix. */
  readonly word: string;
}

/** A term to look up, or all terms of a group whose word begins with `word`. */
export interface TermQuery extends Term {
  readonly match: 'exact' | 'prefix';
}

/** Fields whose values are terms. */
export type TermField = 'university' | 'department' | 'source' | 'status';

/** Largest number of characters of a prefix with its own list. */
const MAX_PREFIX = 3;

/** Longest word in a key, in bytes of UTF-8. Longer words with the same prefix share a list; the chats are checked afterwards. */
const MAX_WORD_BYTES = 900;

/** Removes control characters, because they separate the parts of keys. */
const keyText = (text: string): string => cutToBytes(text.toWellFormed(), MAX_WORD_BYTES).replaceAll(/\p{Cc}/gu, ' ');

const beginning = (word: string, length: number): string => [...word.slice(0, 2 * length)].slice(0, length).join('');

const prefixTerm = (prefix: string): Term => ({ group: `^${prefix}`, word: '' });

/** Returns the group with all values of a field. */
export const groupOf = (field: TermField): string => `=${field}`;

export const valueTerm = (field: TermField, value: string): Term => ({ group: groupOf(field), word: keyText(value) });

/** Returns the query for chats that have a word with this prefix. @param word normalized. */
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

/** Returns the distinct terms of a chat. */
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

/** Returns a unique text for a term. */
export const termKey = ({ group, word }: Term): string => `${group}\t${word}`;
