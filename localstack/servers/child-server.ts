import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * A server in a child process that cannot outlive this one. A shell stands between the two and waits for the end of its
 * standard input, a pipe which the kernel closes when this process ends, also by SIGKILL; then it stops the server.
 * `detached` gives it a process group of its own, so that Ctrl-C reaches the runner alone.
 */
const SUPERVISOR = '"$@" </dev/null & server=$!; { cat <&3 >/dev/null; kill $server; } 2>/dev/null & wait $server';

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

/**
 * Starts `command` and resolves once it accepts connections at 127.0.0.1:`port`.
 * @throws {Error} with the last output of the server when it ended or stayed silent for 10 s.
 */
export async function startChildServer(command: string, args: readonly string[], port: number): Promise<ChildServer> {
  const shell = spawn('/bin/sh', ['-c', `exec 3<&0; ${SUPERVISOR}`, 'sh', command, ...args], {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [shell.stdout, shell.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-OUTPUT_KEPT);
    });
  }
  const ended = once(shell, 'exit');
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!(await accepts(port))) {
    if (hasEnded(shell) || Date.now() > deadline) {
      signalGroup(shell, 'SIGKILL');
      throw new Error(`${command} did not start on port ${port}:\n${output.trim()}`);
    }
    await sleep(CONNECT_EVERY_MS);
  }
  return {
    async stop() {
      const killer = setTimeout(() => signalGroup(shell, 'SIGKILL'), STOP_TIMEOUT_MS);
      shell.stdin.end();
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
