import { dayOf } from '../../../lib/base/day.ts';
import { type DayOfCounts, firstReading, withReading } from '../../../lib/chats/history.ts';
import type { History, HistoryWriter } from '../../../lib/state/history.ts';

/** The history of counts in memory. Nothing expires. */
export function createMemoryHistory(): History & HistoryWriter {
  const byChat = new Map<number, Map<string, DayOfCounts>>();
  return {
    async record(chatId, reading) {
      const date = dayOf(reading.readAt);
      const days = byChat.get(chatId) ?? new Map<string, DayOfCounts>();
      byChat.set(chatId, days);
      const before = days.get(date);
      days.set(date, before ? withReading(before, reading) : firstReading(date, reading));
    },

    async days(chatId, from, to) {
      return [...(byChat.get(chatId)?.values() ?? [])]
        .filter(({ date }) => date >= from && date <= to)
        .sort((a, b) => (a.date < b.date ? -1 : 1));
    },
  };
}
