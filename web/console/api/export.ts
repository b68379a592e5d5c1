import type { Api, Chat } from './client.ts';
import { fetchPage, type ListQuery } from './listing.ts';

/** All chats of a listing as CSV that spreadsheets open and `npm run import` reads. */

const COLUMNS = [
  ...['id', 'name', 'url', 'max_chat_id', 'external_chat_id', 'university_id', 'department', 'source'],
  ...['participants_count', 'created_at', 'updated_at'],
] as const satisfies readonly (keyof Chat)[];

/** Returns whether a spreadsheet would run the cell as a formula, or round it as a number. A leading `'` marks it as text. */
const isRisky = (text: string): boolean => /^[=+\-@\t\r']/.test(text) || /^\d{16,}$/.test(text);

function cell(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'string' && isRisky(value) ? `'${value}` : String(value);
  return /[";\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** @param onProgress called with the number of fetched chats. */
export async function exportCsv(
  api: Api,
  query: ListQuery,
  signal: AbortSignal,
  onProgress: (chats: number) => void,
): Promise<Blob> {
  // The byte order mark tells Excel that the text is UTF-8.
  const lines = [`\uFEFF${COLUMNS.join(';')}`];
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof fetchPage>> = await fetchPage(api, query, cursor, 100, signal);
    for (const chat of page.data) lines.push(COLUMNS.map((name) => cell(chat[name])).join(';'));
    cursor = page.next_cursor;
    onProgress(lines.length - 1);
  } while (cursor !== null);
  return new Blob([`${lines.join('\r\n')}\r\n`], { type: 'text/csv;charset=utf-8' });
}

export function download(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // By then, the browser has started the download.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
