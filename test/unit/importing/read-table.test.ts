import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CellValue, writeXlsx } from 'hucre/xlsx';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ImportLine, readImportLine } from '../../../lib/importing/read-line.ts';
import { openTable, type TableOptions } from '../../../tools/tables/read-table.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'read-table-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const ROWS = [
  ['name', 'max_chat_id', 'department', 'university_id'],
  ['Физика; 1 курс', '-70000000000123', 'Физический факультет', '7'],
  ['Ёлка, «Новый год» — приём', '-70000000000124', 'Профком', ''],
];

const csv = (delimiter: string, newline = '\r\n') =>
  ROWS.map((row) => row.map((cell) => (/[;,]/.test(cell) ? `"${cell}"` : cell)).join(delimiter) + newline).join('');

/** Encodes text in a single-byte encoding by inverting its decoder. */
function bytesOf(text: string, encoding: string): Buffer {
  const signs = [...new TextDecoder(encoding).decode(Uint8Array.from({ length: 256 }, (_, i) => i))];
  return Buffer.from(
    [...text].map((sign) => {
      const byte = signs.indexOf(sign);
      if (byte < 0) throw new Error(`${sign} is not in ${encoding}`);
      return byte;
    }),
  );
}

const utf16be = (text: string) => Buffer.from(`\uFEFF${text}`, 'utf16le').swap16();

async function read(content: string | Buffer, options: TableOptions = {}, name = 'chats.csv') {
  const file = join(folder, name);
  writeFileSync(file, content);
  const table = await openTable(file, options);
  const lines: ImportLine[] = [];
  for await (const line of table.records) lines.push(line);
  return { found: table.found, lines, chats: lines.map((line) => readImportLine(line)) };
}

const failure = async (content: string | Buffer, options?: TableOptions, name?: string) =>
  (await read(content, options, name).catch((error: Error) => error)) as Error;

const EXPECTED = [
  { name: 'Физика; 1 курс', maxChatId: '-70000000000123', department: 'Физический факультет', universityId: 7 },
  { name: 'Ёлка, «Новый год» — приём', maxChatId: '-70000000000124', department: 'Профком', universityId: null },
];

