import type { ReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { parse } from 'csv-parse';
import { parse as parseNow } from 'csv-parse/sync';
import { IMPORT_COLUMNS, type ImportLine, NEEDED_COLUMNS } from '../../lib/importing/read-line.ts';
import { ToolError } from '../command-line.ts';
import { fromCell } from './cells.ts';
import type { Encoding } from './encoding.ts';

/** Delimiters by their names in `--delimiter`. The first one is the default if the header shows none. */
export const DELIMITERS = { comma: ',', semicolon: ';', tab: '\t' } as const;
export type Delimiter = keyof typeof DELIMITERS;
const NAMES = Object.keys(DELIMITERS) as readonly Delimiter[];

/** Number of bytes that are searched for the header line. */
const HEAD_BYTES = 65_536;
/** The first line of some files from Excel. It names the delimiter and is no data. The header line shows the delimiter too. */
const SEP_LINE = /^sep=[,;\t]\s*$/i;

export interface CsvLayout {
  readonly delimiter: Delimiter;
  /** The number of the first line that is header or data: 2 after a `sep=` line. */
  readonly fromLine: 1 | 2;
}

/** Detects the layout. The delimiter is the named one, otherwise the one with which the header line has the most known columns. */
export async function findLayout(file: string, encoding: Encoding, named?: Delimiter): Promise<CsvLayout> {
  const lines = (await headOf(file, encoding)).split(/\r\n|\n|\r/);
  const fromLine = SEP_LINE.test(lines[0] ?? '') ? 2 : 1;
  const header = lines.slice(fromLine - 1).find((line) => line.trim() !== '') ?? '';
  return { delimiter: named ?? bestDelimiter(header), fromLine };
}

function bestDelimiter(header: string): Delimiter {
  const known = (name: Delimiter) =>
    columnsOf(header, DELIMITERS[name]).filter((column) => isKnown(nameOf(column))).length;
  return NAMES.reduce((best, name) => (known(name) > known(best) ? name : best));
}

function columnsOf(header: string, delimiter: string): string[] {
  const [columns = []] = parseNow(header, { delimiter, relax_quotes: true, skip_records_with_error: true });
  return columns;
}

async function headOf(file: string, encoding: Encoding): Promise<string> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return new TextDecoder(encoding).decode(buffer.subarray(0, bytesRead), { stream: true });
  } finally {
    await handle.close();
  }
}

/** Decodes a file in chunks. Invalid bytes become U+FFFD, which the import refuses. */
export async function* decodeFile(input: AsyncIterable<Buffer>, encoding: Encoding): AsyncGenerator<string> {
  const decoder = new TextDecoder(encoding);
  for await (const chunk of input) yield decoder.decode(chunk, { stream: true });
  yield decoder.decode();
}

/** Streams the records of a CSV file. @throws {ToolError} if the header is not valid. */
export async function* readCsv(
  input: ReadStream,
  encoding: Encoding,
  { delimiter, fromLine }: CsvLayout,
): AsyncGenerator<ImportLine> {
  const skipped: ImportLine[] = [];
  // The parser decodes UTF-8 itself.
  const source = encoding === 'utf-8' ? input : Readable.from(decodeFile(input, encoding));
  const parser = source.pipe(
    parse({
      bom: true,
      columns: checkHeader,
      delimiter: DELIMITERS[delimiter],
      from_line: fromLine,
      info: true,
      skip_empty_lines: true,
      // Limits the effect of a quote that is never closed.
      max_record_size: 65_536,
      skip_records_with_error: true,
      on_skip: (error) => {
        const line = Number((error as { lines?: number } | undefined)?.lines ?? 0);
        skipped.push({ line, fields: undefined, problem: error?.message ?? 'is not CSV' });
        return undefined;
      },
    }),
  );
  source.once('error', (error: Error) => parser.destroy(error));
  for await (const { record, info } of parser) {
    yield* skipped.splice(0);
    yield { line: info.lines, fields: withoutTextMarks(record) };
  }
  yield* skipped;
}

const nameOf = (column: string): string => column.trim().toLowerCase();
const isKnown = (name: string): boolean => (IMPORT_COLUMNS as readonly string[]).includes(name);

/**
 * Returns the column names of a header line, `undefined` for columns without a name, because Excel saves empty columns next to a
 * table.
 * @throws {ToolError} with unknown, repeated and missing columns.
 */
export function checkHeader(header: readonly string[]): (string | undefined)[] {
  const names = header.map(nameOf);
  const complaints = Object.entries({
    unknown: names.filter((name) => name !== '' && !isKnown(name)),
    repeated: names.filter((name, i) => isKnown(name) && names.indexOf(name) < i),
    missing: NEEDED_COLUMNS.filter((name) => !names.includes(name)),
  }).flatMap(([what, columns]) => (columns.length > 0 ? [`${what} columns: ${columns.join(', ')}`] : []));
  if (complaints.length === 0) return names.map((name) => name || undefined);
  throw new ToolError(`The header line has ${complaints.join('; ')}. Known are ${IMPORT_COLUMNS.join(', ')}.`);
}

function withoutTextMarks(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, typeof value === 'string' ? fromCell(value) : value]),
  );
}
