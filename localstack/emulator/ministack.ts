import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { DATA_DIR } from '../data-dir.ts';
import { makeScratch } from '../scratch.ts';
import { startChildServer } from '../servers/child-server.ts';
import { freePort } from '../servers/free-port.ts';

/** MiniStack (PyPI, MIT): AWS on this machine, without an account and without Docker. */

const VERSION = '1.5.33';
const VENV = join(DATA_DIR, 'ministack');
const INSTALL_TIMEOUT_MS = 180_000;
/** Python compiles its modules at the first start. */
const START_TIMEOUT_MS = 60_000;

/** There is no emulator to be had here; the message says why. */
export class NoEmulator extends Error {
  override readonly name = 'NoEmulator';
}

export interface Emulator {
  readonly endpoint: string;
  /** For people: `MiniStack 1.5.33`. */
  readonly kind: string;
  stop(): Promise<void>;
}

const run = promisify(execFile);

/**
 * Installs MiniStack into `.local/ministack/` where it isn't (10 s), and starts it on a free loopback port, with nothing in it.
 * It checks signatures and the rights of every function's role, and runs functions with the Node that runs this.
 * @param logFile takes its log, with everything the functions write.
 * @throws {NoEmulator} without Python, pip, or a package index.
 */
export async function startMiniStack(
  region: string,
  logFile: string,
  progress: (text: string) => void,
): Promise<Emulator> {
  await install(progress);
  progress(`starting MiniStack ${VERSION}`);
  // Functions are unpacked here; killed ones leave it to the next start.
  const tmp = await makeScratch('ministack');
  // What runs them is CommonJS, which the project isn't.
  await writeFile(join(tmp, 'package.json'), '{"type":"commonjs"}');
  const port = await freePort();
  await mkdir(dirname(logFile), { recursive: true });
  const server = await startChildServer(join(VENV, 'bin/ministack'), [], port, {
    logFile,
    startTimeoutMs: START_TIMEOUT_MS,
    // Nothing else: functions inherit it.
    env: {
      PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
      HOME: tmp,
      TMPDIR: tmp,
      BIND_HOST: '127.0.0.1',
      GATEWAY_PORT: String(port),
      MINISTACK_REGION: region,
      AUTH: 'true',
    },
  }).catch((error: Error) => {
    throw new NoEmulator(error.message);
  });
  return {
    endpoint: `http://127.0.0.1:${port}`,
    kind: `MiniStack ${VERSION}`,
    async stop() {
      await server.stop();
      await rm(tmp, { recursive: true, force: true });
    },
  };
}

async function install(progress: (text: string) => void): Promise<void> {
  const marker = join(VENV, `installed-${VERSION}`);
  if (existsSync(marker)) return;
  progress(`first use: installing MiniStack ${VERSION} into .local/ministack/`);
  const options = { timeout: INSTALL_TIMEOUT_MS };
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--retries', '1', '--timeout', '15'];
  try {
    await run('python3', ['-m', 'venv', '--clear', VENV], options);
    await run(join(VENV, 'bin/python'), [...pip, `ministack==${VERSION}`], options);
  } catch (error) {
    const { code, stderr } = error as { code?: unknown; stderr?: string };
    const reason = code === 'ENOENT' ? 'there is no python3' : stderr?.trim().split('\n').at(-1) || String(error);
    throw new NoEmulator(`MiniStack ${VERSION} could not be installed: ${reason}`);
  }
  await writeFile(marker, '');
}
