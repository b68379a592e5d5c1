import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { startChildServer } from './child-server.ts';
import { freePort } from './free-port.ts';
import type { RedisWorkerData } from './redis-worker.ts';

export interface Redis {
  readonly url: string;
  /** Name and version of the server, to show to people: `redis-server 7.0.15`. */
  readonly kind: string;
  stop(): Promise<void>;
  /** Kills the server at once, like a crash. */
  kill(): Promise<void>;
}

/**
 * Starts `redis-server` if it is on the PATH, otherwise the Redis written in JavaScript (in memory, about six times slower).
 * @param dataDir the folder for snapshots; by default nothing is saved.
 * @param port by default any free port.
 */
export async function startRedis(dataDir?: string, port?: number): Promise<Redis> {
  const chosen = port ?? (await freePort());
  const version = await installedVersion();
  return version === undefined ? startJavaScriptRedis(chosen) : startRedisServer(version, chosen, dataDir);
}

async function startRedisServer(version: string, port: number, dataDir: string | undefined): Promise<Redis> {
  if (dataDir) await mkdir(dataDir, { recursive: true });
  const storage = dataDir ? ['--dir', dataDir, '--save', '60 1'] : ['--save', ''];
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--appendonly', 'no', ...storage];
  const server = await startChildServer('redis-server', args, port);
  return {
    url: `redis://127.0.0.1:${port}`,
    kind: `redis-server ${version}`,
    stop: server.stop,
    kill: server.kill,
  };
}

async function startJavaScriptRedis(port: number): Promise<Redis> {
  const manifest = new URL('../package.json', pathToFileURL(createRequire(import.meta.url).resolve('js-redis-server')));
  const { version } = JSON.parse(await readFile(manifest, 'utf8'));
  const worker = new Worker(new URL('./redis-worker.ts', import.meta.url), {
    workerData: { port } satisfies RedisWorkerData,
  });
  await once(worker, 'message');
  const end = async () => {
    await worker.terminate();
  };
  return { url: `redis://127.0.0.1:${port}`, kind: `js-redis-server ${version}`, stop: end, kill: end };
}

async function installedVersion(): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)('redis-server', ['--version']);
    return /\bv=(\S+)/.exec(stdout)?.[1] ?? 'of unknown version';
  } catch {
    return undefined;
  }
}
