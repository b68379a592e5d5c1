import { Redis } from 'ioredis';
import { type Clock, systemClock } from '../../base/clock.ts';

/** Pause after a command that timed out, ms. So a hung Redis costs an environment one timeout in 10 s. */
export const redisRestMs = 10_000;

export interface RedisOptions {
  /** Longest wait for a reply, and for a connection, ms. */
  readonly commandTimeoutMs: number;
}

/**
 * Creates a client that connects on first use, fails commands that it can't send at once, and reconnects in the background.
 * Commands in progress when a connection breaks fail at once: a repeated command could act twice, and every caller has a faster
 * fallback. `url` is `redis://` or, with TLS, `rediss://`.
 */
export function createRedis(url: string, { commandTimeoutMs }: RedisOptions): Redis {
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: commandTimeoutMs,
    // A lost peer never confirms that a connection is closed, so don't wait longer for it.
    disconnectTimeout: commandTimeoutMs,
    commandTimeout: commandTimeoutMs,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt) => Math.min(25 * 2 ** attempt, 1_000),
    // After a failover the old primary answers READONLY. A new connection reaches the new primary under the same name.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  });
  // ioredis also reports lost connections to each caller. Without a listener, the event would end the process.
  redis.on('error', () => {});
  return redis;
}

export type RedisResult<T> =
  | { readonly ok: true; readonly value: T }
  | {
      readonly ok: false;
      /** `down`: not connected. `hung`: no reply in time, or within the pause after that. `error`: Redis refused the command. */
      readonly reason: 'down' | 'hung' | 'error';
      readonly error?: Error;
    };

/** Decides whether Redis can be used now. There is one gate per client, and all users of the client share it. */
export interface RedisGate {
  readonly client: Redis;
  /** Runs commands if Redis is usable; otherwise returns `ok: false` at once. Never rejects. */
  run<T>(commands: (redis: Redis) => Promise<T>): Promise<RedisResult<T>>;
}

export function createRedisGate(client: Redis, clock: Clock = systemClock): RedisGate {
  let restsUntil = 0;
  let connecting: Promise<void> | undefined;
  /** Resolves when the abandoned connection has ended. */
  let ending: Promise<unknown> | undefined;

  /** Connects in the cases in which ioredis does not: on first use, and after a command that timed out. */
  async function connect(): Promise<void> {
    await ending;
    ending = undefined;
    if (client.status === 'wait' || client.status === 'end') return client.connect().catch(() => {});
    if (client.status !== 'ready') await readyInTime();
  }

  /** Waits for a connection that ioredis makes in the background, at most for one command timeout. */
  function readyInTime(): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        client.off('ready', done);
        resolve();
      };
      const timer = setTimeout(done, client.options.commandTimeout);
      client.once('ready', done);
    });
  }

  return {
    client,
    async run(commands) {
      if (clock.now() < restsUntil) return { ok: false, reason: 'hung' };
      // One caller tests whether a hung Redis is back. The others don't wait for it.
      const probing = restsUntil > 0;
      if (probing) restsUntil = clock.now() + redisRestMs;
      // Callers wait only for these connections. Lost connections are restored in the background; until then Redis is down.
      if (probing || client.status === 'wait') {
        connecting ??= connect().finally(() => {
          connecting = undefined;
        });
      }
      await connecting;
      if (client.status !== 'ready') return { ok: false, reason: probing ? 'hung' : 'down' };

      try {
        const value = await commands(client);
        restsUntil = 0;
        return { ok: true, value };
      } catch (cause) {
        const error = cause instanceof Error ? cause : new Error(String(cause));
        if (error.message === 'Command timed out') {
          restsUntil = clock.now() + redisRestMs;
          // If a peer disappears without closing the connection (host lost, network cut), the kernel keeps the connection for a
          // quarter of an hour. A new connection reaches the server that has the name now.
          ending ??= new Promise((ended) => client.once('end', ended));
          client.disconnect();
          return { ok: false, reason: 'hung', error };
        }
        if (probing) restsUntil = 0;
        return { ok: false, reason: error.name === 'ReplyError' ? 'error' : 'down', error };
      }
    },
  };
}
