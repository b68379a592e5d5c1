import type { CountReading, DayOfCounts } from '../chats/history.ts';

/** The history of counts: for each chat and day one entry, for as long as PARTICIPANTS_HISTORY_DAYS says. */
export interface History {
  /** The days from `from` to `to` (both included) on which the chat's count changed, oldest first. */
  days(chatId: number, from: string, to: string): Promise<readonly DayOfCounts[]>;
}

export interface HistoryWriter {
  /** Adds a changed count to its day. Readings may come in any order and more than once. */
  record(chatId: number, reading: CountReading): Promise<void>;
}
