import { setTimeout as sleep } from 'node:timers/promises';
import { createDynamoChatStore } from '../lib/adapters/dynamodb/chat-store.ts';
import { createDynamo } from '../lib/adapters/dynamodb/client.ts';
import { fullJitter } from '../lib/adapters/dynamodb/database.ts';
import { createDynamoPostingRepairStore } from '../lib/adapters/dynamodb/posting-repair-store.ts';
import { systemClock } from '../lib/base/clock.ts';
import { repairPostings } from '../lib/listing/repair-postings.ts';
import { readConfig } from '../lib/runtime/config.ts';
import { progressLine, readOptions, runTool } from './command-line.ts';
import { useRunningStack } from './environment.ts';

/** `npm run reindex` */

const HELP = `Usage: npm run reindex -- [--restart]

Fills and repairs the posting lists, by which searches and filters find chats: after an upgrade from a version without them,
or whenever totals look wrong. It compares the lists with all chats, adds what is missing, and removes what is too much.

  again      it can be repeated at any time, also while the service runs
  interrupt  it saves its place after some thousand chats, and goes on there when it is started again
  where      the running local stack, or the tables named by CHATS_TABLE, CHAT_POSTINGS_TABLE, STATE_TABLE

  --restart  from the beginning, also where an earlier one was interrupted
  --help     this text

What is too much is removed a minute after it was found, since it may belong to a chat that is just being written.
Ends with 0 when all is compared.`;

await runTool(async () => {
  const { values } = readOptions(HELP, { restart: { type: 'boolean', default: false } });
  useRunningStack('CHATS_TABLE');
  const { tables } = readConfig(process.env, ['tables']);
  const database = {
    client: createDynamo(),
    tables: { chats: tables.CHATS_TABLE, postings: tables.CHAT_POSTINGS_TABLE, state: tables.STATE_TABLE },
    pause: fullJitter((ms) => sleep(ms)),
  };
  const chatStore = createDynamoChatStore(database);
  const repairs = createDynamoPostingRepairStore(database);
  if (values.restart) await repairs.writeCursor(undefined);
  else if (await repairs.readCursor()) console.log('An earlier run was interrupted; this one goes on where it ended.');

  const total = await chatStore.total('all');
  const progress = progressLine();
  const startedAt = Date.now();
  const report = await repairPostings({ chatStore, repairs, clock: systemClock }, Number.POSITIVE_INFINITY, (done) => {
    const seconds = Math.max(1, (Date.now() - startedAt) / 1_000);
    const chats = `${done.chats} of ${total} chats, ${Math.round(done.chats / seconds)} a second`;
    progress.show(done.phase === 'chats' ? chats : `${done.chats} chats; ${done.chunks} chunks of lists compared`);
  });
  progress.end();
  const { chats, chunks, gaps, orphans } = report;
  console.log(
    `${chats} chats and ${chunks} chunks of lists compared: ${gaps} entries were missing, ${orphans} too many`,
  );
  return 0;
});
