import { createRedis, createRedisGate } from '../lib/adapters/redis/client.ts';
import { BOT } from '../lib/max-api/permits.ts';
import { readConfig } from '../lib/runtime/config.ts';
import './lua-as-text.ts';

/**
 * Initialises the rate limiter of a new stack without a warm-up. After a loss of its state the limiter grants no permits for 11 s,
 * because other environments may still pace themselves. A new stack has no such environments.
 */
export async function beginLimiter(redisUrl: string, env: NodeJS.ProcessEnv): Promise<void> {
  const { beginWithoutWarmup } = await import('../lib/adapters/redis/permits.ts');
  const client = createRedis(redisUrl, { commandTimeoutMs: 2_000 });
  const { quota } = readConfig(env, ['quota']);
  await beginWithoutWarmup(createRedisGate(client), { bot: BOT, rps: quota.MAX_API_RPS });
  client.disconnect();
}
