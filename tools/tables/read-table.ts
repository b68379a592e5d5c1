import { createReadStream } from 'node:fs';
import type { ImportLine } from '../../lib/importing/read-line.ts';
import { ToolError } from '../command-line.ts';
import { type Encoding, findEncoding } from './encoding.ts';
import { type Delimiter, findLayout, readCsv } from './read-csv.ts';
import { readJsonLines } from './read-json-lines.ts';

export interface Table {
  readonly records: AsyncIterable<ImportLine>;
  /** The detected properties of the file, to show to people. */
  readonly found: string;
  /** Returns the bytes read so far, of the file's size. Absent if records are not in the order of the file's bytes. */
  readonly bytesRead?: () => number;
}

/** Properties of a file that the user names. The others are detected from its content. */
export interface TableOptions {
  readonly encoding?: Encoding | undefined;
  readonly delimiter?: Delimiter | undefined;
  /** Name of the sheet, or its number from 1. */
  readonly sheet?: string | undefined;
}

/**
 * Opens a table; the extension of its name decides the format. Reads the whole file once to detect its encoding, unless it is
 * named.
 * @throws {ToolError} if the name, the content or an option is not valid.
 */
export async function openTable(file: string, options: TableOptions): Promise<Table> {
  const isCsv = /\.csv$/i.test(file);
  const isWorkbook = /\.xlsx$/i.test(file);
  if (!isCsv && !isWorkbook && !/\.(jsonl|ndjson|json)$/i.test(file)) {
    throw new ToolError(`${file}: the name must end in .csv, .xlsx, .jsonl, .ndjson or .json.`);
  }
  if (!isCsv && options.delimiter) throw new ToolError('--delimiter is for CSV files.');
  if (!isWorkbook && options.sheet !== undefined) throw new ToolError('--sheet is for .xlsx files.');
  if (isWorkbook && options.encoding) throw new ToolError('--encoding is for CSV files and JSON lines.');
  if (isWorkbook) {
    // Loaded only for workbooks, because it takes longer than all other modules.
    const { openSheet } = await import('./read-xlsx.ts');
    const { name, names, records } = await openSheet(file, options.sheet);
    return { records, found: `sheet "${name}" of ${names.length}` };
  }
  const { encoding, by } = options.encoding
    ? { encoding: options.encoding, by: '--encoding' }
    : await findEncoding(file);
  if (!isCsv) {
    const input = createReadStream(file);
    return {
      records: readJsonLines(input, encoding),
      found: `${encoding} (by ${by})`,
      bytesRead: () => input.bytesRead,
    };
  }
  const layout = await findLayout(file, encoding, options.delimiter);
  const input = createReadStream(file);
  return {
    records: readCsv(input, encoding, layout),
    found: `${encoding} (by ${by}), delimiter ${layout.delimiter}`,
    bytesRead: () => input.bytesRead,
  };
}
