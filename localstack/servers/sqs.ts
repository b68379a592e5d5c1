import { buildApp } from 'fauxqs';

export interface Sqs {
  readonly endpoint: string;
  stop(): Promise<void>;
}

/** Internal modules of fauxqs. They are used because its public start function listens on all interfaces. */
interface Internals {
  readonly SqsStore: new () => SqsStore;
  readonly SnsStore: new () => unknown;
  readonly S3Store: new () => unknown;
  readonly PersistenceManager: new (dataDir: string) => Persistence;
}
interface SqsStore {
  persistence?: Persistence;
  allQueues(): Iterable<{ persistence?: Persistence }>;
}
interface Persistence {
  loadSqsAndSns(sqs: SqsStore, sns: unknown): void;
  close(): void;
}

/**
 * Starts the embedded SQS on a free loopback port.
 * @param dataDir the folder for queues and messages; by default they are in memory.
 */
export async function startSqs(region: string, dataDir?: string): Promise<Sqs> {
  const stores = dataDir ? await persistentStores(dataDir) : undefined;
  const app = buildApp({ logger: false, defaultRegion: region, ...(stores && { stores: stores.stores as never }) });
  if (stores) app.addHook('onClose', async () => stores.persistence.close());
  const endpoint = await app.listen({ port: 0, host: '127.0.0.1' });
  return { endpoint, stop: () => app.close() };
}

/**
 * Creates persistent stores like fauxqs' own start function: it loads the data first, so that loading does not write them again.
 */
async function persistentStores(dataDir: string) {
  const { SqsStore, SnsStore, S3Store, PersistenceManager } = await internals();
  const sqsStore = new SqsStore();
  const snsStore = new SnsStore();
  const persistence = new PersistenceManager(dataDir);
  persistence.loadSqsAndSns(sqsStore, snsStore);
  sqsStore.persistence = persistence;
  for (const queue of sqsStore.allQueues()) queue.persistence = persistence;
  return { stores: { sqsStore, snsStore, s3Store: new S3Store() }, persistence };
}

async function internals(): Promise<Internals> {
  const entry = import.meta.resolve('fauxqs');
  const files = ['sqs/sqsStore.js', 'sns/snsStore.js', 's3/s3Store.js', 'persistence.js'];
  const modules = await Promise.all(files.map((file) => import(new URL(file, entry).href)));
  return Object.assign({}, ...modules) as Internals;
}
