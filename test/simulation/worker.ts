import { compareScripts } from './compare-scripts.ts';
import type { ScriptEngine } from './redis-model.ts';
import { simulate, Violation } from './world.ts';

/** A process that runs the received orders one after another, and sends the outcome of each. */

/** `calls`: compares the scripts with their model instead of a simulation. */
export type Order =
  | { readonly seed: number; readonly hours: number; readonly scripts?: ScriptEngine }
  | { readonly seed: number; readonly calls: number };

export interface Outcome {
  readonly seed: number;
  readonly ms: number;
  readonly requests: number;
  /** The broken invariant; absent if all held. */
  readonly broken?: string;
}

process.on('message', async (order: Order) => {
  const { seed } = order;
  const startedAt = performance.now();
  const ms = () => Math.round(performance.now() - startedAt);
  try {
    let requests = 0;
    if ('calls' in order) compareScripts(seed, order.calls);
    else ({ requests } = await simulate(order));
    process.send?.({ seed, ms: ms(), requests } satisfies Outcome);
  } catch (error) {
    const broken = error instanceof Violation ? error.message : ((error as Error).stack ?? String(error));
    process.send?.({ seed, ms: ms(), requests: 0, broken } satisfies Outcome);
  }
});
process.send?.('ready');
