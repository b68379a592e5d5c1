import type { ChatStore } from '../../state/chat-store.ts';
import { importChats } from './chat-import.ts';
import { storedChatOf } from './chat-item.ts';
import { listChats, listOutlines, walkListing } from './chat-listing.ts';
import {
  counterKey,
  type NumberItem,
  type OwnerItem,
  ownerKey,
  readChat,
  readChats,
  readCountedChats,
  SEQUENCE,
} from './chat-reads.ts';
import { createChat, deleteChat, updateChat } from './chat-writes.ts';
import { type Database, readState } from './database.ts';

/** Creates the store of chats. The called functions document their round trips. */
export const createDynamoChatStore = (database: Database): ChatStore => ({
  async get(id) {
    const item = await readChat(database, id);
    return item && storedChatOf(item);
  },
  async getMany(ids) {
    const items = await readChats(database, ids);
    return new Map(items.map((item) => [item.id, storedChatOf(item)]));
  },
  getCounted: (ids) => readCountedChats(database, ids),
  async findByMaxChatId(maxChatId) {
    return (await readState<OwnerItem>(database, ownerKey(maxChatId)))?.chat_id;
  },
  list: (listing) => listChats(database, listing),
  walk: (listing) => walkListing(database, listing),
  outlines: (after, limit) => listOutlines(database, after, limit),
  async total(scope) {
    return (await readState<NumberItem>(database, counterKey(scope)))?.n ?? 0;
  },
  create: (fields, at) => createChat(database, fields, at),
  update: (id, patch, at) => updateChat(database, id, patch, at),
  delete: (id) => deleteChat(database, id),
  importMany: (lines, at) => importChats(database, lines, at),
  async lastId() {
    return (await readState<NumberItem>(database, SEQUENCE))?.n ?? 0;
  },
});
