import { describe, expect, test } from 'vitest';
import { changed, differs, newChat } from '../../../lib/chats/change.ts';
import { type Chat, type ChatFields, isReadable, SHOWN_STATUSES, shownStatus } from '../../../lib/chats/chat.ts';
import { fields, T0 } from '../../support/stores.ts';

const FULL: ChatFields = {
  name: 'Группа',
  url: 'https://max.ru/a',
  maxChatId: '-70',
  externalChatId: 'crm-1',
  universityId: 7,
  department: 'Деканат',
  source: 'crm',
};
const at = (ms: number) => new Date(ms).toISOString();
const chat = (some: Partial<Chat> = {}): Chat => ({ ...newChat(1, FULL, T0), ...some });

/** A new value of each field. */
const PATCHES: readonly Partial<ChatFields>[] = [
  { name: 'Другое' },
  { url: null },
  { externalChatId: 'crm-2' },
  { universityId: null },
  { universityId: 8 },
  { department: 'Кафедра' },
  { source: null },
];

describe('a new chat', () => {
  test('has the given fields, is active, and was created and changed now', () => {
    expect(newChat(5, FULL, T0)).toEqual({ id: 5, ...FULL, status: 'active', createdAt: at(T0), updatedAt: at(T0) });
  });

  test('has the times of another system, if there are any', () => {
    expect(newChat(5, { ...FULL, createdAt: at(1), updatedAt: at(2) }, T0)).toMatchObject({
      ...{ createdAt: at(1), updatedAt: at(2) },
    });
    expect(newChat(5, { ...FULL, createdAt: at(1) }, T0)).toMatchObject({ createdAt: at(1), updatedAt: at(T0) });
  });

  test('has nothing else of what an import gives', () => {
    const line = { ...FULL, participantsCount: 5 };
    expect(Object.keys(newChat(5, line, T0)).sort()).toEqual(Object.keys(chat()).sort());
  });
});

describe('a patch', () => {
  test.each([...PATCHES, { maxChatId: '-71' }])('with %j differs, and changes this field only', (patch) => {
    expect(differs(chat(), patch)).toBe(true);
    expect(changed(chat(), patch, T0 + 5)).toEqual({ ...chat(), ...patch, updatedAt: at(T0 + 5) });
  });

  test.each([{}, FULL, { name: 'Группа', source: 'crm' }])('with %j does not differ', (patch) => {
    expect(differs(chat(), patch)).toBe(false);
  });

  test('does not change absent fields', () => {
    const { maxChatId: _, ...unlinked } = fields();
    expect(changed(chat(), unlinked, T0)).toMatchObject({ ...unlinked, maxChatId: '-70' });
  });

  test.each([
    ['a later clock', T0 + 10, T0 + 10],
    ['the same time', T0, T0 + 1],
    ['a clock that is late', T0 - 60_000, T0 + 1],
    ['the next millisecond', T0 + 1, T0 + 1],
  ])('increases the time of the change, at %s', (_, now, expected) => {
    expect(changed(chat(), { name: 'Другое' }, now).updatedAt).toBe(at(expected));
  });

  test.each(PATCHES)('with %j keeps the status', (patch) => {
    expect(changed(chat({ status: 'gone' }), patch, T0).status).toBe('gone');
  });

  test.each(['-71', null])(
    'with the MAX id %j makes the chat active, because that is another chat in MAX',
    (maxChatId) => {
      expect(changed(chat({ status: 'gone' }), { maxChatId }, T0)).toMatchObject({ maxChatId, status: 'active' });
      expect(changed(chat({ status: 'gone' }), { maxChatId: '-70' }, T0).status).toBe('gone');
    },
  );
});

describe('a status', () => {
  test.each(SHOWN_STATUSES.filter((status) => status !== 'unlinked'))(
    '%s is shown if the chat has a MAX id',
    (status) => {
      expect(shownStatus({ maxChatId: '-1', status })).toBe(status);
      expect(shownStatus({ maxChatId: null, status })).toBe('unlinked');
    },
  );

  test('allows to read the count if it is active, and the chat has a MAX id', () => {
    expect(isReadable(chat())).toBe(true);
    expect(isReadable(chat({ maxChatId: null }))).toBe(false);
    expect(isReadable(chat({ status: 'denied' }))).toBe(false);
  });
});
