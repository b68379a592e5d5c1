import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DATA_DIR } from './data-dir.ts';

const SCRATCH_DIR = join(DATA_DIR, 'tmp');

/**
 * Creates a temporary folder for this process in `.local/tmp/`. The caller removes it. Folders of processes that no longer run are
 * removed first; the name of a folder contains the id of its process.
 */
export async function makeScratch(name: string): Promise<string> {
  await mkdir(SCRATCH_DIR, { recursive: true });
  for (const entry of await readdir(SCRATCH_DIR)) {
    const pid = /-(\d+)-\w+$/.exec(entry)?.[1];
    if (pid && !isRunning(Number(pid))) await rm(join(SCRATCH_DIR, entry), { recursive: true, force: true });
  }
  return mkdtemp(join(SCRATCH_DIR, `${name}-${process.pid}-`));
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
