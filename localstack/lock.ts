import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** The name of the lock's file in the data directory. */
export const LOCK_FILE = 'lock.sqlite';

/** Held until the process ends. */
const held: DatabaseSync[] = [];

/**
 * Makes this process the only one that uses `dataDir`, by a file lock, which the kernel gives up when the process ends,
 * however it ends.
 * @returns whether it is; false while another process has it.
 */
export function lockDataDir(dataDir: string): boolean {
  mkdirSync(dataDir, { recursive: true });
  const database = new DatabaseSync(join(dataDir, LOCK_FILE), { timeout: 0 });
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if ((error as Error).message.includes('locked')) return false;
    throw error;
  }
  held.push(database);
  return true;
}
