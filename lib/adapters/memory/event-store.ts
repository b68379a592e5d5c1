import type { EventStore, Title } from '../../participants/event-store.ts';
import type { MemoryChats } from './chats.ts';

/** What events leave behind, in memory. */
export interface MemoryMarks {
  readonly windowUntil?: number;
  readonly told?: { readonly told: boolean; readonly at: number };
  readonly title?: Title;
}

export function createMemoryEventStore({ byId }: MemoryChats): EventStore & {
  readonly marks: ReadonlyMap<number, MemoryMarks>;
} {
  const marks = new Map<number, MemoryMarks>();
  const mark = (id: number, more: MemoryMarks) => marks.set(id, { ...marks.get(id), ...more });
  return {
    marks,
    async openWindow(id, now, until) {
      if (!byId.has(id) || (marks.get(id)?.windowUntil ?? 0) > now) return false;
      mark(id, { windowUntil: until });
      return true;
    },
    async trust(id, told, at) {
      const before = marks.get(id)?.told;
      if (byId.has(id) && (!before || before.at < at)) mark(id, { told: { told, at } });
    },
    async retitle(id, title) {
      if (!byId.has(id)) return undefined;
      const before = marks.get(id)?.title;
      if (before && before.at > title.at) return before;
      mark(id, { title });
      return title;
    },
  };
}
