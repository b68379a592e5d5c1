import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';

export interface TestRedis {
  readonly url: string;
  readonly kind: 'redis-server' | 'js-redis-server';
  /** Stops it with SIGTERM, like an operator. */
  stop(): Promise<void>;
  /** Kills it at once, like a power failure. */
  kill(): Promise<void>;
  /** Stops all responses but keeps the connections open, until `resume`. */
  hang(): void;
  resume(): void;
}

/** Whether the real server is on the PATH. Only it has replicas. */
export const hasRedisServer = (process.env.PATH ?? '')
  .split(delimiter)
  .some((folder) => existsSync(join(folder, 'redis-server')));

export interface Replica extends TestRedis {
  /** Makes it the primary, and `former` its replica, as after a failover. */
  promote(former?: TestRedis): Promise<void>;
}

/** Starts a replica of a real Redis server, and waits until it has the same keys. */
export async function startReplica(primary: TestRedis): Promise<Replica> {
  const server = await startRedis();
  const replicate = async (replica: TestRedis, of: TestRedis) => {
    const [client, source] = [new Redis(replica.url), new Redis(of.url)];
    // Over the socket, so that neither writes a file into the current directory.
    await source.config('SET', 'repl-diskless-sync', 'yes');
    await source.config('SET', 'repl-diskless-sync-delay', '0');
    await client.config('SET', 'repl-diskless-load', 'swapdb');
    source.disconnect();
    await client.replicaof('127.0.0.1', new URL(of.url).port);
    while (!(await client.info('replication')).includes('master_link_status:up')) await sleep(20);
    client.disconnect();
  };
  await replicate(server, primary);
  return {
    ...server,
    async promote(former) {
      const client = new Redis(server.url);
      await client.replicaof('NO', 'ONE');
      client.disconnect();
      if (former) await replicate(former, server);
    },
  };
}

/** Starts an empty Redis on a loopback port: the real server if it is on the PATH, otherwise the one from npm. */
export async function startRedis(port?: number): Promise<TestRedis> {
  const at = port ?? (await freePort());
  const real = hasRedisServer;
  const server = real
    ? spawn('redis-server', ['--port', `${at}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'], {
        stdio: 'ignore',
      })
    : spawn(process.execPath, [join(cliFolder(), 'cli.js'), '--port', `${at}`], { stdio: 'ignore' });
  const onExit = () => server.kill('SIGKILL');
  process.once('exit', onExit);
  await answering(at, server);
  const end = async (signal: NodeJS.Signals) => {
    process.off('exit', onExit);
    if (server.exitCode !== null || server.signalCode !== null) return;
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill(signal);
    await ended;
  };
  return {
    url: `redis://127.0.0.1:${at}`,
    kind: real ? 'redis-server' : 'js-redis-server',
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    hang: () => server.kill('SIGSTOP'),
    resume: () => server.kill('SIGCONT'),
  };
}

function cliFolder(): string {
  return fileURLToPath(new URL('.', import.meta.resolve('js-redis-server')));
}

/** Returns a free loopback port. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

async function answering(port: number, server: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (server.exitCode !== null) throw new Error(`Redis ended with code ${server.exitCode}`);
    if (await pong(port)) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`Redis on port ${port} doesn't respond`);
}

function pong(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.write('PING\r\n'));
    socket.setTimeout(500, () => socket.destroy());
    socket.once('data', (data) => {
      socket.destroy();
      resolve(data.toString().startsWith('+PONG'));
    });
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
  });
}
