import { parentPort, workerData } from 'node:worker_threads';
import { createDynamoChatStore } from '../lib/adapters/dynamodb/chat-store.ts';
import { createDynamo } from '../lib/adapters/dynamodb/client.ts';
import { importChats } from '../lib/importing/import-chats.ts';
import type { ImportLine } from '../lib/importing/read-line.ts';
import { readConfig } from '../lib/runtime/config.ts';
import { configuredDatabase } from '../lib/runtime/database.ts';
import { type ChatSeed, World } from './max/world.ts';
import type { SimulatedWorld } from './servers/max-simulator.ts';

/** The thread of `seedChats`. It answers with the number of written chats. */

export interface SeedWorkerData {
  readonly world: SimulatedWorld;
  /** The tables and endpoints of the running stack. */
  readonly env: NodeJS.ProcessEnv;
}

const { world, env } = workerData as SeedWorkerData;
const { tables } = readConfig(env, ['tables']);
const { AWS_REGION, AWS_ENDPOINT_URL_DYNAMODB, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = env;
const client = createDynamo({
  ...(AWS_REGION && { region: AWS_REGION }),
  ...(AWS_ENDPOINT_URL_DYNAMODB && { endpoint: AWS_ENDPOINT_URL_DYNAMODB }),
  ...(AWS_ACCESS_KEY_ID &&
    AWS_SECRET_ACCESS_KEY && {
      credentials: { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY },
    }),
});
const store = createDynamoChatStore(configuredDatabase(tables, client));
const simulated = new World({ ...world, goneRate: 0, clock: { now: Date.now } });
const totals = await importChats(store, linesOf(simulated.seeds()), {
  now: Date.now,
  onRefused({ line, reason }) {
    throw new Error(`the simulator's chat ${line} can't be imported: ${reason}`);
  },
});
client.destroy();
parentPort?.postMessage(totals.created + totals.updated);

function* linesOf(chats: Iterable<ChatSeed>): Generator<ImportLine> {
  let line = 0;
  for (const chat of chats) {
    line += 1;
    yield { line, fields: { ...chat, source: 'max-simulator' } };
  }
}
