import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Tokens } from '../../localstack/identity.ts';
import type { SimulatedMaxOptions } from '../../localstack/servers/max-simulator.ts';

/** Runs the whole local stack in processes of its own, which can be measured and killed. Linux only. */

export interface StackProcessOptions {
  readonly dataDir: string;
  readonly simulator: SimulatedMaxOptions;
  readonly env?: Readonly<Record<string, string>>;
  /** When messages of a killed function come again; by default as declared. */
  readonly visibilityTimeoutS?: number;
}

interface Ready {
  readonly url: string;
  readonly tokens: Tokens;
  readonly redisUrl: string;
  readonly maxControl: string;
}

export type FromStack =
  | { readonly kind: 'progress'; readonly progress: string }
  | { readonly kind: 'ran'; readonly functionKey: string; readonly outcome: string }
  | ({ readonly kind: 'ready' } & Ready);

export interface StackProcess {
  /** Resolves when the stack is ready. */
  readonly ready: Promise<Ready>;
  /** Resolves when the stack says that it begins this step of its start. */
  reaches(step: RegExp): Promise<void>;
  /** Runs a schedule now. @returns its outcome: `value` if it succeeded. */
  runSchedule(functionKey: string): Promise<string>;
  /** The resident memory (bytes) and the open descriptors of all its processes together. */
  usage(): { readonly rssBytes: number; readonly descriptors: number; readonly processes: number };
  /** Stops the processes of this program for some time, as if their host hung. */
  hang(program: string, ms: number): Promise<void>;
  /** Kills all its processes with SIGKILL, like a power failure. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

export function startStackProcess(options: StackProcessOptions): StackProcess {
  const child = fork(join(import.meta.dirname, 'own-stack.ts'), [JSON.stringify(options)], {
    detached: true,
    // As `npm start` does.
    execArgv: ['--max-semi-space-size=2', '--max-old-space-size=512'],
    env: { ...process.env, MALLOC_ARENA_MAX: '1' },
  });
  const ended = once(child, 'exit');
  const message = <K extends FromStack['kind']>(kind: K, fits: (message: Extract<FromStack, { kind: K }>) => boolean) =>
    new Promise<Extract<FromStack, { kind: K }>>((resolve, reject) => {
      const listen = (given: FromStack) => {
        if (given.kind !== kind || !fits(given as Extract<FromStack, { kind: K }>)) return;
        child.off('message', listen);
        resolve(given as Extract<FromStack, { kind: K }>);
      };
      child.on('message', listen);
      child.once('exit', () => reject(new Error(`the stack ended before it sent "${kind}"`)));
    });
  const ready = message('ready', () => true);
  // A caller that kills the stack during its start does not wait for it.
  ready.catch(() => {});
  return {
    ready,
    async reaches(step) {
      await message('progress', ({ progress }) => step.test(progress));
    },
    async runSchedule(functionKey) {
      const ran = message('ran', (given) => given.functionKey === functionKey);
      child.send(functionKey);
      return (await ran).outcome;
    },
    usage() {
      const pids = treeOf(child);
      const rssBytes = pids.reduce((sum, pid) => sum + residentBytes(pid), 0);
      const descriptors = pids.reduce((sum, pid) => sum + countOf(`/proc/${pid}/fd`), 0);
      return { rssBytes, descriptors, processes: pids.length };
    },
    async hang(program, ms) {
      const pids = treeOf(child).filter((pid) => readProc(`${pid}/comm`).trim() === program);
      if (pids.length === 0) throw new Error(`the stack runs no ${program}`);
      for (const pid of pids) process.kill(pid, 'SIGSTOP');
      await sleep(ms);
      for (const pid of pids) process.kill(pid, 'SIGCONT');
    },
    async kill() {
      for (const pid of treeOf(child)) tryKill(pid);
      await ended;
    },
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** Returns the ids of the process and of all processes that it has started, directly or not. */
function treeOf({ pid }: ChildProcess): number[] {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => [Number(name), parentOf(name)] as const);
  const tree = pid === undefined ? [] : [pid];
  // The loop also visits ids that are added meanwhile.
  for (const parent of tree) tree.push(...parents.flatMap(([id, itsParent]) => (itsParent === parent ? id : [])));
  return tree;
}

const readProc = (path: string): string => {
  try {
    return readFileSync(`/proc/${path}`, 'utf8');
  } catch {
    // The process has just ended.
    return '';
  }
};
const parentOf = (pid: string) => Number(/^PPid:\s+(\d+)/m.exec(readProc(`${pid}/status`))?.[1]);
const residentBytes = (pid: number) => 1_024 * Number(/^VmRSS:\s+(\d+) kB/m.exec(readProc(`${pid}/status`))?.[1] ?? 0);

function countOf(folder: string): number {
  try {
    return readdirSync(folder).length;
  } catch {
    return 0;
  }
}

function tryKill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // The process has just ended.
  }
}
