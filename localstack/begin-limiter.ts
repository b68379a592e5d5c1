import { createRedis, createRedisGate } from '../lib/adapters/redis/client.ts';
import { BOT } from '../lib/max-api/permits.ts';
import { readConfig } from '../lib/runtime/config.ts';
import './lua-as-text.ts';

/**
 * Lets the rate limiter of a stack that starts grant permits at once. After a loss of its state it grants none for 11 s, because
 * somebody may still be pacing itself; a stack that starts has nobody.
 */
export async function beginLimiter(redisUrl: string, env: NodeJS.ProcessEnv): Promise<void> {
  const { beginWithoutWarmup } = await import('../lib/adapters/redis/permits.ts');
  const client = createRedis(redisUrl, { commandTimeoutMs: 2_000 });
  const { quota } = readConfig(env, ['quota']);
  await beginWithoutWarmup(createRedisGate(client), { bot: BOT, rps: quota.MAX_API_RPS });
  client.disconnect();
}
