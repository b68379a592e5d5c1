import { startRedis } from './redis.ts';

/** The Redis of a stack: an embedded one that tests can stop and start, or the one in REDIS_URL. */
export interface StackRedis {
  readonly url: string;
  readonly kind: string;
  /** Kills the embedded Redis at once. @throws {Error} if REDIS_URL is set. */
  kill(): Promise<void>;
  /** Starts the embedded Redis again on the same port. */
  start(): Promise<void>;
}

export async function embeddedRedis(dataDir: string): Promise<StackRedis & { stop(): Promise<void> }> {
  let server = await startRedis(dataDir);
  const port = Number(new URL(server.url).port);
  return {
    url: server.url,
    kind: server.kind,
    kill: () => server.kill(),
    async start() {
      server = await startRedis(dataDir, port);
    },
    stop: () => server.stop(),
  };
}

export function givenRedis(url: string): StackRedis {
  const refuse = async () => {
    throw new Error('The local stack can neither stop nor start the Redis in REDIS_URL');
  };
  return { url, kind: 'from REDIS_URL', kill: refuse, start: refuse };
}
