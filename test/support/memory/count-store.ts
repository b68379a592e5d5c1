import { isKnownRight } from '../../../lib/chats/planning.ts';
import type { CountStore, DueChat, Place } from '../../../lib/state/count-store.ts';
import type { MemoryChats } from './chats.ts';

const byDueTime = (a: Place, b: Place): number => a.due_at - b.due_at || a.id - b.id;

/** The durable side of counts in memory. */
export function createMemoryCountStore({ byId }: MemoryChats): CountStore {
  const dueBy = (before: number): DueChat[] =>
    [...byId.values()]
      .flatMap(({ chat: { id }, dueAt, read_at, planning }) =>
        dueAt === undefined || dueAt > before ? [] : [{ id, due_at: dueAt, read_at, planning }],
      )
      .sort(byDueTime);

  return {
    async apply({ id, max_chat_id }, reading, { askedAt, dueAt, learnt }) {
      const before = byId.get(id);
      if (!before || before.chat.max_chat_id !== max_chat_id) return { kind: 'superseded' };
      if (before.checked_at !== null && before.checked_at >= askedAt) return { kind: 'superseded' };
      const status = reading.kind === 'count' ? 'active' : reading.status;
      const { planning } = before;
      byId.set(id, {
        ...before,
        chat: before.chat.status === status ? before.chat : { ...before.chat, status },
        ...(reading.kind === 'count'
          ? {
              participants_count: reading.count,
              read_at: askedAt,
              planning: {
                ...planning,
                ...(learnt ? { learnt, eventQuarters: 0 } : {}),
                dirtyAt: (planning.dirtyAt ?? 0) > askedAt ? planning.dirtyAt : null,
              },
            }
          : {}),
        checked_at: askedAt,
        dueAt: reading.kind === 'count' ? dueAt : undefined,
      });
      const knownRight = isKnownRight({ read_at: askedAt, planning });
      return { kind: 'applied', before: before.participants_count, knownRight };
    },

    async replan({ id, due_at }, { dueAt, learnt }) {
      const chat = byId.get(id);
      if (chat?.dueAt !== due_at) return;
      byId.set(id, { ...chat, dueAt, planning: { ...chat.planning, learnt, eventQuarters: 0 } });
    },

    async postpone(ids, dueAt) {
      for (const id of ids) {
        const chat = byId.get(id);
        if (chat?.dueAt !== undefined && chat.dueAt < dueAt) byId.set(id, { ...chat, dueAt });
      }
    },

    async due(before, limit, after) {
      return dueBy(before)
        .filter((chat) => !after || byDueTime(chat, after) > 0)
        .slice(0, limit);
    },

    async countDue(before) {
      return dueBy(before).length;
    },
  };
}
