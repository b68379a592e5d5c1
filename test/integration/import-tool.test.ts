import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { fields, listAll, openDynamo, T0 } from '../support/stores.ts';

const root = join(import.meta.dirname, '../..');
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'import-tool-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs `npm run import` into tables of the test. */
async function importFile(args: readonly string[], tables: { chats: string; words: string; state: string }) {
  const child = spawn(process.execPath, ['tools/import.ts', ...args], {
    cwd: root,
    env: {
      ...process.env,
      AWS_ENDPOINT_URL_DYNAMODB: inject('dynamodbEndpoint'),
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      CHATS_TABLE: tables.chats,
      CHAT_WORDS_TABLE: tables.words,
      STATE_TABLE: tables.state,
    },
  });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { status: child.exitCode, stdout, stderr };
}

const refusedOf = (file: string) =>
  readFileSync(`${file}.refused.jsonl`, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('npm run import', () => {
  test('takes over a table of PostgreSQL with its ids and times, and can be repeated', async () => {
    const { chats, database } = await openDynamo();
    const file = join(folder, 'chats.csv');
    copyFileSync(join(root, 'test/support/fixtures/import/postgresql.csv'), file);
    const first = await importFile([file], database.tables);
    expect(first).toMatchObject({ status: 1, stdout: expect.stringContaining('utf-8 (by its bytes') });
    expect(first.stdout).toContain('4 lines: 3 created, 0 updated, 0 unchanged, 0 repeated, 1 refused');
    expect(refusedOf(file)).toMatchObject([{ line: 5, reason: 'max_chat_id: is missing', fields: { id: '403' } }]);

    expect((await listAll(chats)).map(({ chat }) => chat.id)).toEqual([17, 18, 402]);
    expect(await chats.get(17)).toMatchObject({
      participantsCount: 128,
      chat: {
        ...{ name: 'Физика, 1 курс', url: 'https://max.ru/join/aB3xYz', maxChatId: '-70000000000017' },
        ...{ externalChatId: 'ext-17', universityId: 1, department: 'Физический факультет', source: 'academic_group' },
        ...{ createdAt: '2023-09-01T08:15:30.123Z', updatedAt: '2024-02-03T04:05:06.000Z' },
      },
    });
    expect((await chats.get(18))?.chat).toMatchObject({
      ...{ name: 'Профком "Единство"', url: null, createdAt: '2023-09-02T07:00:00.000Z' },
    });
    const created = await chats.create(fields(), T0);
    expect(created).toMatchObject({ kind: 'created', stored: { chat: { id: 403 } } });

    const second = await importFile([file], database.tables);
    expect(second.stdout).toContain('4 lines: 0 created, 0 updated, 3 unchanged, 0 repeated, 1 refused');
  });

  test('reads what Excel saves in Russia, and says so', async () => {
    const { chats, database } = await openDynamo();
    const file = join(folder, 'excel.csv');
    // "name;max_chat_id", "Физика;-70000000000001", "Химия;-7,00001E+13" in windows-1251
    const physics = [0xd4, 0xe8, 0xe7, 0xe8, 0xea, 0xe0];
    const chemistry = [0xd5, 0xe8, 0xec, 0xe8, 0xff];
    const ascii = (part: string) => [...Buffer.from(part)];
    writeFileSync(
      file,
      Buffer.from([
        ...ascii('name;max_chat_id\r\n'),
        ...[...physics, ...ascii(';-70000000000001\r\n')],
        ...[...chemistry, ...ascii(';-7,00001E+13\r\n')],
      ]),
    );
    const { status, stdout } = await importFile([file], database.tables);
    expect(status).toBe(1);
    expect(stdout).toContain('windows-1251 (by its letters: no UTF-8, but plausible Russian), delimiter semicolon');
    expect(stdout).toContain('2 lines: 1 created, 0 updated, 0 unchanged, 0 repeated, 1 refused');
    expect(refusedOf(file)).toMatchObject([{ line: 3, reason: expect.stringContaining('format the column as text') }]);
    expect((await listAll(chats)).map(({ chat }) => chat.name)).toEqual(['Физика']);
  });

  test.each([
    ['empty', '', 'is empty'],
    ['with a header only', 'name,max_chat_id\n', 'has no lines to import'],
    ['without a header', '\n\n', 'has no lines to import'],
  ])('refuses a file that is %s', async (_, content, problem) => {
    const { database } = await openDynamo();
    const file = join(folder, 'nothing.csv');
    writeFileSync(file, content);
    const { status, stderr } = await importFile([file], database.tables);
    expect(status).toBe(2);
    expect(stderr).toContain(problem);
    expect(existsSync(`${file}.refused.jsonl`)).toBe(false);
  });
});
