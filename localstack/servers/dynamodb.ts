import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { startChildServer } from './child-server.ts';
import { freePort } from './free-port.ts';

export interface DynamoDb {
  readonly endpoint: string;
  stop(): Promise<void>;
}

/**
 * Starts the embedded DynamoDB on a free loopback port.
 * @param dataDir the folder for its data; by default the data are in memory.
 */
export async function startDynamoDb(dataDir?: string): Promise<DynamoDb> {
  const binary = embeddedBinary();
  const port = await freePort();
  if (dataDir) await mkdir(dataDir, { recursive: true });
  const file = dataDir && join(dataDir, 'dynamodb.sqlite');
  if (file && !existsSync(file)) createDatabaseFile(file);
  const storage = file ? ['--db-path', file] : [];
  const server = await startChildServer(binary, ['--host', '127.0.0.1', '--port', String(port), ...storage], port);
  return { endpoint: `http://127.0.0.1:${port}`, stop: server.stop };
}

/** Rows of half a kilobyte leave a tenth of SQLite's usual pages (4 KB) unused, and less of larger ones. */
const PAGE_BYTES = 8_192;

/** Creates the empty file, because the page size can't be set later. */
function createDatabaseFile(file: string): void {
  const database = new DatabaseSync(file);
  database.exec(`PRAGMA page_size = ${PAGE_BYTES}; VACUUM`);
  database.close();
}

function embeddedBinary(): string {
  const platform = `${process.platform}-${process.arch}`;
  try {
    const require = createRequire(import.meta.url);
    const binary = join(dirname(require.resolve(`@dynoxide/${platform}/package.json`)), 'dynoxide');
    if (existsSync(binary)) return binary;
  } catch {
    // Not installed: the error below says so.
  }
  throw new Error(
    `There is no embedded DynamoDB for ${platform}. Start another one, for example with ` +
      '"docker compose -f localstack/docker-compose.yml up -d", and set AWS_ENDPOINT_URL_DYNAMODB to its address.',
  );
}
