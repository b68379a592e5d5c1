import { mkdir, rm, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { installPythonPackage, NotInstallable } from '../python-package.ts';
import { makeScratch } from '../scratch.ts';
import { startChildServer } from '../servers/child-server.ts';
import { freePort } from '../servers/free-port.ts';

/** MiniStack (PyPI, MIT licence): an emulator of AWS that needs neither an account nor Docker. */

const VERSION = '1.5.33';
/** Long, because Python compiles MiniStack's modules at the first start. */
const START_TIMEOUT_MS = 60_000;

/** No emulator can be started on this machine; the message says why. */
export class NoEmulator extends Error {
  override readonly name = 'NoEmulator';
}

export interface Emulator {
  readonly endpoint: string;
  /** Name and version, to show to people: `MiniStack 1.5.33`. */
  readonly kind: string;
  stop(): Promise<void>;
}

/**
 * Installs MiniStack into `.local/ministack/` if necessary (10 s), and starts it empty on a free loopback port. It checks
 * signatures and the permissions of every function's role, and runs functions with the same Node as this process.
 * @param logFile receives its log and the output of the functions.
 * @throws {NoEmulator} without Python, pip, or a package index.
 */
export async function startMiniStack(
  region: string,
  logFile: string,
  progress: (text: string) => void,
): Promise<Emulator> {
  const commands = await installPythonPackage('ministack', VERSION, progress).catch((error) => {
    throw error instanceof NotInstallable ? new NoEmulator(error.message) : error;
  });
  progress(`starting MiniStack ${VERSION}`);
  // MiniStack unpacks functions here. After a crash, the next start removes the folder.
  const tmp = await makeScratch('ministack');
  // MiniStack runs functions with a CommonJS script. Without this file, Node would find the project's package.json ("module").
  await writeFile(join(tmp, 'package.json'), '{"type":"commonjs"}');
  const port = await freePort();
  await mkdir(dirname(logFile), { recursive: true });
  const server = await startChildServer(join(commands, 'ministack'), [], port, {
    logFile,
    startTimeoutMs: START_TIMEOUT_MS,
    // Only these variables, because functions inherit them.
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
