import type { CountReading, DayOfCounts } from '../chats/history.ts';

/** The history of counts: one entry for each chat and day. Entries expire after PARTICIPANTS_HISTORY_DAYS. */
export interface History {
  /** Returns the days on which the chat's count changed, from `from` to `to` (inclusive), oldest first. */
  days(chatId: number, from: string, to: string): Promise<readonly DayOfCounts[]>;
}

export interface HistoryWriter {
  /** Adds a changed count to its day. Readings may arrive in any order and repeatedly. */
  record(chatId: number, reading: CountReading): Promise<void>;
}
