import { expect, test } from 'vitest';
import type { StoredChat } from '../../../lib/chats/chat.ts';
import type { Principal } from '../../../lib/http/principal.ts';
import { maxChatIdTaken } from '../../../lib/http/visible.ts';
import type { ChatStore } from '../../../lib/state/chat-store.ts';

const holder = (universityId: number | null) =>
  ({ get: async () => ({ chat: { universityId } }) as StoredChat }) as unknown as ChatStore;
const curator: Principal = { role: 'curator', subject: 'anna', university_id: 1 };
const superadmin: Principal = { role: 'superadmin', subject: 'boris' };

test.each([
  [superadmin, 2],
  [superadmin, null],
  [curator, 1],
])('a taken max_chat_id names the chat to principals who may see it', async (principal, university) => {
  const { details } = await maxChatIdTaken(holder(university), principal, 77);
  expect(details).toMatchObject({ detail: expect.stringContaining('77'), extra: { chat_id: 77 } });
});

test.each([2, null])('and to no other principal (university %s)', async (university) => {
  const problem = await maxChatIdTaken(holder(university), curator, 77);
  expect(problem.type).toBe('max_chat_id_taken');
  expect(JSON.stringify(problem.details)).not.toContain('77');
});

test('and not if the chat was deleted meanwhile', async () => {
  const empty = { get: async () => undefined } as unknown as ChatStore;
  expect(JSON.stringify((await maxChatIdTaken(empty, curator, 77)).details)).not.toContain('77');
});
