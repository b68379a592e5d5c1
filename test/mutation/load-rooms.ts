import { globSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Loads all mutated modules before the first test. Otherwise the first test that imports a module would count as a test of its
 * import, and mutants of values that are computed at import would count as survived instead of not tested.
 */
const ROOMS = join(import.meta.dirname, '../../lib');
const NOT_MUTATED = ['adapters/**', 'runtime/**'];

for (const file of globSync('*/**/*.ts', { cwd: ROOMS, exclude: NOT_MUTATED })) await import(join(ROOMS, file));
