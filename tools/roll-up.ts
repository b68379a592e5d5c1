import { createDynamoChatStore } from '../lib/adapters/dynamodb/chat-store.ts';
import { createDynamo } from '../lib/adapters/dynamodb/client.ts';
import { createDynamoRollUpStore } from '../lib/adapters/dynamodb/statistics.ts';
import { readConfig } from '../lib/runtime/config.ts';
import { configuredDatabase } from '../lib/runtime/database.ts';
import { createRollUp } from '../lib/statistics/roll-up.ts';
import { progressLine, readOptions, runTool } from './command-line.ts';
import { useRunningStack } from './environment.ts';

/** `npm run roll-up` */

const HELP = `Usage: npm run roll-up -- [--help]

Computes the statistics of today (UTC) now: the sums of GET /stats and the chats that grew and shrank most. A schedule does the
same every night. A roll-up that was interrupted in the last six hours is continued.

  where   of the running local stack, or of the tables named by CHATS_TABLE, CHAT_POSTINGS_TABLE, STATE_TABLE, HISTORY_TABLE

  --help  this text`;

await runTool(async () => {
  readOptions(HELP, {});
  useRunningStack('CHATS_TABLE');
  const { tables, history, retention, freshness } = readConfig(process.env, [
    ...(['tables', 'history', 'retention', 'freshness'] as const),
  ]);
  const database = configuredDatabase(tables, createDynamo());
  const progress = progressLine();
  const rollUp = createRollUp({
    chatStore: createDynamoChatStore(database),
    rollUpStore: createDynamoRollUpStore(database, {
      table: history.HISTORY_TABLE,
      keptDays: retention.PARTICIPANTS_HISTORY_DAYS,
    }),
    now: Date.now,
    settings: { freshMs: freshness.PARTICIPANTS_CACHE_TTL },
  });
  const report = await rollUp({ deadline: Number.POSITIVE_INFINITY, since: Number.POSITIVE_INFINITY }, (chats) =>
    progress.show(`${chats} chats`),
  );
  progress.end();
  console.log(`${report?.date}: ${report?.chats} chats in ${((report?.durationMs ?? 0) / 1_000).toFixed(1)} s`);
  return 0;
});
