/**
 * Search: every word of the query must be a prefix of some word of the chat's name or department; case and the difference
 * between ё and е don't matter.
 */

/** Text as it is compared and sorted: NFKC, lower case, ё as е. */
export const normalize = (text: string): string => text.normalize('NFKC').toLowerCase().replaceAll('ё', 'е');

/** The distinct words of a text, normalized, in order of appearance: runs of letters (with their marks) and digits. */
export const wordsOf = (text: string): string[] => [...new Set(normalize(text).match(/[\p{L}\p{M}\p{N}]+/gu))];

/**
 * The words a chat is found by. A word that begins another one is left out: whatever it would match, the longer one does.
 */
export function searchWords(chat: { readonly name: string; readonly department: string | null }): string[] {
  const words = wordsOf(`${chat.name} ${chat.department ?? ''}`).sort();
  // Sorted, every word directly precedes the words that begin with it.
  return words.filter((word, i) => !words[i + 1]?.startsWith(word));
}

/** Whether `words` (of a chat) answer `query` (words of a search). */
export const matches = (words: readonly string[], query: readonly string[]): boolean =>
  query.every((prefix) => words.some((word) => word.startsWith(prefix)));
