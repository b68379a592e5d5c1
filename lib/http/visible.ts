import type { StoredChat } from '../chats/chat.ts';
import type { ChatStore } from '../state/chat-store.ts';
import { maySee, type Principal } from './principal.ts';
import { Problem } from './problem.ts';

/**
 * Returns the chat if it exists and the principal may see it. 1 GetItem.
 * @throws {Problem} 404 for an unknown chat, 403 for a chat of another university.
 */
export async function visibleChat(store: ChatStore, principal: Principal, id: number): Promise<StoredChat> {
  const stored = await store.get(id);
  if (!stored) throw new Problem('not_found', { detail: `There is no chat ${id}.` });
  if (!maySee(principal, stored.chat)) {
    throw new Problem('forbidden', { detail: `Chat ${id} does not belong to your university.` });
  }
  return stored;
}

/** @throws {Problem} 503 while the integration with MAX is switched off. */
export function requireIntegration(disabled: boolean): void {
  if (disabled) {
    throw new Problem('integration_disabled', {
      detail: 'PARTICIPANTS_INTEGRATION_DISABLED is true: counts come from the database only, and MAX is not asked.',
    });
  }
}

/**
 * Returns the problem that another chat has the `max_chat_id`. It names that chat only if the principal may see it. Otherwise a
 * curator could guess MAX ids and learn which chats other universities have. 1 GetItem.
 */
export async function maxChatIdTaken(store: ChatStore, principal: Principal, by: number): Promise<Problem> {
  const holder = await store.get(by);
  if (holder && maySee(principal, holder.chat)) {
    return new Problem('max_chat_id_taken', {
      detail: `Chat ${by} has this max_chat_id already.`,
      extra: { chat_id: by },
    });
  }
  return new Problem('max_chat_id_taken', { detail: 'Another chat has this max_chat_id already.' });
}
