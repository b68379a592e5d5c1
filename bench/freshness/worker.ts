import { parentPort, workerData } from 'node:worker_threads';
import { seeded } from './random.ts';
import { type Scenario, type Simulated, simulate } from './simulate.ts';
import { createWorld } from './world.ts';

/** Runs one scenario of the benchmark in its own thread. */
export interface Job {
  readonly chats: number;
  /** The exponent of Zipf's law for views. */
  readonly exponent: number;
  readonly spread: number;
  readonly budgetPerHour: number;
  readonly rates: Scenario['rates'];
  readonly trusted: number;
  readonly newcomers: number;
  readonly warmDays: number;
}

export type Outcome = Omit<Simulated, 'sample'> & { readonly seconds: number };

if (parentPort) {
  const { chats, exponent, spread, ...job } = workerData as Job;
  const began = performance.now();
  const { sample: _, ...simulated } = simulate({
    ...{ ...job, world: createWorld(chats, exponent, seeded(1), spread) },
    ...{ days: 1, random: seeded(7) },
  });
  parentPort.postMessage({ ...simulated, seconds: (performance.now() - began) / 1_000 } satisfies Outcome);
}
