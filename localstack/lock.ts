import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** The name of the lock file in the data directory. */
export const LOCK_FILE = 'lock.sqlite';

/** The locks that this process holds until it ends. */
const held: DatabaseSync[] = [];

/**
 * Locks `dataDir` for this process. The kernel releases the file lock when the process ends, even after a crash.
 * @returns false if another process holds the lock.
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
