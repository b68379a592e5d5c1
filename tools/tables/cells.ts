/** Encodes cells of a CSV so that spreadsheets don't change them. */

/** The first characters with which a spreadsheet marks a formula or a text cell. */
const ACTIVE = /^[=+\-@\t\r']/;

/**
 * Returns a value as a cell. Text that a spreadsheet would treat as a formula, or as a number like `-68000000000700`, gets a
 * leading `'`. `fromCell` removes it.
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
