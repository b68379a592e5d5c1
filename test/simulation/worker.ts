import { simulate, Violation } from './world.ts';

/** A process that runs the received seeds one after another, and sends the outcome of each. */

export interface Order {
  readonly seed: number;
  readonly hours: number;
}
export interface Outcome {
  readonly seed: number;
  readonly ms: number;
  readonly requests: number;
  /** The broken invariant; absent if all held. */
  readonly broken?: string;
}

process.on('message', async ({ seed, hours }: Order) => {
  const startedAt = performance.now();
  const ms = () => Math.round(performance.now() - startedAt);
  try {
    const { requests } = await simulate({ seed, hours });
    process.send?.({ seed, ms: ms(), requests } satisfies Outcome);
  } catch (error) {
    const broken = error instanceof Violation ? error.message : ((error as Error).stack ?? String(error));
    process.send?.({ seed, ms: ms(), requests: 0, broken } satisfies Outcome);
  }
});
process.send?.('ready');
