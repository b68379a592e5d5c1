import { changed, differs, newChat } from '../../../lib/chats/change.ts';
import type { Chat, ChatFields, Scope, StoredChat } from '../../../lib/chats/chat.ts';
import { NEVER_COUNTED } from '../../../lib/chats/chat.ts';
import { comparePositions, positionOf } from '../../../lib/chats/sort-keys.ts';
import type { ChatStore, IdConflict, ImportedChat, Listing } from '../../../lib/state/chat-store.ts';
import type { MemoryChat, MemoryChats } from './chats.ts';

const inScope = (chat: Chat, scope: Scope): boolean => scope === 'all' || chat.universityId === scope.universityId;

const storedOf = ({ dueAt: _, ...stored }: MemoryChat): StoredChat => stored;

/** The chats in memory: the store's contract without a server, in plain and slow terms. */
export function createMemoryChatStore(chats: MemoryChats): ChatStore {
  const { byId } = chats;
  const all = () => [...byId.values()];
  const ownerOf = (maxChatId: string) => all().find(({ chat }) => chat.maxChatId === maxChatId)?.chat.id;

  const takeId = () => ++chats.lastId;

  function add(id: number, fields: ChatFields | ImportedChat, count: number | null, at: number): StoredChat {
    const chat = newChat(id, fields, at);
    const stored = { chat, ...NEVER_COUNTED, participantsCount: count };
    byId.set(chat.id, { ...stored, dueAt: chat.maxChatId === null ? undefined : at });
    return stored;
  }

  /** The rows behind `after`, in order. */
  function placed({ scope, sort, order, after }: Listing) {
    const compare = comparePositions(order);
    return all()
      .filter(({ chat }) => inScope(chat, scope))
      .map((stored) => ({ stored, position: positionOf(sort, stored.chat, stored.participantsCount) }))
      .filter(({ position }) => !after || compare(position, after) > 0)
      .sort((a, b) => compare(a.position, b.position));
  }

  return {
    async get(id) {
      const found = byId.get(id);
      return found && storedOf(found);
    },

    async getMany(ids) {
      const found = ids.flatMap((id) => byId.get(id) ?? []);
      return new Map(found.map((one) => [one.chat.id, storedOf(one)]));
    },

    async getCounted(ids) {
      return ids.flatMap((id) => byId.get(id) ?? []);
    },

    async findByMaxChatId(maxChatId) {
      return ownerOf(maxChatId);
    },

    async walk(listing) {
      const behind = placed(listing);
      const positions = behind.slice(0, listing.limit).map(({ position }) => position);
      return { positions, next: behind.length > listing.limit ? positions.at(-1) : undefined };
    },

    async list(listing) {
      const { sort, limit } = listing;
      const behind = placed(listing);
      const page = behind.slice(0, limit);
      return {
        rows: page.map(({ stored: { chat, participantsCount, readAt } }) => ({
          chat,
          count: sort === 'participants_count' ? { participantsCount, readAt } : undefined,
        })),
        next: behind.length > limit ? page.at(-1)?.position : undefined,
      };
    },

    async outlines(after, limit) {
      const behind = all()
        .map(({ chat: { id, maxChatId, status, createdAt } }) => ({ id, maxChatId, status, createdAt }))
        .filter(({ id }) => id > after)
        .sort((a, b) => a.id - b.id);
      const chats = behind.slice(0, limit);
      return { chats, next: behind.length > limit ? chats.at(-1)?.id : undefined };
    },

    async total(scope) {
      return all().reduce((total, { chat }) => total + (inScope(chat, scope) ? 1 : 0), 0);
    },

    async create(fields, at) {
      const id = takeId();
      const by = fields.maxChatId === null ? undefined : ownerOf(fields.maxChatId);
      if (by !== undefined) return { kind: 'max_chat_id_taken', by };
      return { kind: 'created', stored: add(id, fields, null, at) };
    },

    async update(id, patch, at) {
      const before = byId.get(id);
      if (!before) return { kind: 'not_found' };
      if (!differs(before.chat, patch)) return { kind: 'updated', chat: before.chat, countDropped: false };
      const chat = changed(before.chat, patch, at);
      const by = chat.maxChatId === null ? undefined : ownerOf(chat.maxChatId);
      if (by !== undefined && by !== id) return { kind: 'max_chat_id_taken', by };
      const countDropped = chat.maxChatId !== before.chat.maxChatId;
      const forgotten = { ...NEVER_COUNTED, dueAt: chat.maxChatId === null ? undefined : at };
      byId.set(id, { ...before, chat, ...(countDropped ? forgotten : {}) });
      return { kind: 'updated', chat, countDropped };
    },

    async delete(id) {
      return byId.delete(id) ? 'deleted' : 'not_found';
    },

    async importMany(lines, at) {
      const outcomes = { created: 0, updated: 0, unchanged: 0 };
      const conflicts: IdConflict[] = [];
      const distinct = [...new Map(lines.map((line) => [line.maxChatId, line])).values()];
      // Named ids first: the ids given by the store lie above them.
      for (const line of [...distinct.filter(({ id }) => id), ...distinct.filter(({ id }) => !id)]) {
        const { maxChatId } = line;
        const id = ownerOf(maxChatId);
        const before = id === undefined ? undefined : byId.get(id);
        if (!before) {
          if (line.id !== undefined && byId.has(line.id)) {
            conflicts.push({ maxChatId, kind: 'taken', existing: line.id });
            continue;
          }
          if (line.id !== undefined) chats.lastId = Math.max(chats.lastId, line.id);
          add(line.id ?? takeId(), line, line.participantsCount, at);
          outcomes.created += 1;
          continue;
        }
        if (line.id !== undefined && line.id !== before.chat.id) {
          conflicts.push({ maxChatId, kind: 'different', existing: before.chat.id });
          continue;
        }
        const chat = differs(before.chat, line) ? changed(before.chat, line, at) : before.chat;
        const participantsCount = before.participantsCount ?? line.participantsCount;
        byId.set(chat.id, { ...before, chat, participantsCount });
        const same = chat === before.chat && participantsCount === before.participantsCount;
        outcomes[same ? 'unchanged' : 'updated'] += 1;
      }
      return conflicts.length > 0 ? { ...outcomes, conflicts } : outcomes;
    },

    async lastId() {
      return chats.lastId;
    },
  };
}
