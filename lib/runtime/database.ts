import { type Database, fullJitter } from '../adapters/dynamodb/database.ts';
import { systemClock } from '../base/clock.ts';
import type { Config } from './config.ts';

/** Returns the database of the configured tables. */
export const configuredDatabase = (
  { CHATS_TABLE, CHAT_POSTINGS_TABLE, STATE_TABLE }: Config['tables'],
  client: Database['client'],
): Database => ({
  client,
  tables: { chats: CHATS_TABLE, postings: CHAT_POSTINGS_TABLE, state: STATE_TABLE },
  pause: fullJitter(systemClock.sleep),
});
