import { readFile } from 'node:fs/promises';
import { readXlsx as readWorkbook, type StreamRow, streamXlsxRows } from 'hucre/xlsx';
import { type ImportLine, SAVE_AS_TEXT } from '../../lib/importing/read-line.ts';
import { ToolError } from '../command-line.ts';
import { fromCell } from './cells.ts';
import { checkHeader } from './read-csv.ts';

/** Reads a sheet of an Excel workbook. The compressed file is in memory; its rows are streamed. */

/** Spreadsheets keep 15 digits of a number, so numbers from here on may have lost digits. */
const MAX_EXACT = 10 ** 15;
const TIMES: readonly string[] = ['created_at', 'updated_at'];

type CellValue = StreamRow['values'][number];

export interface Sheet {
  readonly name: string;
  /** All sheets of the workbook. */
  readonly names: readonly string[];
  readonly records: AsyncIterable<ImportLine>;
}

/**
 * Opens a sheet.
 * @param named the sheet's name, or its number from 1; the first sheet if absent.
 * @throws {ToolError} if the file is not a workbook or does not have the sheet.
 */
export async function openSheet(file: string, named: string | undefined): Promise<Sheet> {
  const workbook = await readFile(file);
  const names: string[] = [];
  const keepName = ({ name }: { readonly name: string }) => {
    names.push(name);
    return false;
  };
  await readWorkbook(workbook, { sheets: keepName }).catch((error: Error) => {
    throw notReadable(file, error);
  });
  const index = named === undefined ? 0 : indexOf(names, named);
  const name = names[index];
  if (name === undefined) throw new ToolError(`--sheet: ${file} has no sheet "${named}". It has ${names.join(', ')}.`);
  return { name, names, records: readRows(file, workbook, index) };
}

const indexOf = (names: readonly string[], named: string): number =>
  names.includes(named) ? names.indexOf(named) : Number(named) - 1;

const notReadable = (file: string, { message }: Error) => new ToolError(`${file} can't be read as .xlsx: ${message}.`);

async function* readRows(file: string, workbook: Uint8Array, sheet: number): AsyncGenerator<ImportLine> {
  let columns: readonly (string | undefined)[] | undefined;
  const rows = streamXlsxRows(workbook, { sheet });
  for (;;) {
    const next = await rows.next().catch((error: Error) => {
      throw notReadable(file, error);
    });
    if (next.done) return;
    const { index, values } = next.value;
    if (values.every((value) => value === null || value === '')) continue;
    if (columns) yield readRow(index + 1, columns, values);
    else columns = checkHeader(values.map((value) => String(value ?? '')));
  }
}

function readRow(line: number, columns: readonly (string | undefined)[], values: readonly CellValue[]): ImportLine {
  const fields: Record<string, string> = {};
  const problems: string[] = [];
  columns.forEach((name, i) => {
    if (name === undefined) return;
    const value = values[i] ?? '';
    fields[name] = textOf(value);
    if (typeof value === 'number' && Math.abs(value) >= MAX_EXACT) {
      problems.push(`${name}: is a number of 16 digits or more, but a spreadsheet keeps only 15: ${SAVE_AS_TEXT}`);
    }
    if (value instanceof Date && !TIMES.includes(name))
      problems.push(`${name}: is a date in the spreadsheet: ${SAVE_AS_TEXT}`);
  });
  return { line, fields, ...(problems.length > 0 && { problem: problems.join('; ') }) };
}

/** Returns the value of a cell as text, in the form of a CSV. */
function textOf(value: Exclude<CellValue, null>): string {
  if (value instanceof Date) return value.toISOString();
  return typeof value === 'string' ? fromCell(value) : String(value);
}
