import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DATA_DIR } from './data-dir.ts';

/** Installs tools from PyPI, each into its own virtual environment in `.local/`. */

const TIMEOUT_MS = 180_000;
const PIP = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--retries', '1', '--timeout', '15'];
const run = promisify(execFile);

/** The package can't be installed here; the message says why. */
export class NotInstallable extends Error {
  override readonly name = 'NotInstallable';
}

/**
 * Installs a package unless this version is already installed.
 * @returns the folder of its commands.
 * @throws {NotInstallable} without Python, pip, or a package index.
 */
export async function installPythonPackage(
  name: string,
  version: string,
  progress: (text: string) => void,
): Promise<string> {
  const venv = join(DATA_DIR, name);
  const commands = join(venv, 'bin');
  const marker = join(venv, `installed-${version}`);
  if (existsSync(marker)) return commands;
  progress(`first use: installing ${name} ${version} into .local/${name}/`);
  try {
    await run('python3', ['-m', 'venv', '--clear', venv], { timeout: TIMEOUT_MS });
    await run(join(commands, 'python'), [...PIP, `${name}==${version}`], { timeout: TIMEOUT_MS });
  } catch (error) {
    const { code, stderr } = error as { code?: unknown; stderr?: string };
    const reason = code === 'ENOENT' ? 'there is no python3' : stderr?.trim().split('\n').at(-1) || String(error);
    throw new NotInstallable(`${name} ${version} could not be installed: ${reason}`);
  }
  await writeFile(marker, '');
  return commands;
}
