import { isKnownCorrect } from '../../../lib/chats/planning.ts';
import type { CountStore, Cursor, DueChat } from '../../../lib/state/count-store.ts';
import type { MemoryChats } from './chats.ts';

const byDueTime = (a: Cursor, b: Cursor): number => a.dueAt - b.dueAt || a.id - b.id;

/** The store of counts in memory. */
export function createMemoryCountStore({ byId }: MemoryChats): CountStore {
  const dueBy = (before: number): DueChat[] =>
    [...byId.values()]
      .flatMap(({ chat: { id }, dueAt, readAt, planning }) =>
        dueAt === undefined || dueAt > before ? [] : [{ id, dueAt, readAt, planning }],
      )
      .sort(byDueTime);

  return {
    async apply({ id, maxChatId }, reading, { askedAt, dueAt, learnt }) {
      const before = byId.get(id);
      if (!before || before.chat.maxChatId !== maxChatId) return { kind: 'superseded' };
      if (before.checkedAt !== null && before.checkedAt >= askedAt) return { kind: 'superseded' };
      const status = reading.kind === 'count' ? 'active' : reading.status;
      const { planning } = before;
      byId.set(id, {
        ...before,
        chat: before.chat.status === status ? before.chat : { ...before.chat, status },
        ...(reading.kind === 'count'
          ? {
              participantsCount: reading.count,
              readAt: askedAt,
              planning: {
                ...planning,
                ...(learnt ? { learnt, eventQuarters: 0 } : {}),
                dirtyAt: (planning.dirtyAt ?? 0) > askedAt ? planning.dirtyAt : null,
              },
            }
          : {}),
        checkedAt: askedAt,
        dueAt: reading.kind === 'count' ? dueAt : undefined,
      });
      const knownCorrect = isKnownCorrect({ readAt: askedAt, planning });
      return { kind: 'applied', before: before.participantsCount, knownCorrect };
    },

    async reschedule({ id, dueAt: was }, { dueAt, learnt }) {
      const chat = byId.get(id);
      if (chat?.dueAt !== was) return;
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
