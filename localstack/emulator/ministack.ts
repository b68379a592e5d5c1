import { mkdir, rm, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { installPythonPackage, NotInstallable } from '../python-package.ts';
import { makeScratch } from '../scratch.ts';
import { startChildServer } from '../servers/child-server.ts';
import { freePort } from '../servers/free-port.ts';

/** MiniStack (PyPI, MIT): AWS on this machine, without an account and without Docker. */

const VERSION = '1.5.33';
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
  const commands = await installPythonPackage('ministack', VERSION, progress).catch((error) => {
    throw error instanceof NotInstallable ? new NoEmulator(error.message) : error;
  });
  progress(`starting MiniStack ${VERSION}`);
  // Functions are unpacked here; killed ones leave it to the next start.
  const tmp = await makeScratch('ministack');
  // What runs them is CommonJS, which the project isn't.
  await writeFile(join(tmp, 'package.json'), '{"type":"commonjs"}');
  const port = await freePort();
  await mkdir(dirname(logFile), { recursive: true });
  const server = await startChildServer(join(commands, 'ministack'), [], port, {
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
