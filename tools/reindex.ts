import { createDynamoChatStore } from '../lib/adapters/dynamodb/chat-store.ts';
import { createDynamo } from '../lib/adapters/dynamodb/client.ts';
import { createDynamoPostingRepairStore } from '../lib/adapters/dynamodb/posting-repair-store.ts';
import { systemClock } from '../lib/base/clock.ts';
import { createRepairPostings } from '../lib/listing/repair-postings.ts';
import { readConfig } from '../lib/runtime/config.ts';
import { configuredDatabase } from '../lib/runtime/database.ts';
import { progressLine, readOptions, runTool } from './command-line.ts';
import { useRunningStack } from './environment.ts';

/** `npm run reindex` */

const HELP = `Usage: npm run reindex -- [--restart]

Creates and repairs the posting lists, by which searches and filters find chats. Run it after an upgrade from a version without
them, or if totals look wrong. It compares the lists with all chats, adds missing entries, and removes wrong ones.

  again      it can be repeated at any time, even while the service runs
  interrupt  it saves its progress every few thousand chats; the next run continues from there
  where      the running local stack, or the tables in CHATS_TABLE, CHAT_POSTINGS_TABLE and STATE_TABLE

  --restart  starts at the beginning, even if an earlier run was interrupted
  --help     prints this text

Wrong entries are removed a minute after they are found, because they may belong to a chat that is being written.
Exit status: 0 if everything was compared.`;

await runTool(async () => {
  const { values } = readOptions(HELP, { restart: { type: 'boolean', default: false } });
  useRunningStack('CHATS_TABLE');
  const { tables } = readConfig(process.env, ['tables']);
  const database = configuredDatabase(tables, createDynamo());
  const chatStore = createDynamoChatStore(database);
  const repairs = createDynamoPostingRepairStore(database);
  if (values.restart) await repairs.writeCursor(undefined);
  else if (await repairs.readCursor()) console.log('An earlier run was interrupted; this run continues from there.');

  const total = await chatStore.total('all');
  const progress = progressLine();
  const startedAt = Date.now();
  const report = await createRepairPostings({ chatStore, repairs, clock: systemClock })(
    Number.POSITIVE_INFINITY,
    (done) => {
      const seconds = Math.max(1, (Date.now() - startedAt) / 1_000);
      const chats = `${done.chats} of ${total} chats, ${Math.round(done.chats / seconds)} a second`;
      progress.show(done.phase === 'chats' ? chats : `${done.chats} chats; ${done.chunks} chunks of lists compared`);
    },
  );
  progress.end();
  const { chats, chunks, gaps, orphans } = report;
  console.log(
    `${chats} chats and ${chunks} chunks of lists compared: ${gaps} entries were missing, ${orphans} too many`,
  );
  return 0;
});
