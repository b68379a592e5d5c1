import { Redis } from 'ioredis';
import { type Clock, systemClock } from '../../base/clock.ts';

/** After a command that timed out, Redis is left alone for this long, ms: a hung Redis costs an environment one wait in 10 s. */
export const redisRestMs = 10_000;

export interface RedisOptions {
  /** Longest wait for a reply, and for a connection, ms. */
  readonly commandTimeoutMs: number;
}

/**
 * A client that connects on first use, never queues what can't be sent, and keeps reconnecting in the background.
 * Commands under way when a connection breaks fail at once: sent again they could act twice, and their caller has a
 * fallback that is faster. `redis://` or, with TLS, `rediss://`.
 */
export function createRedis(url: string, { commandTimeoutMs }: RedisOptions): Redis {
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: commandTimeoutMs,
    // A peer that is gone confirms no end of a connection: it is not waited for.
    disconnectTimeout: commandTimeoutMs,
    commandTimeout: commandTimeoutMs,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt) => Math.min(25 * 2 ** attempt, 1_000),
    // A primary that became a replica answers READONLY: its name now leads elsewhere.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  });
  // ioredis reports lost connections here as well as to each caller; unheard, the event would end the process.
  redis.on('error', () => {});
  return redis;
}

export type RedisResult<T> =
  | { readonly ok: true; readonly value: T }
  | {
      readonly ok: false;
      /** `down`: not connected. `hung`: no reply in time, or being left alone after that. `error`: Redis refused the command. */
      readonly reason: 'down' | 'hung' | 'error';
      readonly error?: Error;
    };

/** Where it is decided whether Redis can be used now. One per client, shared by all that use it. */
export interface RedisGate {
  readonly client: Redis;
  /** Runs commands if Redis is usable, otherwise says at once that it isn't. Never rejects. */
  run<T>(commands: (redis: Redis) => Promise<T>): Promise<RedisResult<T>>;
}

export function createRedisGate(client: Redis, clock: Clock = systemClock): RedisGate {
  let restsUntil = 0;
  let connecting: Promise<void> | undefined;
  /** The end of a connection that was given up. */
  let ending: Promise<unknown> | undefined;

  /** Connects where nothing does so by itself: at first, and after a command that timed out. */
  async function connect(): Promise<void> {
    await ending;
    ending = undefined;
    if (client.status === 'wait' || client.status === 'end') return client.connect().catch(() => {});
    if (client.status !== 'ready') await readyInTime();
  }

  /** Waits for a connection that is being made in the background, as long as for a command. */
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
      // One caller finds out whether a hung Redis is back; the others don't wait for it.
      const probing = restsUntil > 0;
      if (probing) restsUntil = clock.now() + redisRestMs;
      // Only these connections are waited for. Lost ones are made again in the background, and till then Redis is down.
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
          // A peer that is gone without a word (host lost, network cut) leaves a connection on which nothing ever arrives, until
          // the kernel gives up after a quarter of an hour. The next connection finds the server that has the name then.
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
