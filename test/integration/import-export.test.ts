import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { fields, listAll, openDynamo, T0 } from '../support/stores.ts';

const root = join(import.meta.dirname, '../..');
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'import-export-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs `npm run import` into tables of the test. */
const importFile = (args: readonly string[], tables: { chats: string; postings: string; state: string }) =>
  runTool('tools/import.ts', args, {
    AWS_ENDPOINT_URL_DYNAMODB: inject('dynamodbEndpoint'),
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    CHATS_TABLE: tables.chats,
    CHAT_POSTINGS_TABLE: tables.postings,
    STATE_TABLE: tables.state,
  });

async function runTool(script: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [script, ...args], { cwd: root, env: { ...process.env, ...env } });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { status: child.exitCode, stdout, stderr };
}

const refusedOf = (file: string) =>
  readFileSync(`${file}.refused.jsonl`, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('npm run import', () => {
  test('imports a table of PostgreSQL with its ids and times, and can be repeated', async () => {
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

  test('reads a file saved by Russian Excel, and reports its encoding', async () => {
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

describe('npm run export', () => {
  const exported = (id: number, some: Record<string, unknown> = {}) => ({
    id,
    name: `Чат ${id}`,
    url: null,
    max_chat_id: `-6800000000070${id}`,
    external_chat_id: null,
    university_id: 1,
    department: null,
    source: 'lms',
    participants_count: id,
    participants_updated_at: '2026-01-01T00:00:00.000Z',
    participants_source: 'cache',
    participants_stale: false,
    created_at: '2024-09-01T08:30:00.123Z',
    updated_at: '2024-09-02T08:30:00.000Z',
    ...some,
  });
  const CHATS = [
    exported(1, { name: '=HYPERLINK("http://x";"y")', department: "'тихо'" }),
    exported(2, { name: '+7, @all; "да"', external_chat_id: '-00012', participants_count: null }),
    exported(5, { url: 'https://max.ru/join/a?b=1,2', university_id: null, source: null }),
  ];

  /** An API with two pages; `answers` are its first responses. */
  async function serve(...answers: { status: number; headers?: Record<string, string>; body?: string }[]) {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(`${request.headers.authorization} ${request.url}`);
      const answer = answers.shift();
      if (answer) return response.writeHead(answer.status, answer.headers).end(answer.body);
      const second = new URL(request.url ?? '', 'http://x').searchParams.get('cursor') === 'c+2';
      const data = second ? CHATS.slice(2) : CHATS.slice(0, 2);
      response.end(JSON.stringify({ data, total: 3, limit: 100, next_cursor: second ? null : 'c+2' }));
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const run = (...args: string[]) => runTool('tools/export.ts', [...args, '--url', url, '--token', 'secret']);
    return { run, asked, stop: () => server.close() };
  }

  test.each([
    ['chats.csv', []],
    ['chats.csv', ['--delimiter', 'semicolon']],
    ['chats.jsonl', []],
  ])('writes %s %j, which can be imported unchanged', async (name, options) => {
    const { run, asked, stop } = await serve({ status: 503, headers: { 'retry-after': '0' }, body: '<html>' });
    const { chats, database } = await openDynamo();
    const out = join(folder, `export-${options.length}-${name}`);
    const { status, stdout, stderr } = await run('--out', out, '--source', 'lms', ...options);
    stop();
    expect({ status, stdout }).toEqual({ status: 0, stdout: `${out}: 3 chats\n` });
    expect(stderr).toContain('3 of 3 chats');
    expect(existsSync(`${out}.part`)).toBe(false);
    expect(asked).toHaveLength(3);
    expect(asked[2]).toBe('Bearer secret /chats/all?source=lms&limit=100&sort_by=id&cursor=c%2B2');

    const content = readFileSync(out, 'utf8');
    if (name.endsWith('.csv')) {
      const delimiter = options.length > 0 ? ';' : ',';
      expect(content).toMatch(/^\uFEFFid.name.url.max_chat_id/);
      // No cell is a formula or a negative number.
      expect(content.split(/\r\n|[,;]/).filter((cell) => /^"?[=+@-]/.test(cell))).toEqual([]);
      expect(content).toContain(`${delimiter}'-68000000000705${delimiter}`);
    }

    const imported = await importFile([out], database.tables);
    expect(imported.stdout).toContain('3 lines: 3 created, 0 updated, 0 unchanged, 0 repeated, 0 refused');
    const rows = await Promise.all(CHATS.map(({ id }) => chats.get(id)));
    expect(rows.map((row) => row && { ...row.chat, participantsCount: row.participantsCount })).toEqual(
      CHATS.map((chat) =>
        expect.objectContaining({
          ...{ id: chat.id, name: chat.name, url: chat.url, maxChatId: chat.max_chat_id, source: chat.source },
          ...{ externalChatId: chat.external_chat_id, universityId: chat.university_id, department: chat.department },
          ...{ participantsCount: chat.participants_count, createdAt: chat.created_at, updatedAt: chat.updated_at },
        }),
      ),
    );
  });

  test('reports which chats an import would refuse', async () => {
    const data = [exported(1, { max_chat_id: null })];
    const { run, stop } = await serve({ status: 200, body: JSON.stringify({ data, total: 1, next_cursor: null }) });
    const { stdout } = await run('--out', join(folder, 'unlinked.csv'));
    stop();
    expect(stdout).toContain('1 of them have no max_chat_id');
  });

  test('keeps an earlier file if it fails', async () => {
    const out = join(folder, 'kept.csv');
    writeFileSync(out, 'before');
    const page = { status: 200, body: JSON.stringify({ data: CHATS, total: 9, next_cursor: 'c' }) };
    const { run, stop } = await serve(page, { status: 401, body: JSON.stringify({ detail: 'The token is expired.' }) });
    const { status, stderr } = await run('--out', out);
    stop();
    expect(status).toBe(2);
    expect(stderr).toContain('The chats could not be read: 401 The token is expired.');
    expect(readFileSync(out, 'utf8')).toBe('before');
    expect(existsSync(`${out}.part`)).toBe(false);
  });

  test.each([
    [[], '--out is missing'],
    [['--out', 'chats.txt'], '--out: "chats.txt" must end in .csv or .jsonl'],
    [['--out', 'no/such/chats.csv'], '--out: there is no folder no/such'],
    [['--out', 'chats.jsonl', '--delimiter', 'tab'], '--delimiter is for CSV files'],
    [['--out', 'chats.csv', '--delimiter', 'dot'], '--delimiter: "dot" is not one of comma, semicolon, tab'],
  ])('%j is refused', async (args, problem) => {
    const { status, stderr } = await runTool('tools/export.ts', args);
    expect(status).toBe(2);
    expect(stderr).toContain(problem);
  });
});
