import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** The packages the service is compared with: installed apart (`npm ci --prefix bench`), so nothing may need them. */

const BENCH = join(import.meta.dirname, '..');

export const peersInstalled = (): boolean => existsSync(join(BENCH, 'node_modules/rate-limiter-flexible'));

/** Loads a peer. What is used of it is declared by the caller, since its own types may not be installed. */
export const peer = async <T>(name: string): Promise<T> => {
  const module = await import(createRequire(join(BENCH, 'package.json')).resolve(name));
  // A CommonJS package is what it exports.
  return 'module.exports' in module ? module['module.exports'] : module;
};

export const peerVersion = (name: string): string =>
  createRequire(join(BENCH, 'package.json'))(`./node_modules/${name}/package.json`).version;
