import type { StoredChat } from '../chats/chat.ts';
import type { ViewCounts } from '../listing/view-counts.ts';
import { type ChatDto, toDto } from './schemas.ts';

/** Returns one chat with its count, in the form of the API. */
export async function showChat(viewCounts: ViewCounts, stored: StoredChat): Promise<ChatDto> {
  const { chat, participantsCount: participants_count, readAt } = stored;
  const shown = await viewCounts([{ chat, count: { participantsCount: participants_count, readAt } }]);
  const count = shown.get(chat.id);
  if (!count) throw new Error(`no count was shown for chat ${chat.id}`);
  return toDto(chat, count);
}
