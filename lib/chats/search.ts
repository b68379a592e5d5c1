/**
 * The rules of the search. Every word of the query must be a prefix of a word in the chat's name or department. Upper and lower
 * case are equal, and so are ё and е.
 */

/** Normalizes text for comparison and sorting: NFKC, lower case, ё becomes е. */
export const normalize = (text: string): string => text.normalize('NFKC').toLowerCase().replaceAll('ё', 'е');

/** Returns the distinct normalized words of a text, in order of appearance. A word is a run of letters (with marks) and digits. */
export const wordsOf = (text: string): string[] => [...new Set(normalize(text).match(/[\p{L}\p{M}\p{N}]+/gu))];

/**
 * Returns the words by which a chat is found. A word that is a prefix of another one is omitted, because the longer one matches the
 * same queries.
 */
export function searchWords(chat: { readonly name: string; readonly department: string | null }): string[] {
  const words = wordsOf(`${chat.name} ${chat.department ?? ''}`).sort();
  // In sorted order, each word directly precedes the words that begin with it.
  return words.filter((word, i) => !words[i + 1]?.startsWith(word));
}

/** Returns whether a chat with these `words` matches the words of a `query`. */
export const matches = (words: readonly string[], query: readonly string[]): boolean =>
  query.every((prefix) => words.some((word) => word.startsWith(prefix)));
