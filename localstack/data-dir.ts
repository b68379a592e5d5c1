import { join } from 'node:path';

/** Where `npm start` keeps its data between starts, whatever directory it is run from. */
export const ROOT_DIR = join(import.meta.dirname, '..');
export const DATA_DIR = join(ROOT_DIR, '.local');
