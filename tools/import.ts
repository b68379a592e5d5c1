import { once } from 'node:events';
import { createReadStream, createWriteStream, rmSync, statSync, type WriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { parse } from 'csv-parse';
import { createDynamoChatStore } from '../lib/adapters/dynamodb/chat-store.ts';
import { createDynamo } from '../lib/adapters/dynamodb/client.ts';
import { fullJitter } from '../lib/adapters/dynamodb/database.ts';
import { IMPORT_COLUMNS, type ImportLine, importChats } from '../lib/importing/import-chats.ts';
import { readConfig } from '../lib/runtime/config.ts';
import { progressLine, runTool, ToolError, useRunningStack } from './environment.ts';

/** `npm run import -- FILE` */

const HELP = `Usage: npm run import -- FILE

Imports chats from CSV (with a header line) or JSON lines, told apart by the name: .csv, or .jsonl, .ndjson, .json.

  columns    ${IMPORT_COLUMNS.join(',')}
             name and max_chat_id are needed in every line; the others may be empty or left out
  again      may be run again at any time: a known max_chat_id updates its chat, a new one makes one
  refused    lines that can't be used are written, with number and reason, to FILE.refused.jsonl
  where      into the local stack that is running, or the tables named by CHATS_TABLE, CHAT_WORDS_TABLE, STATE_TABLE

Ends with 0 when every line was imported, 1 when some were refused, 2 when nothing could be done.`;

await runTool(async () => {
  const { values, positionals } = parseArgs({ options: { help: { type: 'boolean' } }, allowPositionals: true });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const [file, ...more] = positionals;
  if (!file || more.length > 0) throw new ToolError(`Name one file.\n\n${HELP}`);
  const size = sizeOf(file);
  const lines = readLines(file);
  useRunningStack('CHATS_TABLE');
  const { tables } = readConfig(process.env, ['tables']);
  const store = createDynamoChatStore({
    client: createDynamo(),
    tables: { chats: tables.CHATS_TABLE, words: tables.CHAT_WORDS_TABLE, state: tables.STATE_TABLE },
    pause: fullJitter((ms) => sleep(ms)),
  });

  const refusedFile = `${file}.refused.jsonl`;
  rmSync(refusedFile, { force: true });
  let refused: WriteStream | undefined;
  const progress = progressLine();
  const startedAt = Date.now();
  const perSecond = (n: number) => Math.round((n * 1_000) / Math.max(1, Date.now() - startedAt));
  const totals = await importChats(store, lines.records, {
    now: Date.now,
    async onRefused(line) {
      refused ??= createWriteStream(refusedFile);
      if (!refused.write(`${JSON.stringify(line)}\n`)) await once(refused, 'drain');
    },
    onProgress(done) {
      const percent = size === 0 ? 100 : Math.floor((lines.bytesRead() * 100) / size);
      progress.show(`${percent} %, ${done.lines} lines, ${perSecond(done.lines)} a second, ${done.refused} refused`);
    },
  });
  progress.end();
  if (refused) await new Promise((closed) => refused?.end(closed));
  const { created, updated, unchanged } = totals;
  console.log(
    `${totals.lines} lines: ${created} created, ${updated} updated, ${unchanged} unchanged, ${totals.refused} refused`,
  );
  if (totals.refused > 0) console.log(`The refused lines, with reasons: ${refusedFile}`);
  return totals.refused > 0 ? 1 : 0;
});

function sizeOf(file: string): number {
  try {
    const stats = statSync(file);
    if (stats.isFile()) return stats.size;
  } catch {}
  throw new ToolError(`There is no file ${file}.`);
}

interface Lines {
  readonly records: AsyncIterable<ImportLine>;
  bytesRead(): number;
}

function readLines(file: string): Lines {
  const input = createReadStream(file);
  const bytesRead = () => input.bytesRead;
  if (/\.csv$/i.test(file)) return { records: csvLines(input), bytesRead };
  if (/\.(jsonl|ndjson|json)$/i.test(file)) return { records: jsonLines(input), bytesRead };
  input.destroy();
  throw new ToolError(`${file}: the name must end in .csv, .jsonl, .ndjson or .json.`);
}

async function* jsonLines(input: NodeJS.ReadableStream): AsyncGenerator<ImportLine> {
  let line = 0;
  for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    line += 1;
    const bare = line === 1 ? text.replace(/^\uFEFF/, '') : text;
    if (bare.trim() === '') continue;
    yield { line, ...readObject(bare) };
  }
}

function readObject(text: string): Pick<ImportLine, 'fields' | 'problem'> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { fields: { ...value } };
  } catch {}
  return { fields: undefined, problem: 'is not a JSON object' };
}

async function* csvLines(input: NodeJS.ReadableStream): AsyncGenerator<ImportLine> {
  const skipped: ImportLine[] = [];
  const parser = input.pipe(
    parse({
      bom: true,
      columns: checkHeader,
      info: true,
      skip_empty_lines: true,
      // A quote that is never closed must not swallow the rest of the list.
      max_record_size: 65_536,
      skip_records_with_error: true,
      on_skip: (error) => {
        const line = Number((error as { lines?: number } | undefined)?.lines ?? 0);
        skipped.push({ line, fields: undefined, problem: error?.message ?? 'is not CSV' });
        return undefined;
      },
    }),
  );
  for await (const { record, info } of parser) {
    yield* skipped.splice(0);
    yield { line: info.lines, fields: record };
  }
  yield* skipped;
}

function checkHeader(header: string[]): string[] {
  const names = header.map((name) => name.trim().toLowerCase());
  const known: readonly string[] = IMPORT_COLUMNS;
  const unknown = names.filter((name) => !known.includes(name));
  const missing = ['name', 'max_chat_id'].filter((name) => !names.includes(name));
  if (unknown.length === 0 && missing.length === 0) return names;
  const complaints = [
    ...(unknown.length > 0 ? [`unknown columns: ${unknown.join(', ')}`] : []),
    ...(missing.length > 0 ? [`missing columns: ${missing.join(', ')}`] : []),
  ];
  throw new ToolError(`The header line has ${complaints.join('; ')}. Known are ${IMPORT_COLUMNS.join(', ')}.`);
}