describe('a spreadsheet saved as CSV', () => {
  test.each([
    ['UTF-8', Buffer.from(csv(',')), 'utf-8 (by its bytes, all of them valid UTF-8), delimiter comma'],
    ['UTF-8 with LF', Buffer.from(csv(',', '\n')), 'utf-8'],
    [
      'UTF-8 with a BOM and semicolons',
      Buffer.from(`\uFEFF${csv(';')}`),
      'utf-8 (by its byte order mark), delimiter semicolon',
    ],
    ['windows-1251 and semicolons', bytesOf(csv(';'), 'windows-1251'), 'windows-1251 (by its letters'],
    [
      'UTF-16LE and tabs',
      Buffer.from(`\uFEFF${csv('\t')}`, 'utf16le'),
      'utf-16le (by its byte order mark), delimiter tab',
    ],
    ['UTF-16BE', utf16be(csv(',')), 'utf-16be (by its byte order mark), delimiter comma'],
    ['a sep= line', Buffer.from(`sep=;\r\n${csv(';')}`), 'delimiter semicolon'],
    ['a BOM and a sep= line', Buffer.from(`\uFEFFsep=\t\r\n${csv('\t')}`), 'delimiter tab'],
  ])('%s is read, and its properties are reported', async (_, content, found) => {
    const outcome = await read(content);
    expect(outcome.chats).toMatchObject(EXPECTED);
    expect(outcome.found).toContain(found);
  });

  test('in capital letters is still detected as windows-1251', async () => {
    const text = 'name;max_chat_id\r\nФИЗИЧЕСКИЙ ФАКУЛЬТЕТ, ОБЪЯВЛЕНИЯ;-1\r\n';
    expect((await read(bytesOf(text, 'windows-1251'))).chats).toMatchObject([
      { name: 'ФИЗИЧЕСКИЙ ФАКУЛЬТЕТ, ОБЪЯВЛЕНИЯ' },
    ]);
  });

  test('keeps its line numbers after a sep= line and an empty line', async () => {
    const { lines } = await read('sep=;\r\nname;max_chat_id\r\n\r\nЧат;-1\r\n');
    expect(lines).toEqual([{ line: 4, fields: { name: 'Чат', max_chat_id: '-1' } }]);
  });

  test('is read correctly if two pieces of the file share a character', async () => {
    const name = 'ы'.repeat(199);
    const line = (n: number) => `${name},-${n}\n`;
    const text = `name,max_chat_id\n${Array.from({ length: 2_000 }, (_, i) => line(i + 1)).join('')}`;
    for (const content of [Buffer.from(text), Buffer.from(`\uFEFF${text}`, 'utf16le'), bytesOf(text, 'windows-1251')]) {
      const { chats } = await read(content);
      expect(chats).toHaveLength(2_000);
      expect(chats.every((chat) => 'maxChatId' in chat && chat.name === name)).toBe(true);
    }
  });

  test.each([
    ['KOI8-R', bytesOf(csv(';').replaceAll(/[«»—]/g, '-'), 'koi8-r')],
    ['IBM866', bytesOf(csv(';').replaceAll(/[«»—]/g, '-'), 'ibm866')],
    ['Latin-1', Buffer.from(`name,max_chat_id\n${'Müller Übung Café,-1\n'.repeat(20)}`, 'latin1')],
    ['KOI8-R without ё', bytesOf('name;max_chat_id\nФизический факультет;-1\n', 'koi8-r')],
    ['another language, with its own letters', bytesOf('name;max_chat_id\nФізичний факультет;-1\n', 'windows-1251')],
    ['signs of windows-1251 without Russian', bytesOf('name;max_chat_id\n«Group» — 1;-1\n', 'windows-1251')],
    ['windows-1251 with NUL', bytesOf('name;max_chat_id\nФизика\0;-1\n', 'windows-1251')],
    ['UTF-16 of ASCII without a mark', Buffer.from('name,max_chat_id\nChat,-1\n', 'utf16le')],
    ['UTF-16 without a mark', Buffer.from(csv(','), 'utf16le')],
    ['a picture', Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13])],
    ['UTF-32', Buffer.from([0xff, 0xfe, 0, 0, 0x6e, 0, 0, 0])],
    ['a cut off UTF-16', Buffer.from(`\uFEFF${csv(',')}`, 'utf16le').subarray(0, -1)],
  ])('in %s is refused with advice', async (_, content) => {
    const { name, message } = await failure(content);
    expect(name).toBe('Error');
    expect(message).toMatch(/save it as UTF-8/i);
  });

  test('with a control character has only that line refused', async () => {
    const { chats } = await read('name,max_chat_id\nА\u000bБ,-1\nВ,-2\n');
    expect(chats).toMatchObject([{ reason: expect.stringContaining('control') }, { maxChatId: '-2' }]);
  });

  test('is read with --encoding and --delimiter', async () => {
    const koi8 = bytesOf(csv(';').replaceAll(/[«»—]/g, '-'), 'koi8-r');
    const { chats, found } = await read(koi8, { encoding: 'koi8-r' });
    expect(chats).toMatchObject([EXPECTED[0], { department: 'Профком' }]);
    expect(found).toBe('koi8-r (by --encoding), delimiter semicolon');
    expect((await failure(csv(';'), { delimiter: 'comma' })).message).toContain('unknown columns: name;max_chat_id;');
    expect((await read(csv(';'), { delimiter: 'semicolon' })).chats).toMatchObject(EXPECTED);
    expect((await failure('{}', { delimiter: 'comma' }, 'chats.jsonl')).message).toContain('--delimiter is for CSV');
  });

  test('with a wrong --encoding has only the damaged lines refused', async () => {
    const { chats } = await read(bytesOf(`${csv(';')}Chat;-5;;\r\n`, 'windows-1251'), { encoding: 'utf-8' });
    const reason = expect.stringContaining('name: contains the replacement character U+FFFD');
    expect(chats).toMatchObject([{ reason }, { reason }, { name: 'Chat', maxChatId: '-5' }]);
  });

  test.each([
    ['name,colour\n', 'unknown columns: colour; missing columns: max_chat_id'],
    ['name;max_chat_id;name\n', 'repeated columns: name'],
    ['имя;ид\n', 'unknown columns: имя;ид; missing columns: name, max_chat_id'],
  ])('with the header %j is refused', async (content, complaint) => {
    expect((await failure(content)).message).toContain(`The header line has ${complaint}.`);
  });

  test('loses the apostrophe that marks a cell as text', async () => {
    const { chats } = await read(`name;max_chat_id\n'=Физика;'-70000000000005\n''тихо';'5\n`);
    expect(chats).toMatchObject([
      { name: '=Физика', maxChatId: '-70000000000005' },
      { name: "'тихо'", maxChatId: '5' },
    ]);
  });

  test('may have empty columns without a name, like files saved by Excel', async () => {
    const { chats } = await read('name;;max_chat_id;;\nФизика;;-1;;\n');
    expect(chats).toMatchObject([{ name: 'Физика', maxChatId: '-1' }]);
  });

  test('has lines that are not CSV refused by their number', async () => {
    const { chats } = await read('name,max_chat_id\nА,-1\nБ,-2,-3\nВ,-4\n');
    expect(chats.filter((chat) => 'maxChatId' in chat)).toMatchObject([{ maxChatId: '-1' }, { maxChatId: '-4' }]);
    expect(chats.filter((chat) => 'reason' in chat)).toMatchObject([{ line: 3, reason: expect.any(String) }]);
  });
});

