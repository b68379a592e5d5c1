import { type Chat, type Scope, type ShownStatus, shownStatus } from './chat.ts';
import { matches, normalize, searchWords, wordsOf } from './search.ts';

/** Which chats a listing shows. All conditions must hold. */
export interface ChatQuery {
  readonly scope: Scope;
  readonly search: Search | undefined;
  /** As `exactText` returns it; `undefined`: any. The same for `source`. */
  readonly department: string | undefined;
  readonly source: string | undefined;
  /** One of these; empty: any. */
  readonly statuses: readonly ShownStatus[];
}

/**
 * A search text. It finds the chats that have all its words, or whose source or MAX id it is as a whole. Without any word it
 * can only be a source.
 */
export interface Search {
  /** Beginnings of words, normalized and distinct. */
  readonly words: readonly string[];
  /** The whole text, as `exactText` returns it. */
  readonly text: string;
  readonly maxChatId: string | undefined;
}

/** Text of a field that is compared as a whole: case, the forms of Unicode, and ё and е are equal. */
export const exactText = (text: string): string => normalize(text).trim();

/** Reads what somebody searches for. @returns `undefined` for a blank text, which searches for nothing. */
export function readSearch(given: string): Search | undefined {
  const text = exactText(given);
  if (text === '') return undefined;
  return { words: wordsOf(given), text, maxChatId: /^-?\d{1,19}$/.test(text) ? text : undefined };
}

/** Whether the query asks for more than the chats of its scope. */
export const isNarrowed = ({ search, department, source, statuses }: ChatQuery): boolean =>
  search !== undefined || department !== undefined || source !== undefined || statuses.length > 0;

const isExactly = (value: string | null, text: string): boolean => value !== null && exactText(value) === text;

/** Whether the chat is one that the query asks for. Posting lists answer the same, for many chats at once. */
export const matchesQuery = (chat: Chat, { scope, search, department, source, statuses }: ChatQuery): boolean =>
  (scope === 'all' || chat.universityId === scope.universityId) &&
  (department === undefined || isExactly(chat.department, department)) &&
  (source === undefined || isExactly(chat.source, source)) &&
  (statuses.length === 0 || statuses.includes(shownStatus(chat))) &&
  (search === undefined || matchesSearch(chat, search));

const matchesSearch = (chat: Chat, { words, text, maxChatId }: Search): boolean =>
  (words.length > 0 && matches(searchWords(chat), words)) ||
  isExactly(chat.source, text) ||
  (maxChatId !== undefined && chat.maxChatId === maxChatId);
