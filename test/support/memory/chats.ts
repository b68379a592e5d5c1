import type { StoredChat } from '../../../lib/chats/chat.ts';

/** A chat with its time in the due index, Unix ms; `undefined` if it is not in the index. */
export interface MemoryChat extends StoredChat {
  readonly dueAt: number | undefined;
}

/** The state that the memory stores share. */
export interface MemoryChats {
  readonly byId: Map<number, MemoryChat>;
  /** The largest id assigned so far. */
  lastId: number;
}

export const createMemoryChats = (): MemoryChats => ({ byId: new Map(), lastId: 0 });