describe('JSON lines', () => {
  const line = JSON.stringify({ name: "'Ёлка'", max_chat_id: '-1' });

  test.each([
    ['UTF-8', Buffer.from(`${line}\n`)],
    ['UTF-8 with a BOM', Buffer.from(`\uFEFF${line}`)],
    ['UTF-16', Buffer.from(`\uFEFF${line}\r\n`, 'utf16le')],
    ['windows-1251', bytesOf(line, 'windows-1251')],
  ])('in %s are read, including apostrophes', async (_, content) => {
    expect((await read(content, {}, 'chats.jsonl')).chats).toMatchObject([{ name: "'Ёлка'", maxChatId: '-1' }]);
  });

  test('that are not objects are refused', async () => {
    const { chats } = await read(`[1]\n\n${line}\nx`, {}, 'chats.ndjson');
    const reason = 'is not a JSON object';
    expect(chats).toMatchObject([{ line: 1, reason }, { maxChatId: '-1' }, { line: 4, reason }]);
  });
});

describe('a workbook', () => {
  const header = ['name', 'max_chat_id', 'university_id', 'created_at', null];
  const workbook = async (rows: CellValue[][], name = 'Чаты') =>
    Buffer.from(
      await writeXlsx({
        sheets: [
          { name: 'Пусто', rows: [] },
          { name, rows },
        ],
      }),
    );
  const readSheet = async (rows: CellValue[][], sheet = 'Чаты') => read(await workbook(rows), { sheet }, 'chats.xlsx');

  test('is read with its text, numbers and dates', async () => {
    const { chats, found, lines } = await readSheet([
      [],
      header,
      ['Физика', '-70000000000005', 7, new Date('2024-09-01T08:30:00Z'), null],
      [],
      [101, -70_000_000_000_006, '7', '2024-09-01 08:30:00', null],
      ["'=x", "'-7", null, null, 'a note'],
    ]);
    expect(found).toBe('sheet "Чаты" of 2');
    expect(lines.map(({ line }) => line)).toEqual([3, 5, 6]);
    expect(chats).toMatchObject([
      { name: 'Физика', maxChatId: '-70000000000005', universityId: 7, createdAt: '2024-09-01T08:30:00.000Z' },
      { name: '101', maxChatId: '-70000000000006', universityId: 7, createdAt: '2024-09-01T08:30:00.000Z' },
      { name: '=x', maxChatId: '-7', universityId: null },
    ]);
  });

  test.each<[string, CellValue[], string]>([
    ['16 digits', ['А', 1_234_567_890_123_456, null, null], 'max_chat_id: is a number of 16 digits or more'],
    ['10^15', ['А', -(10 ** 15), null, null], 'max_chat_id: is a number of 16 digits or more'],
    ['a mangled text', ['А', '-7,00001E+13', null, null], 'format the column as text'],
    ['a fraction', ['А', -7.5, null, null], 'max_chat_id: must be a decimal'],
    ['a date for a name', [new Date('2024-02-01'), '-1', null, null], 'name: is a date in the spreadsheet'],
  ])('with %s refuses the line', async (_, cells, reason) => {
    const { chats } = await readSheet([header, cells, ['Б', 999_999_999_999_999, 1, null]]);
    expect(chats).toMatchObject([
      { line: 2, reason: expect.stringContaining(reason), fields: { university_id: '' } },
      { maxChatId: '999999999999999' },
    ]);
  });

  test('is read from the named or numbered sheet, by default the first', async () => {
    const content = await workbook([header, ['А', '-1', null, null]]);
    expect((await read(content, { sheet: '2' }, 'chats.xlsx')).chats).toHaveLength(1);
    expect((await read(content, {}, 'chats.xlsx')).found).toBe('sheet "Пусто" of 2');
    for (const sheet of ['Лист', '0', '3', '1.5']) {
      expect((await failure(content, { sheet }, 'chats.xlsx')).message).toContain(
        `no sheet "${sheet}". It has Пусто, Чаты`,
      );
    }
  });

  test('is refused if it is malformed, has another header, or an option is not allowed', async () => {
    expect((await failure('name,max_chat_id', {}, 'chats.xlsx')).message).toContain("can't be read as .xlsx");
    const cut = (await workbook([header, ['А', '-1']])).subarray(0, 900);
    expect((await failure(cut, {}, 'chats.xlsx')).message).toContain("can't be read as .xlsx");
    const other = await workbook([['name', 'colour']]);
    expect((await failure(other, { sheet: '2' }, 'chats.xlsx')).message).toContain('unknown columns: colour; missing');
    expect((await failure(other, { encoding: 'utf-8' }, 'chats.xlsx')).message).toContain('--encoding is for');
    expect((await failure('x', { sheet: '1' })).message).toContain('--sheet is for .xlsx');
  });
});

test('another kind of file is refused by its name', async () => {
  expect((await failure('x', {}, 'chats.xls')).message).toContain(
    'the name must end in .csv, .xlsx, .jsonl, .ndjson or .json',
  );
});
