import type { Api, Chat } from './client.ts';

/** Refreshes the count of a chat. @returns the chat with the new count. @throws {ApiError} */
export async function refreshChat({ ask, client }: Api, chat: Chat): Promise<Chat> {
  const { participants_count, updated_at } = await ask(
    client.POST('/chats/{id}/refresh-participants', { params: { path: { id: chat.id } } }),
  );
  return {
    ...chat,
    ...{ participants_count, participants_updated_at: updated_at, participants_source: 'api' },
    ...{ participants_stale: false, status: 'active' },
  };
}
