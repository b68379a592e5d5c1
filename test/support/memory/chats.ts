import type { StoredChat } from '../../../lib/chats/chat.ts';

/** A chat with its place on the due index: Unix ms, `undefined` off it. */
export interface MemoryChat extends StoredChat {
  readonly dueAt: number | undefined;
}

/** What the memory stores of chats and of counts share. */
export interface MemoryChats {
  readonly byId: Map<number, MemoryChat>;
  /** The largest id given so far. */
  lastId: number;
}

export const createMemoryChats = (): MemoryChats => ({ byId: new Map(), lastId: 0 });
