import type { Clock } from '../../base/clock.ts';
import { type RedisGate, redisRestMs } from './client.ts';

/**
 * Wraps the gate of a Redis that needs an auth token. The token is fetched before the first command. A rotated token is used from
 * the next connection on, because ioredis reads its options at each connection. If no token can be fetched, Redis counts as down,
 * and the next attempt follows only after a pause, so that not every request waits for it.
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
