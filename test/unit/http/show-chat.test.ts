import { expect, test } from 'vitest';
import { showChat } from '../../../lib/http/show-chat.ts';
import type { ShownCount } from '../../../lib/listing/view-counts.ts';
import type { ListedChat } from '../../../lib/state/chat-store.ts';
import { created, openMemory, T0 } from '../../support/stores.ts';

const shown: ShownCount = {
  participantsCount: 57,
  updatedAt: '2026-11-25T11:42:07.512Z',
  source: 'cache',
  stale: true,
};

async function storedChat() {
  const { chats } = await openMemory();
  const id = await created(chats, {
    name: 'Деканат',
    url: 'https://max.ru/a',
    maxChatId: '-68000000500532',
    externalChatId: 'x-5',
    universityId: 7,
    department: 'Физфак',
    source: 'crm',
  });
  const stored = await chats.get(id);
  if (!stored) throw new Error('the chat was not created');
  return { ...stored, participantsCount: 50, readAt: T0 + 1 };
}

test('a chat is shown with its fields and its count, in the names of the API', async () => {
  const stored = await storedChat();
  const asked: ListedChat[] = [];
  const dto = await showChat(async (rows) => {
    asked.push(...rows);
    return new Map(rows.map(({ chat }) => [chat.id, shown]));
  }, stored);
  expect(dto).toEqual({
    id: stored.chat.id,
    name: 'Деканат',
    url: 'https://max.ru/a',
    max_chat_id: '-68000000500532',
    external_chat_id: 'x-5',
    university_id: 7,
    department: 'Физфак',
    source: 'crm',
    participants_count: 57,
    participants_updated_at: '2026-11-25T11:42:07.512Z',
    participants_source: 'cache',
    participants_stale: true,
    status: 'active',
    created_at: new Date(T0).toISOString(),
    updated_at: new Date(T0).toISOString(),
  });
  // With the stored count, the view needs no second read of the chat.
  expect(asked).toEqual([{ chat: stored.chat, count: { participantsCount: 50, readAt: T0 + 1 } }]);
});

test('a chat without a count is a defect, which names the chat', async () => {
  const stored = await storedChat();
  await expect(showChat(async () => new Map(), stored)).rejects.toThrow(`chat ${stored.chat.id}`);
});
