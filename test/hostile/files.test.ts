import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { writeXlsx } from 'hucre/xlsx';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { importChats } from '../../lib/importing/import-chats.ts';
import type { ImportLine } from '../../lib/importing/read-line.ts';
import { ConfigError, readConfig, SECTIONS, type Section, variablesOf } from '../../lib/runtime/config.ts';
import { ToolError } from '../../tools/command-line.ts';
import { ENCODINGS } from '../../tools/tables/encoding.ts';
import { openTable } from '../../tools/tables/read-table.ts';
import { openMemory, T0 } from '../support/stores.ts';
import { HUNT_MS, hunt, requireSecrecy } from './hunt.ts';
import * as hostile from './values.ts';

/** Input of people to the tools and the deployment: files to import, and environment variables. */

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hostile-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Imports a file. Each of its lines is counted; a file that can't be read is refused with a text for people. */
async function importFile(
  name: string,
  content: Uint8Array | string,
  encoding?: (typeof ENCODINGS)[number],
): Promise<void> {
  const file = join(folder, name);
  writeFileSync(file, content);
  const lines: ImportLine[] = [];
  try {
    for await (const line of (await openTable(file, { encoding })).records) lines.push(line);
  } catch (error) {
    if (error instanceof ToolError) return;
    throw error;
  }
  const refused: number[] = [];
  const { lines: all, ...parts } = await importChats((await openMemory()).chats, lines, {
    now: () => T0,
    onRefused: ({ line, reason }) => {
      expect(reason).not.toBe('');
      refused.push(line);
    },
  });
  expect(all).toBe(lines.length);
  expect(Object.values(parts).reduce((sum, part) => sum + part)).toBe(all);
  expect(refused).toHaveLength(parts.refused);
}

const COLUMNS = ['name', 'max_chat_id', 'university_id', 'department', 'participants_count', 'created_at', 'id'];
const row = fc.tuple(
  ...COLUMNS.map((column, i) => fc.oneof(hostile.text, fc.constantFrom('Чат', '-7', '1', `${column}`, `${-i}`))),
);
const quoted = (cell: string) => (/[",;\r\n\t]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
const rows = fc.array(row, { maxLength: 6 });
const csv = fc
  .tuple(
    rows,
    fc.constantFrom(',', ';', '\t'),
    fc.constantFrom('\n', '\r\n', '\r'),
    fc.constantFrom('', '\ufeff', 'sep=;\n'),
  )
  .map(
    ([body, delimiter, newline, start]) =>
      start + [COLUMNS, ...body].map((cells) => cells.map(quoted).join(delimiter)).join(newline),
  );
const encodings = fc.option(fc.constantFrom(...ENCODINGS), { nil: undefined });
const bytesOf = (texts: fc.Arbitrary<string>) =>
  fc
    .tuple(texts, fc.constantFrom('utf8', 'utf16le', 'latin1'))
    .map(([text, how]) => Buffer.from(text, how as BufferEncoding));

test(
  'CSV files',
  async () => {
    const contents = fc.oneof(
      bytesOf(csv),
      hostile.cutBytes(bytesOf(csv)),
      fc.uint8Array({ maxLength: 200 }),
      bytesOf(hostile.cut(csv)),
    );
    await hunt('CSV files', 0.1, fc.tuple(contents, encodings), ([content, encoding]) =>
      importFile('a.csv', content, encoding),
    );
  },
  HUNT_MS,
);

test(
  'JSON lines',
  async () => {
    const example = { name: 'Чат', max_chat_id: '-7', university_id: 1, created_at: '2026-01-01T00:00:00Z' };
    const lines = fc.array(hostile.body(example), { maxLength: 6 }).map((all) => all.join('\n'));
    const contents = fc.oneof(bytesOf(lines), hostile.cutBytes(bytesOf(lines)));
    await hunt('JSON lines', 0.06, fc.tuple(contents, encodings), ([content, encoding]) =>
      importFile('a.jsonl', content, encoding),
    );
  },
  HUNT_MS,
);

test(
  'workbooks',
  async () => {
    const cells = fc.oneof(
      hostile.text,
      fc.double(),
      fc.boolean(),
      fc.constant(null),
      fc.date({ noInvalidDate: true }),
    );
    const workbooks = fc.array(fc.array(cells, { maxLength: 8 }), { maxLength: 5 });
    const good = await writeXlsx({
      sheets: [{ name: 'a', rows: [COLUMNS, ['Чат', '-7', 1, 'x', 5, '2026-01-01', 1]] }],
    });
    const damaged = hostile.cutBytes(fc.constant(good));
    await hunt('workbooks', 0.02, fc.oneof(workbooks, damaged), async (given) => {
      const content = Array.isArray(given)
        ? await writeXlsx({ sheets: [{ name: 'a', rows: [COLUMNS, ...given] }] })
        : given;
      await importFile('a.xlsx', content);
    });
  },
  HUNT_MS,
);

test(
  'environment variables',
  async () => {
    const sections = Object.keys(SECTIONS) as Section[];
    const names = sections.flatMap(variablesOf);
    const usual = [
      'true',
      'false',
      '15m',
      '1h30m',
      '30',
      '0.5',
      '0',
      'https://a.example',
      'redis://:secret@a',
      'Europe/Moscow',
    ];
    const SECRET = 'a-value-that-no-error-tells';
    const value = fc.oneof(
      fc.constantFrom(...usual),
      hostile.text,
      hostile.text.map((text) => `${SECRET}${text}`),
    );
    const inputs = fc.tuple(
      fc.array(fc.tuple(fc.constantFrom(...names), value), { maxLength: 30 }),
      fc.uniqueArray(fc.constantFrom(...sections), { minLength: 1, maxLength: 6 }),
    );
    await hunt('environment variables', 0.06, inputs, ([pairs, wanted]) => {
      try {
        readConfig(Object.fromEntries(pairs), wanted);
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigError);
        requireSecrecy((error as Error).message, [SECRET]);
        expect(names.some((name) => (error as Error).message.includes(`  ${name} `))).toBe(true);
      }
    });
  },
  HUNT_MS,
);
