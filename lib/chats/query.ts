import { type Chat, type Scope, type ShownStatus, shownStatus } from './chat.ts';
import { matches, normalize, searchWords, wordsOf } from './search.ts';

/** The conditions of a listing. A chat must match all of them. */
export interface ChatQuery {
  readonly scope: Scope;
  readonly search: Search | undefined;
  /** The result of `exactText`; `undefined`: any. The same for `source`. */
  readonly department: string | undefined;
  readonly source: string | undefined;
  /** The chat must have one of these; empty: any. */
  readonly statuses: readonly ShownStatus[];
}

/**
 * A search text. It finds chats that contain all its words, and chats whose source or MAX id equals the whole text. A text
 * without words can match only a source.
 */
export interface Search {
  /** Prefixes of words, normalized and distinct. */
  readonly words: readonly string[];
  /** The whole text, the result of `exactText`. */
  readonly text: string;
  readonly maxChatId: string | undefined;
}

/** Normalizes text that is compared as a whole. It ignores case, Unicode forms, and the difference of ё and е. */
export const exactText = (text: string): string => normalize(text).trim();

/** Parses a search text. @returns `undefined` for a blank text, which is no search. */
export function readSearch(given: string): Search | undefined {
  const text = exactText(given);
  if (text === '') return undefined;
  return { words: wordsOf(given), text, maxChatId: /^-?\d{1,19}$/.test(text) ? text : undefined };
}

/** Returns whether the query has conditions besides its scope. */
export const isNarrowed = ({ search, department, source, statuses }: ChatQuery): boolean =>
  search !== undefined || department !== undefined || source !== undefined || statuses.length > 0;

const isExactly = (value: string | null, text: string): boolean => value !== null && exactText(value) === text;

/** Returns whether a chat matches the query. Posting lists give the same result for many chats at once. */
export const matchesQuery = (chat: Chat, { scope, search, department, source, statuses }: ChatQuery): boolean =>
  (scope === 'all' || chat.universityId === scope.universityId) &&
  (department === undefined || isExactly(chat.department, department)) &&
  (source === undefined || isExactly(chat.source, source)) &&
  (statuses.length === 0 || statuses.includes(shownStatus(chat))) &&
  (search === undefined || matchesSearch(chat, search));

const matchesSearch = (chat: Chat, { words, text, maxChatId }: Search): boolean =>
  (words.length > 0 && matches(searchWords(chat), words)) ||
  isExactly(chat.source, text) ||
  chat.maxChatId === maxChatId;
