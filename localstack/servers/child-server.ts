import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * A server in a child process that cannot outlive this one. A shell stands between the two and waits for the end of its
 * standard input, a pipe which the kernel closes when this process ends, also by SIGKILL; then it stops the server.
 * `detached` gives it a process group of its own, so that Ctrl-C reaches the runner alone, and so that processes a server
 * leaves behind end with it.
 */
const SUPERVISOR =
  '"$@" </dev/null & server=$!; { cat <&3 >/dev/null; kill $server; } 2>/dev/null & wait $server; trap "" TERM; kill 0';

const START_TIMEOUT_MS = 10_000;
const STOP_TIMEOUT_MS = 5_000;
const CONNECT_EVERY_MS = 10;
const OUTPUT_KEPT = 2_000;

export interface ChildServer {
  /** Asks the server to end and waits until it has; after 5 s it is killed. */
  stop(): Promise<void>;
  /** Ends the server at once, as a crash would. */
  kill(): Promise<void>;
}

export interface ChildServerOptions {
  /** Its environment; this process's own without. */
  readonly env?: NodeJS.ProcessEnv;
  /** Where its output goes. Without, its last words are kept for the error when it doesn't start. */
  readonly logFile?: string;
  /** How long it may take until it accepts connections. */
  readonly startTimeoutMs?: number;
}

/**
 * Starts `command` and resolves once it accepts connections at 127.0.0.1:`port`.
 * @throws {Error} with the last output of the server when it ended or stayed silent for 10 s.
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
    // It ended in between.
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
