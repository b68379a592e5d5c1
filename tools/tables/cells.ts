/** Cells of a CSV that a spreadsheet opens. */

/** What a spreadsheet takes for a formula, or for the mark that makes a cell text. */
const ACTIVE = /^[=+\-@\t\r']/;

/**
 * Returns a value as a cell. A text that a spreadsheet would run as a formula, or would take for a number such as
 * `-68000000000700`, gets a leading `'`, which `fromCell` removes.
 * @see https://owasp.org/www-community/attacks/CSV_Injection
 */
export function toCell(value: string | number | null): string {
  if (value === null) return '';
  return typeof value === 'string' && ACTIVE.test(value) ? `'${value}` : String(value);
}

/** Removes the leading `'` with which spreadsheets and `toCell` mark a cell as text. */
export const fromCell = (cell: string): string => (cell.startsWith("'") ? cell.slice(1) : cell);

/** Returns a line of CSV (RFC 4180, CRLF). */
export function csvLine(values: readonly (string | number | null)[], delimiter: string): string {
  const cells = values.map((value) => {
    const cell = toCell(value);
    return /["\r\n]|^\s|\s$/.test(cell) || cell.includes(delimiter) ? `"${cell.replaceAll('"', '""')}"` : cell;
  });
  return `${cells.join(delimiter)}\r\n`;
}
