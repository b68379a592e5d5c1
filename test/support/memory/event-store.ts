import { type EventStore, quarterOf, type Title } from '../../../lib/state/event-store.ts';
import type { MemoryChats } from './chats.ts';

/** The effects of events on a chat, in memory. */
export interface MemoryMarks {
  readonly windowUntil?: number;
  readonly quarter?: number;
  readonly told?: { readonly told: boolean; readonly at: number };
  readonly title?: Title;
  /** The chat's MAX id, because another one has another membership. */
  readonly membership?: { readonly at: number; readonly maxChatId: string | null };
}

export function createMemoryEventStore({ byId }: MemoryChats): EventStore & {
  readonly marks: ReadonlyMap<number, MemoryMarks>;
} {
  const marks = new Map<number, MemoryMarks>();
  const mark = (id: number, more: MemoryMarks) => marks.set(id, { ...marks.get(id), ...more });
  return {
    marks,
    async markDirty(id, now, until) {
      const chat = byId.get(id);
      if (!chat || (marks.get(id)?.windowUntil ?? 0) > now) return undefined;
      const quarter = quarterOf(now);
      const { planning } = chat;
      const eventQuarters = planning.eventQuarters + (marks.get(id)?.quarter === quarter ? 0 : 1);
      mark(id, { windowUntil: until, quarter });
      byId.set(id, { ...chat, planning: { ...planning, dirtyAt: planning.dirtyAt ?? now, eventQuarters } });
      return { readAt: chat.readAt, planning };
    },
    async recordEventTrust(id, told, at, now) {
      const before = marks.get(id)?.told;
      const chat = byId.get(id);
      if (!chat || (before && before.at >= at)) return;
      mark(id, { told: { told, at } });
      const eventsTrustedSince = told ? (chat.planning.eventsTrustedSince ?? now) : null;
      byId.set(id, { ...chat, planning: { ...chat.planning, eventsTrustedSince, eventTrustChecked: true } });
    },
    async recordMembership(id, at) {
      const chat = byId.get(id);
      if (!chat) return false;
      const { maxChatId } = chat.chat;
      const before = marks.get(id)?.membership;
      if (before && before.maxChatId === maxChatId && before.at > at) return false;
      mark(id, { membership: { at, maxChatId } });
      return true;
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
