import { once } from 'node:events';
import { createWriteStream, rmSync, statSync, type WriteStream } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { createDynamoChatStore } from '../lib/adapters/dynamodb/chat-store.ts';
import { createDynamo } from '../lib/adapters/dynamodb/client.ts';
import { fullJitter } from '../lib/adapters/dynamodb/database.ts';
import { importChats } from '../lib/importing/import-chats.ts';
import { IMPORT_COLUMNS } from '../lib/importing/read-line.ts';
import { readConfig } from '../lib/runtime/config.ts';
import { oneOf, progressLine, readOptions, runTool, ToolError } from './command-line.ts';
import { useRunningStack } from './environment.ts';
import { ENCODINGS } from './tables/encoding.ts';
import { DELIMITERS, type Delimiter } from './tables/read-csv.ts';
import { openTable } from './tables/read-table.ts';

/** `npm run import -- FILE` */

const DELIMITER_NAMES = Object.keys(DELIMITERS) as readonly Delimiter[];

const HELP = `Usage: npm run import -- FILE [--encoding NAME] [--delimiter NAME] [--sheet NAME]

Imports chats from CSV or an Excel workbook (with a header line), or from JSON lines, told apart by the name: .csv, .xlsx, or
.jsonl, .ndjson, .json.

  columns    ${IMPORT_COLUMNS.join(',')}
             name and max_chat_id are needed in every line; the others may be empty or left out
  ids        a new chat keeps the id of its line if no other chat has it, with created_at and updated_at; times without
             a zone are UTC. A known chat keeps its own times; a line that names another id for it is refused
  again      an import can be repeated at any time: a known max_chat_id updates its chat, a new one creates one
  repeated   of several lines with one max_chat_id the last one counts
  refused    lines that can't be used are written, with number and reason, to FILE.refused.jsonl
  where      into the running local stack, or the tables named by CHATS_TABLE, CHAT_POSTINGS_TABLE, STATE_TABLE

  --encoding   ${ENCODINGS.join(', ')}; told from the content by default
  --delimiter  of CSV: ${DELIMITER_NAMES.join(', ')}; told from the header line by default
  --sheet      of a workbook: the name of the sheet or its number; the first by default
  --help       this text

What was found is said before anything is imported. Text files are read twice. Memory: 16 to 32 bytes for each line; of a
workbook also the compressed file and its shared texts.
Ends with 0 when every line was imported, 1 when some were refused, 2 when nothing could be done.`;

await runTool(async () => {
  const { values, positionals } = readOptions(
    HELP,
    { encoding: { type: 'string' }, delimiter: { type: 'string' }, sheet: { type: 'string' } },
    { positionals: true },
  );
  const [file, ...more] = positionals;
  if (!file || more.length > 0) throw new ToolError(`Name one file.\n\n${HELP}`);
  const encoding = oneOf('--encoding', values.encoding, ENCODINGS);
  const delimiter = oneOf('--delimiter', values.delimiter, DELIMITER_NAMES);
  const size = sizeOf(file);
  const table = await openTable(file, { encoding, delimiter, sheet: values.sheet });
  console.log(`${file}: ${table.found}`);
  useRunningStack('CHATS_TABLE');
  const { tables } = readConfig(process.env, ['tables']);
  const store = createDynamoChatStore({
    client: createDynamo(),
    tables: { chats: tables.CHATS_TABLE, postings: tables.CHAT_POSTINGS_TABLE, state: tables.STATE_TABLE },
    pause: fullJitter((ms) => sleep(ms)),
  });

  const refusedFile = `${file}.refused.jsonl`;
  rmSync(refusedFile, { force: true });
  let refused: WriteStream | undefined;
  const progress = progressLine();
  const startedAt = Date.now();
  const perSecond = (n: number) => Math.round((n * 1_000) / Math.max(1, Date.now() - startedAt));
  const totals = await importChats(store, table.records, {
    now: Date.now,
    async onRefused(line) {
      refused ??= createWriteStream(refusedFile);
      if (!refused.write(`${JSON.stringify(line)}\n`)) await once(refused, 'drain');
    },
    onProgress(done) {
      const percent = table.bytesRead ? `${Math.floor((table.bytesRead() * 100) / size)} %, ` : '';
      progress.show(`${percent}${done.lines} lines, ${perSecond(done.lines)} a second, ${done.refused} refused`);
    },
  });
  progress.end();
  if (refused) await new Promise((closed) => refused?.end(closed));
  if (totals.lines === 0) throw new ToolError(`${file} has no lines to import.`);
  const { created, updated, unchanged, repeated } = totals;
  console.log(
    `${totals.lines} lines: ${created} created, ${updated} updated, ${unchanged} unchanged, ${repeated} repeated, ` +
      `${totals.refused} refused`,
  );
  if (totals.refused > 0) console.log(`The refused lines, with reasons: ${refusedFile}`);
  return totals.refused > 0 ? 1 : 0;
});

/** @throws {ToolError} if there is no such file, or nothing in it. */
function sizeOf(file: string): number {
  const stats = statSync(file, { throwIfNoEntry: false });
  if (!stats?.isFile()) throw new ToolError(`There is no file ${file}.`);
  if (stats.size === 0) throw new ToolError(`${file} is empty.`);
  return stats.size;
}
