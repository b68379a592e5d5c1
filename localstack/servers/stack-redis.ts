import { startRedis } from './redis.ts';

/** The Redis of a stack: one that is started with it and can be taken away, or one that was given. */
export interface StackRedis {
  readonly url: string;
  readonly kind: string;
  /** Ends the embedded one at once. @throws {Error} when REDIS_URL says where Redis is. */
  kill(): Promise<void>;
  /** Starts the embedded one again on its port. */
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
    throw new Error('The Redis of REDIS_URL is not for the local stack to stop or start');
  };
  return { url, kind: 'from REDIS_URL', kill: refuse, start: refuse };
}
