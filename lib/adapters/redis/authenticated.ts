import type { Clock } from '../../base/clock.ts';
import { type RedisGate, redisRestMs } from './client.ts';

/**
 * A gate to a Redis with an auth token. The token is had before the first command; a rotated one serves the next
 * connection, since ioredis reads its options whenever it connects. Without a token Redis is down, and asking for one
 * rests between attempts: it must not cost every request a wait.
 */
export function authenticated(gate: RedisGate, token: () => Promise<string>, clock: Clock): RedisGate {
  let restsUntil = 0;
  return {
    client: gate.client,
    async run(commands) {
      if (clock.now() < restsUntil) return { ok: false, reason: 'down' };
      try {
        gate.client.options.password = await token();
      } catch (cause) {
        restsUntil = clock.now() + redisRestMs;
        return { ok: false, reason: 'down', error: cause instanceof Error ? cause : new Error(String(cause)) };
      }
      return gate.run(commands);
    },
  };
}
