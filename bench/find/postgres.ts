import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { ChatSeed } from '../../localstack/max/world.ts';
import { median } from '../support/stats.ts';
import type { BenchQuery } from './queries.ts';

/** The peer of searches: PostgreSQL with the same chats, `ILIKE '%…%'` for each word, and `COUNT(*)` for the total. */

const run = promisify(execFile);

/** Returns the folder of `initdb` and `postgres`; `undefined` if PostgreSQL is not installed. */
const binaries = (): string | undefined =>
  globSync('/usr/lib/postgresql/*/bin/postgres')
    .map((file) => dirname(file))
    .at(-1);

/** PostgreSQL refuses to run as root. */
const NOBODY = 65_534;
const isRoot = userInfo().uid === 0;
const asNobody = isRoot ? { uid: NOBODY, gid: NOBODY } : {};

export interface Postgres {
  readonly version: string;
  /** Median time of a page with its total, ms. */
  time(query: BenchQuery, times: number): Promise<number>;
  stop(): Promise<void>;
}

export async function startPostgres(chats: Iterable<ChatSeed>): Promise<Postgres | undefined> {
  const bin = binaries();
  if (!bin || !existsSync('/usr/bin/psql')) return undefined;
  // The user of PostgreSQL may not enter folders of root.
  const folder = await mkdtemp(join(tmpdir(), 'bench-postgres-'));
  const [data, rows] = [join(folder, 'data'), join(folder, 'chats.csv')];
  await mkdir(data, { recursive: true });
  await chmod(folder, 0o755);
  await writeFile(rows, csvOf(chats));
  if (isRoot) {
    await chown(folder, NOBODY, NOBODY);
    await chown(data, NOBODY, NOBODY);
  }
  await run(
    join(bin, 'initdb'),
    ['-D', data, '-A', 'trust', '-U', 'bench', '-E', 'UTF8', '--locale', 'C.UTF-8'],
    asNobody,
  );
  const server = spawn(join(bin, 'postgres'), ['-D', data, '-k', folder, '-c', 'listen_addresses='], {
    ...asNobody,
    stdio: 'ignore',
  });
  const psql = async (sql: string) =>
    (await run('psql', ['-h', folder, '-U', 'bench', '-d', 'postgres', '-XAtqc', sql], { maxBuffer: 2 ** 28 })).stdout;
  for (let tries = 0; ; tries++) {
    try {
      await psql('SELECT 1');
      break;
    } catch (error) {
      if (tries > 100) throw error;
      await sleep(100);
    }
  }
  await psql(
    'CREATE TABLE chats (id bigint PRIMARY KEY, name text, department text, university_id bigint, source text, ' +
      'status text, max_chat_id text UNIQUE, participants_count int, created_at timestamptz, updated_at timestamptz)',
  );
  await psql(`COPY chats FROM '${rows}' WITH (FORMAT csv)`);
  for (const column of ['name', 'participants_count', 'created_at', 'updated_at', 'university_id', 'department']) {
    await psql(`CREATE INDEX ON chats (${column}, id)`);
  }
  await psql('VACUUM ANALYZE chats');
  return {
    version: (await psql('SHOW server_version')).trim(),
    async time(query, times) {
      const where = conditionsOf(query);
      const { sort_by = 'id', sort_order = 'asc', deep = 0 } = query;
      const page = `SELECT * FROM chats ${where} ORDER BY ${sort_by} ${sort_order}, id ${sort_order} LIMIT 100 OFFSET ${deep * 100}`;
      // All in one session, so that its start and its connection are not measured.
      const timed = `\\timing on\n${`${page};\nSELECT count(*) FROM chats ${where};\n`.repeat(times)}`;
      const child = spawn('psql', ['-h', folder, '-U', 'bench', '-d', 'postgres', '-XAtq', '-o', '/dev/null'], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      child.stdin.end(timed);
      let text = '';
      for await (const piece of child.stdout) text += piece;
      const ms = [...text.matchAll(/Time: ([\d.]+) ms/g)].map(([, value]) => Number(value));
      return median(Array.from({ length: times }, (_, i) => (ms[2 * i] ?? 0) + (ms[2 * i + 1] ?? 0)));
    },
    async stop() {
      const ended = once(server, 'exit');
      server.kill('SIGINT');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

function conditionsOf({ search = '', university_id, department, source, status }: BenchQuery): string {
  const words = search.split(/\s+/).filter((word) => word !== '');
  const like = (word: string) => quoted(`%${word.replaceAll(/[\\%_]/g, '\\$&')}%`);
  const all = [
    ...words.map(
      (word) => `(name ILIKE ${like(word)} OR department ILIKE ${like(word)} OR max_chat_id ILIKE ${like(word)})`,
    ),
    ...(university_id ? [`university_id = ${university_id}`] : []),
    ...(department ? [`lower(department) = lower(${quoted(department)})`] : []),
    ...(source ? [`lower(source) = lower(${quoted(source)})`] : []),
    ...(status ? [`status IN (${status.split(',').map(quoted).join(', ')})`] : []),
  ];
  return all.length > 0 ? `WHERE ${all.join(' AND ')}` : '';
}

function csvOf(chats: Iterable<ChatSeed>): string {
  const cell = (value: string | number) => `"${String(value).replaceAll('"', '""')}"`;
  let id = 0;
  const lines: string[] = [];
  for (const { name, department, university_id, max_chat_id } of chats) {
    id += 1;
    const row = [id, name, department, university_id, 'bench', 'active', max_chat_id, 1 + ((id * 7_919) % 500)];
    lines.push([...row, '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z'].map(cell).join(','));
  }
  return `${lines.join('\n')}\n`;
}
