import type { Chat, ChatFields } from './chat.ts';

/** Creates and changes chats. All stores use these functions. */

const FIELDS = [
  'name',
  'url',
  'maxChatId',
  'externalChatId',
  'universityId',
  'department',
  'source',
] as const satisfies readonly (keyof ChatFields)[];

/**
 * Creates a chat.
 * @param at the current time, Unix ms.
 * @param fields may contain the times of a chat from another system; the default is `at`.
 */
export function newChat(
  id: number,
  fields: ChatFields & { readonly createdAt?: string; readonly updatedAt?: string },
  at: number,
): Chat {
  const time = new Date(at).toISOString();
  const { name, url, maxChatId, externalChatId, universityId, department, source } = fields;
  return {
    id,
    ...{ name, url, maxChatId, externalChatId, universityId, department, source },
    status: 'active',
    createdAt: fields.createdAt ?? time,
    updatedAt: fields.updatedAt ?? time,
  };
}

/** Returns whether the patch would change the chat. */
export const differs = (chat: Chat, patch: Partial<ChatFields>): boolean =>
  FIELDS.some((field) => patch[field] !== undefined && patch[field] !== chat[field]);

/**
 * Returns the chat with the patch applied. `updated_at` increases at every change, even if clocks differ, so it identifies a
 * version. A new MAX id is another chat in MAX. Its status is unknown, so the chat becomes `active`.
 * @param at the current time, Unix ms.
 */
export function changed(chat: Chat, patch: Partial<ChatFields>, at: number): Chat {
  const set = Object.fromEntries(
    FIELDS.flatMap((field) => (patch[field] === undefined ? [] : [[field, patch[field]]])),
  );
  const next: Chat = { ...chat, ...set };
  return {
    ...next,
    status: next.maxChatId === chat.maxChatId ? chat.status : 'active',
    updatedAt: new Date(Math.max(at, Date.parse(chat.updatedAt) + 1)).toISOString(),
  };
}
