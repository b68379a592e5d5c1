import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startLocalStack } from '../../localstack/stack.ts';

/** What the end-to-end tests run against. */

export interface Target {
  readonly name: string;
  readonly url: string;
  readonly tokens: { readonly superadmin: string; readonly curator: string; readonly operator: string };
  /** The control address of the simulated MAX. */
  readonly maxControl: string;
  /** Runs the function of a schedule now. */
  runSchedule(functionKey: string): Promise<void>;
  /** Takes Redis away and gives it back; absent where that can't be done. */
  readonly redis?: { kill(): Promise<void>; start(): Promise<void> };
  stop(): Promise<void>;
}

/** The service on this machine, as `npm start` runs it, with data of its own. */
export async function startLocalTarget(
  chats: number,
  env: NodeJS.ProcessEnv = {},
  { drift = 0 }: { readonly drift?: number } = {},
): Promise<Target> {
  const dataDir = await mkdtemp(join(tmpdir(), 'chat-participants-e2e-'));
  const stack = await startLocalStack({
    dataDir,
    port: 0,
    env: { ...process.env, MAX_API_URL: '', REDIS_URL: '', AWS_ENDPOINT_URL: '', ...env },
    simulator: { chats, drift, seed: 7 },
  });
  const { simulator } = stack;
  if (!simulator) throw new Error('the local stack started without the simulated MAX');
  return {
    name: `the local stack (${stack.redis.kind})`,
    url: stack.url,
    tokens: stack.tokens,
    maxControl: simulator.controlUrl,
    async runSchedule(functionKey) {
      const invocation = await stack.runSchedule(functionKey);
      if (invocation.outcome !== 'value') throw new Error(`${functionKey}: ${JSON.stringify(invocation)}`);
    },
    redis: stack.redis,
    async stop() {
      await stack.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
