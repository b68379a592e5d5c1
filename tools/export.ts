import { once } from 'node:events';
import { createWriteStream, existsSync, renameSync, rmSync, type WriteStream } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { IMPORT_COLUMNS } from '../lib/importing/read-line.ts';
import { API_HELP, API_OPTIONS, connectApi } from './api.ts';
import { oneOf, progressLine, readOptions, runTool, ToolError } from './command-line.ts';
import { type ExportedChat, fetchChats } from './fetch-chats.ts';
import { csvLine } from './tables/cells.ts';
import { DELIMITERS, type Delimiter } from './tables/read-csv.ts';

/** `npm run export -- --out FILE` */

const DELIMITER_NAMES = Object.keys(DELIMITERS) as readonly Delimiter[];
/** Options that become query parameters of `GET /chats/all`. */
const FILTERS = ['search', 'university-id', 'department', 'source', 'status'] as const;

const HELP = `Usage: npm run export -- --out FILE [--delimiter NAME] [filters] [--url URL] [--token TOKEN]

Writes chats with their counts to FILE, as CSV (.csv) or JSON lines (.jsonl), in the order of their ids. The file can be
imported again. The tool writes FILE.part first, and renames it to FILE only when it is complete.

  columns      ${IMPORT_COLUMNS.join(',')}
  CSV          UTF-8 with a byte order mark. A cell that begins with = + - @ ' tab or CR gets a leading ', so that a
               spreadsheet neither runs it as a formula nor rounds it as a number. An import removes the '

  --out        the file: .csv or .jsonl
  --delimiter  of CSV: ${DELIMITER_NAMES.join(', ')}; comma by default. Excel in Russia expects semicolon
${FILTERS.map((name) => `  --${name.padEnd(14)} only the chats for which the API's filter ${name.replace('-', '_')} holds`).join('\n')}
${API_HELP}

The role of the token decides which chats are exported. Exit status: 0 if all chats were written, 2 after an error.`;

await runTool(async () => {
  const { values } = readOptions(HELP, {
    out: { type: 'string' },
    delimiter: { type: 'string' },
    search: { type: 'string' },
    'university-id': { type: 'string' },
    department: { type: 'string' },
    source: { type: 'string' },
    status: { type: 'string' },
    ...API_OPTIONS,
  });
  const { out } = values;
  if (!out) throw new ToolError(`--out is missing. It names the file to write.\n\n${HELP}`);
  const isCsv = /\.csv$/i.test(out);
  if (!isCsv && !/\.jsonl$/i.test(out)) throw new ToolError(`--out: "${out}" must end in .csv or .jsonl.`);
  if (!existsSync(dirname(out))) throw new ToolError(`--out: there is no folder ${dirname(out)}.`);
  if (!isCsv && values.delimiter) throw new ToolError('--delimiter is for CSV files.');
  const delimiter = DELIMITERS[oneOf('--delimiter', values.delimiter, DELIMITER_NAMES) ?? 'comma'];
  const filters = Object.fromEntries(
    FILTERS.flatMap((name) => (values[name] === undefined ? [] : [[name.replace('-', '_'), values[name]]])),
  );
  const call = await connectApi(values);

  const lineOf = (chat: ExportedChat) =>
    isCsv
      ? csvLine(
          IMPORT_COLUMNS.map((name) => chat[name]),
          delimiter,
        )
      : `${JSON.stringify(Object.fromEntries(IMPORT_COLUMNS.map((name) => [name, chat[name]])))}\n`;

  const part = `${out}.part`;
  const file = createWriteStream(part);
  const progress = progressLine();
  const startedAt = Date.now();
  let written = 0;
  let withoutMaxId = 0;
  try {
    if (isCsv) await write(file, `\uFEFF${csvLine(IMPORT_COLUMNS, delimiter)}`);
    const pages = fetchChats(call, filters, {
      sleep,
      onRetry: (problem, pauseMs) => progress.show(`${problem}; next attempt in ${Math.ceil(pauseMs / 1_000)} s`),
    });
    for await (const { chats, total } of pages) {
      for (const chat of chats) if (chat.max_chat_id === null) withoutMaxId += 1;
      await write(file, chats.map(lineOf).join(''));
      written += chats.length;
      const rate = Math.round((written * 1_000) / Math.max(1, Date.now() - startedAt));
      progress.show(`${written}${total === undefined ? '' : ` of ${total}`} chats, ${rate} a second`);
    }
    await new Promise((closed) => file.end(closed));
    renameSync(part, out);
  } catch (error) {
    file.destroy();
    rmSync(part, { force: true });
    throw error;
  }
  progress.end();
  console.log(`${out}: ${written} chats`);
  if (withoutMaxId > 0) {
    console.log(`${withoutMaxId} of them have no max_chat_id. An import refuses chats without it.`);
  }
  return 0;
});

/** Writes text, and waits if the disk is slower than the API. @throws the error of the file system. */
async function write(file: WriteStream, text: string): Promise<void> {
  if (file.errored) throw file.errored;
  if (!file.write(text)) await once(file, 'drain');
}
