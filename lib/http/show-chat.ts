import type { StoredChat } from '../chats/chat.ts';
import type { ViewCounts } from '../listing/view-counts.ts';
import { type ChatDto, toDto } from './schemas.ts';

/** One chat as it is answered, with its count. */
export async function showChat(viewCounts: ViewCounts, stored: StoredChat): Promise<ChatDto> {
  const { chat, participantsCount: participants_count, readAt } = stored;
  const shown = await viewCounts([{ chat, count: { participantsCount: participants_count, readAt } }]);
  const count = shown.get(chat.id);
  if (!count) throw new Error(`no count was shown for chat ${chat.id}`);
  return toDto(chat, count);
}
