import { join } from 'node:path';

/** `npm start` keeps its data here between starts. The path does not depend on the current directory. */
export const ROOT_DIR = join(import.meta.dirname, '..');
export const DATA_DIR = join(ROOT_DIR, '.local');
