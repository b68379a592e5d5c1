import { parentPort, workerData } from 'node:worker_threads';
import { createRedisMock } from 'js-redis-server';

/** The Redis in JavaScript, in a thread: its scripts hold up nobody else, and ending the thread cuts its connections. */
export interface RedisWorkerData {
  readonly port: number;
}

const { port } = workerData as RedisWorkerData;
// It takes a port only and would listen on all interfaces, but hands on what it gets to Node's `listen`.
await createRedisMock({ port: { port, host: '127.0.0.1' } as unknown as number });
parentPort?.postMessage('listening');
