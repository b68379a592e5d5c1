import { parentPort, workerData } from 'node:worker_threads';
import { createRedisMock } from 'js-redis-server';

/**
 * Runs the Redis that is written in JavaScript, in its own thread. So its scripts block no other code, and the end of the thread
 * closes its connections.
 */
export interface RedisWorkerData {
  readonly port: number;
}

const { port } = workerData as RedisWorkerData;
// The API accepts only a port and would listen on all interfaces. But it passes the value to Node's `listen`, which accepts a host.
await createRedisMock({ port: { port, host: '127.0.0.1' } as unknown as number });
parentPort?.postMessage('listening');
