import { parentPort, workerData } from 'node:worker_threads';
import { seeded } from './random.ts';
import { type Scenario, type Simulated, simulate } from './simulate.ts';
import { createWorld, type Kind, USUAL } from './world.ts';

/** Runs one scenario of the benchmark in its own thread. */
export interface Job extends Omit<Scenario, 'world' | 'random'> {
  readonly chats: number;
  /** The exponent of Zipf's law for views. */
  readonly exponent: number;
  /** Properties of the world that differ from the usual ones. */
  readonly kind?: Partial<Kind>;
}

export type Outcome = Omit<Simulated, 'sample'> & { readonly seconds: number };

if (parentPort) {
  const { chats, exponent, kind, ...job } = workerData as Job;
  const began = performance.now();
  const { sample: _, ...simulated } = simulate({
    ...job,
    world: createWorld(chats, exponent, seeded(1), { ...USUAL, ...kind }),
    random: seeded(7),
  });
  parentPort.postMessage({ ...simulated, seconds: (performance.now() - began) / 1_000 } satisfies Outcome);
}
