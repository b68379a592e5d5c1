import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** The packages that the service is compared with. They are installed separately (`npm ci --prefix bench`) and may be missing. */

const BENCH = join(import.meta.dirname, '..');

export const peersInstalled = (): boolean => existsSync(join(BENCH, 'node_modules/rate-limiter-flexible'));

/** Loads a peer. The caller declares the types that it uses, because the peer's own types may not be installed. */
export const peer = async <T>(name: string): Promise<T> => {
  const module = await import(createRequire(join(BENCH, 'package.json')).resolve(name));
  // For a CommonJS package, returns its exports.
  return 'module.exports' in module ? module['module.exports'] : module;
};

export const peerVersion = (name: string): string =>
  createRequire(join(BENCH, 'package.json'))(`./node_modules/${name}/package.json`).version;
