import type { Api, Chat } from './client.ts';

/** Reads the count of one chat from MAX. @returns the chat with it. @throws {ApiError} */
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
