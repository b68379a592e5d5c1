import { describe, expect, test } from 'vitest';
import type { Principal } from '../../../lib/http/principal.ts';
import { maxChatIdTaken, requireIntegration, visibleChat } from '../../../lib/http/visible.ts';
import { created, openMemory } from '../../support/stores.ts';

const curator: Principal = { role: 'curator', subject: 'anna', university_id: 1 };
const superadmin: Principal = { role: 'superadmin', subject: 'boris' };

/** A store with one chat. */
async function chatOf(universityId: number | null) {
  const { chats } = await openMemory();
  return { chats, id: await created(chats, { universityId }) };
}

const visibleTo: [Principal, number | null][] = [
  [superadmin, 2],
  [superadmin, null],
  [curator, 1],
];

describe('a chat', () => {
  test.each(visibleTo)('is visible to %j if its university is %s', async (principal, university) => {
    const { chats, id } = await chatOf(university);
    expect(await visibleChat(chats, principal, id)).toEqual(await chats.get(id));
  });

  test.each([2, null])('of university %s is forbidden to a curator of another', async (university) => {
    const { chats, id } = await chatOf(university);
    await expect(visibleChat(chats, curator, id)).rejects.toMatchObject({
      type: 'forbidden',
      details: { detail: expect.stringMatching(new RegExp(`\\b${id}\\b.*university`)) },
    });
  });

  test.each([superadmin, curator])('that does not exist is not found by anybody', async (principal) => {
    const { chats, id } = await chatOf(1);
    await expect(visibleChat(chats, principal, id + 1)).rejects.toMatchObject({
      type: 'not_found',
      details: { detail: expect.stringMatching(new RegExp(`\\b${id + 1}\\b`)) },
    });
  });
});

describe('a taken max_chat_id', () => {
  test.each(visibleTo)('names the chat to %j if its university is %s', async (principal, university) => {
    const { chats, id } = await chatOf(university);
    expect(await maxChatIdTaken(chats, principal, id)).toMatchObject({
      type: 'max_chat_id_taken',
      details: { detail: expect.stringMatching(new RegExp(`\\b${id}\\b.*max_chat_id`)), extra: { chat_id: id } },
    });
  });

  const anonymous = { detail: expect.stringMatching(/^\D*max_chat_id\D*$/) };

  test.each([2, null])('names no chat of university %s to a curator of another', async (university) => {
    const { chats, id } = await chatOf(university);
    const problem = await maxChatIdTaken(chats, curator, id);
    expect(problem.type).toBe('max_chat_id_taken');
    expect(problem.details).toEqual(anonymous);
  });

  test('names no chat that was deleted meanwhile', async () => {
    const { chats, id } = await chatOf(1);
    await chats.delete(id);
    expect((await maxChatIdTaken(chats, superadmin, id)).details).toEqual(anonymous);
  });
});

describe('what needs MAX', () => {
  test('is possible while the integration is on', () => {
    expect(() => requireIntegration(false)).not.toThrow();
  });

  test('is refused while the integration is off, with the name of the switch', () => {
    expect(() => requireIntegration(true)).toThrow(expect.objectContaining({ type: 'integration_disabled' }));
    expect(() => requireIntegration(true)).toThrow('PARTICIPANTS_INTEGRATION_DISABLED');
  });
});
