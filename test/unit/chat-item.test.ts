import { expect, test } from 'vitest';
import { chatOf, newItem } from '../../lib/adapters/dynamodb/chat-item.ts';
import type { Chat } from '../../lib/chats/chat.ts';

const chat: Chat = {
  id: 7,
  name: 'Группа ИВТ-23-8',
  url: null,
  maxChatId: null,
  externalChatId: null,
  universityId: null,
  department: null,
  source: null,
  status: 'active',
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-02-01T00:00:00.000Z',
};

test('a stored chat has no attribute for a field without a value, except its MAX id, which conditions compare', () => {
  const item = newItem(chat, null, 0);
  expect(Object.entries(item.chat).filter(([, value]) => value !== undefined)).toEqual([
    ['name', chat.name],
    ['max_chat_id', null],
    ['status', 'active'],
    ['created_at', chat.createdAt],
    ['updated_at', chat.updatedAt],
  ]);
  expect(chatOf(item)).toEqual(chat);
});

test('items of older versions, with the id and with NULL attributes, are read', () => {
  const before = {
    id: 7,
    chat: {
      ...{ id: 7, name: chat.name, url: null, max_chat_id: null, external_chat_id: null, university_id: null },
      ...{ department: null, source: null, status: 'active' as const },
      ...{ created_at: chat.createdAt, updated_at: chat.updatedAt },
    },
  } as const;
  expect(chatOf(before)).toEqual(chat);
});
