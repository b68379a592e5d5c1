import type { Chat, ChatFields } from './chat.ts';

/** How a chat comes to be and changes, the same in every store. */

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
 * @param at Unix ms.
 * @param fields may carry the times of a chat that comes from another system; otherwise it begins at `at`.
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

/** Whether the patch would change anything. */
export const differs = (chat: Chat, patch: Partial<ChatFields>): boolean =>
  FIELDS.some((field) => patch[field] !== undefined && patch[field] !== chat[field]);

/**
 * The chat with the patch applied. `updated_at` moves forward at every change, also when clocks differ, so it tells versions
 * apart; another MAX id is another chat at MAX, of which nothing is known yet.
 * @param at Unix ms.
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
