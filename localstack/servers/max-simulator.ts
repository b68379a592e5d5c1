import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { startChildServer } from './child-server.ts';
import { freePort } from './free-port.ts';

/** The options of the simulated MAX that the local stack can set. `npm run max-simulator -- --help` explains them. */
export interface SimulatedMaxOptions {
  readonly chats?: number;
  readonly seed?: number;
  /** Speed at which counts change; 0 freezes them. */
  readonly drift?: number;
  readonly rps?: number;
  readonly latencyMs?: number;
}

/** The options that determine the chats of a simulated MAX and their counts. */
export type SimulatedWorld = Required<Pick<SimulatedMaxOptions, 'chats' | 'seed' | 'drift'>>;

export interface SimulatedMax {
  readonly url: string;
  readonly controlUrl: string;
  readonly token: string;
  readonly world: SimulatedWorld;
  /** Sends webhooks to this address, with the path of the subscription, instead of the subscribed host. */
  deliverVia(url: string): Promise<void>;
  stop(): Promise<void>;
}

const CLI = fileURLToPath(new URL('../max/cli.ts', import.meta.url));

/**
 * Starts the simulated MAX in its own process. It counts arrivals to the millisecond, so a busy runner must not delay it.
 */
export async function startSimulatedMax(options: SimulatedMaxOptions = {}): Promise<SimulatedMax> {
  const { chats = 1_000, seed = 1, drift = 1, rps = 30, latencyMs = 40 } = options;
  const [port, controlPort] = [await freePort(), await freePort()];
  const token = randomUUID();
  const flags = { port, 'control-port': controlPort, token, chats, seed, drift, rps, 'latency-ms': latencyMs };
  const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const server = await startChildServer(process.execPath, ['--max-semi-space-size=2', CLI, ...args], port);
  const controlUrl = `http://127.0.0.1:${controlPort}`;
  return {
    url: `http://127.0.0.1:${port}`,
    controlUrl,
    token,
    world: { chats, seed, drift },
    async deliverVia(url) {
      const headers = { 'content-type': 'application/json' };
      const body = JSON.stringify({ via: url });
      const signal = AbortSignal.timeout(5_000);
      const answer = await fetch(new URL('/webhooks', controlUrl), { method: 'PATCH', headers, body, signal });
      if (!answer.ok) throw new Error(`the simulated MAX refused: ${await answer.text()}`);
    },
    stop: server.stop,
  };
}
