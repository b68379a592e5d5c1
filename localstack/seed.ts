import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { SeedWorkerData } from './seed-worker.ts';
import type { SimulatedWorld } from './servers/max-simulator.ts';

/** The stack keeps its own young generation small to save memory. An import is faster with a large one. */
const YOUNG_GENERATION_MB = 24;

/**
 * Adds the simulator's chats to the tables, by the same import as `npm run import`, in a thread of its own, whose memory is free
 * afterwards. It can be repeated.
 * @param env the tables and endpoints of the running stack.
 * @returns the number of written chats.
 */
export async function seedChats(world: SimulatedWorld, env: NodeJS.ProcessEnv): Promise<number> {
  const worker = new Worker(new URL('./seed-worker.ts', import.meta.url), {
    workerData: { world, env: { ...env } } satisfies SeedWorkerData,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
  });
  // Rejects with the error of the thread.
  const [written] = await once(worker, 'message');
  return written;
}
