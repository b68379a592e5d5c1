import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** The name of the lock's file in the data directory. */
export const LOCK_FILE = 'lock.sqlite';

/**
 * Makes this process the only one that uses `dataDir`, by a file lock, which the kernel gives up when the process ends,
 * however it ends.
 * @returns what gives it up; `undefined` while another process has it.
 */
export function lockDataDir(dataDir: string): (() => void) | undefined {
  mkdirSync(dataDir, { recursive: true });
  const database = new DatabaseSync(join(dataDir, LOCK_FILE), { timeout: 0 });
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if ((error as Error).message.includes('locked')) return undefined;
    throw error;
  }
  return () => database.close();
}
