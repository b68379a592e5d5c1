import type { Api, Chat } from './client.ts';
import { fetchPage, type ListQuery } from './listing.ts';

/** All chats of a listing as CSV that spreadsheets open and `npm run import` reads. */

const COLUMNS = [
  ...['id', 'name', 'url', 'max_chat_id', 'external_chat_id', 'university_id', 'department', 'source'],
  ...['participants_count', 'created_at', 'updated_at'],
] as const satisfies readonly (keyof Chat)[];

/** A spreadsheet would run these as formulas, or round them as numbers; a leading `'` marks a cell as text. */
const isRisky = (text: string): boolean => /^[=+\-@\t\r']/.test(text) || /^\d{16,}$/.test(text);

function cell(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'string' && isRisky(value) ? `'${value}` : String(value);
  return /[";\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** @param onProgress the chats fetched so far. */
export async function exportCsv(
  api: Api,
  query: ListQuery,
  signal: AbortSignal,
  onProgress: (chats: number) => void,
): Promise<Blob> {
  // A byte order mark, by which Excel knows UTF-8.
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
  // The browser has taken it by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
