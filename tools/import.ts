import { once } from 'node:events';
import { createWriteStream, rmSync, statSync, type WriteStream } from 'node:fs';
import { createDynamoChatStore } from '../lib/adapters/dynamodb/chat-store.ts';
import { createDynamo } from '../lib/adapters/dynamodb/client.ts';
import { importChats } from '../lib/importing/import-chats.ts';
import { IMPORT_COLUMNS } from '../lib/importing/read-line.ts';
import { readConfig } from '../lib/runtime/config.ts';
import { configuredDatabase } from '../lib/runtime/database.ts';
import { oneOf, progressLine, readOptions, runTool, ToolError } from './command-line.ts';
import { useRunningStack } from './environment.ts';
import { ENCODINGS } from './tables/encoding.ts';
import { DELIMITERS, type Delimiter } from './tables/read-csv.ts';
import { openTable } from './tables/read-table.ts';

/** `npm run import -- FILE` */

const DELIMITER_NAMES = Object.keys(DELIMITERS) as readonly Delimiter[];

const HELP = `Usage: npm run import -- FILE [--encoding NAME] [--delimiter NAME] [--sheet NAME]

Imports chats from CSV or an Excel workbook (with a header line), or from JSON lines. The extension decides: .csv, .xlsx, or
.jsonl, .ndjson, .json.

  columns    ${IMPORT_COLUMNS.join(',')}
             name and max_chat_id are required in every line; the others may be empty or absent
  ids        a new chat keeps the id, created_at and updated_at of its line, if no other chat has the id; times without
             a zone are UTC. A known chat keeps its own times; a line with another id for it is refused
  again      an import can be repeated at any time: a known max_chat_id updates its chat, a new one creates a chat
  repeated   if several lines have the same max_chat_id, the last one counts
  refused    refused lines are written, with their numbers and reasons, to FILE.refused.jsonl
  where      the running local stack, or the tables in CHATS_TABLE, CHAT_POSTINGS_TABLE and STATE_TABLE

  --encoding   ${ENCODINGS.join(', ')}; detected from the content by default
  --delimiter  of CSV: ${DELIMITER_NAMES.join(', ')}; detected from the header line by default
  --sheet      of a workbook: the name or number of the sheet; the first by default
  --help       prints this text

The detected properties are printed before the import. Text files are read twice. Memory: 16 to 32 bytes per line; for a
workbook also the compressed file and its shared texts.
Exit status: 0 if every line was imported, 1 if lines were refused, 2 after an error.`;

await runTool(async () => {
  const { values, positionals } = readOptions(
    HELP,
    { encoding: { type: 'string' }, delimiter: { type: 'string' }, sheet: { type: 'string' } },
    { positionals: true },
  );
  const [file, ...more] = positionals;
  if (!file || more.length > 0) throw new ToolError(`Exactly one file is required.\n\n${HELP}`);
  const encoding = oneOf('--encoding', values.encoding, ENCODINGS);
  const delimiter = oneOf('--delimiter', values.delimiter, DELIMITER_NAMES);
  const size = sizeOf(file);
  const table = await openTable(file, { encoding, delimiter, sheet: values.sheet });
  console.log(`${file}: ${table.found}`);
  useRunningStack('CHATS_TABLE');
  const { tables } = readConfig(process.env, ['tables']);
  const store = createDynamoChatStore(configuredDatabase(tables, createDynamo()));

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

/** Returns the size of a file, bytes. @throws {ToolError} if it does not exist or is empty. */
function sizeOf(file: string): number {
  const stats = statSync(file, { throwIfNoEntry: false });
  if (!stats?.isFile()) throw new ToolError(`There is no file ${file}.`);
  if (stats.size === 0) throw new ToolError(`${file} is empty.`);
  return stats.size;
}
