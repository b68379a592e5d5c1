import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Shell script that runs a server and stops it when this process ends. The shell waits for the end of its standard input, a pipe.
 * The kernel closes the pipe when this process ends, even by SIGKILL; then the shell stops the server. `detached` puts both into
 * their own process group. So Ctrl-C reaches only this process, and the server's own child processes end with the server.
 */
const SUPERVISOR =
  '"$@" </dev/null & server=$!; { cat <&3 >/dev/null; kill $server; } 2>/dev/null & wait $server; trap "" TERM; kill 0';

const START_TIMEOUT_MS = 10_000;
const STOP_TIMEOUT_MS = 5_000;
const CONNECT_EVERY_MS = 10;
const OUTPUT_KEPT = 2_000;

export interface ChildServer {
  /** Stops the server and waits for its end. Kills it after 5 s. */
  stop(): Promise<void>;
  /** Kills the server at once, like a crash. */
  kill(): Promise<void>;
}

export interface ChildServerOptions {
  /** The server's environment; by default that of this process. */
  readonly env?: NodeJS.ProcessEnv;
  /** Receives the server's output. By default, the end of the output is kept for the error if the server does not start. */
  readonly logFile?: string;
  /** Longest time until the server accepts connections, ms. */
  readonly startTimeoutMs?: number;
}

/**
 * Starts `command` and resolves when it accepts connections at 127.0.0.1:`port`.
 * @throws {Error} with the last output of the server if it ends or does not accept connections in time (10 s by default).
 */
export async function startChildServer(
  command: string,
  args: readonly string[],
  port: number,
  { env = process.env, logFile, startTimeoutMs = START_TIMEOUT_MS }: ChildServerOptions = {},
): Promise<ChildServer> {
  const log = logFile === undefined ? undefined : openSync(logFile, 'w');
  const shell = spawn('/bin/sh', ['-c', `exec 3<&0; ${SUPERVISOR}`, 'sh', command, ...args], {
    env,
    detached: true,
    stdio: ['pipe', log ?? 'pipe', log ?? 'pipe'],
  });
  if (log !== undefined) closeSync(log);
  let output = '';
  for (const stream of [shell.stdout, shell.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-OUTPUT_KEPT);
    });
  }
  const ended = once(shell, 'exit');
  const deadline = Date.now() + startTimeoutMs;
  while (!(await accepts(port))) {
    if (hasEnded(shell) || Date.now() > deadline) {
      signalGroup(shell, 'SIGKILL');
      const last = logFile === undefined ? output : (await readFile(logFile, 'utf8')).slice(-OUTPUT_KEPT);
      throw new Error(`${command} did not start on port ${port}:\n${last.trim()}`);
    }
    await sleep(CONNECT_EVERY_MS);
  }
  return {
    async stop() {
      const killer = setTimeout(() => signalGroup(shell, 'SIGKILL'), STOP_TIMEOUT_MS);
      shell.stdin?.end();
      await ended;
      clearTimeout(killer);
    },
    async kill() {
      signalGroup(shell, 'SIGKILL');
      await ended;
    },
  };
}

const hasEnded = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null;

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined || hasEnded(child)) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // The process has just ended.
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
