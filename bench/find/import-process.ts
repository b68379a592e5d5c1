/** `fork(import-process.ts, [ENDPOINT])` imports chats like `npm run import`, in its own process. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createDynamoChatStore } from '../../lib/adapters/dynamodb/chat-store.ts';
import { createDynamo } from '../../lib/adapters/dynamodb/client.ts';
import { fullJitter } from '../../lib/adapters/dynamodb/database.ts';
import { importChats } from '../../lib/importing/import-chats.ts';
import type { ImportLine } from '../../lib/importing/read-line.ts';
import { chatSeeds, TABLES } from '../support/chats.ts';
import { answering } from '../support/children.ts';

export interface Imported {
  readonly seconds: number;
  readonly peakBytes: number;
  /** Consumed write units, by table, as DynamoDB reports them. */
  readonly writeUnits: Readonly<Record<string, number>>;
}

function* linesOf(chats: number): Generator<ImportLine> {
  let line = 0;
  for (const chat of chatSeeds(chats)) {
    line += 1;
    yield { line, fields: { ...chat, source: 'bench' } };
  }
}

answering<{ chats: number }>(async ({ chats }) => {
  const client = createDynamo({
    endpoint: String(process.argv[2]),
    region: 'eu-central-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  const writeUnits: Record<string, number> = {};
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      async (args) => {
        const writes = /Put|Update|Delete|Write/.test(commandName);
        if (writes) Object.assign(args.input, { ReturnConsumedCapacity: 'TOTAL' });
        const answer = await next(args);
        const { ConsumedCapacity = [] } = answer.output as {
          ConsumedCapacity?: Consumed | readonly Consumed[];
        };
        for (const { TableName = '', CapacityUnits = 0 } of writes ? [ConsumedCapacity].flat() : []) {
          writeUnits[TableName] = (writeUnits[TableName] ?? 0) + CapacityUnits;
        }
        return answer;
      },
    { step: 'initialize' },
  );
  const store = createDynamoChatStore({ client, tables: TABLES, pause: fullJitter((ms) => sleep(ms)) });
  const from = performance.now();
  const { created } = await importChats(store, linesOf(chats), {
    now: Date.now,
    onRefused({ reason }) {
      throw new Error(reason);
    },
  });
  if (created !== chats) throw new Error(`${created} of ${chats} chats were created`);
  const seconds = (performance.now() - from) / 1_000;
  return { seconds, peakBytes: process.resourceUsage().maxRSS * 1_024, writeUnits } satisfies Imported;
});

interface Consumed {
  readonly TableName?: string;
  readonly CapacityUnits?: number;
}
