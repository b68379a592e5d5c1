import { describe, expect, test } from 'vitest';
import { newChat } from '../../../lib/chats/change.ts';
import type { Chat } from '../../../lib/chats/chat.ts';
import { exactText, isNarrowed, matchesQuery, readSearch } from '../../../lib/chats/query.ts';
import { fields, query, T0 } from '../../support/stores.ts';

type Conditions = Parameters<typeof query>[0];

const chat: Chat = newChat(
  1,
  fields({
    name: 'Группа ИВТ-21',
    maxChatId: '-68000000000003',
    universityId: 7,
    department: 'Деканат',
    source: 'Crm 1',
  }),
  T0,
);

describe('a search text', () => {
  test.each([
    ['Группа ИВТ', { words: ['группа', 'ивт'], text: 'группа ивт', maxChatId: undefined }],
    [' Ёлка  ёлка ', { words: ['елка'], text: 'елка  елка', maxChatId: undefined }],
    ['...', { words: [], text: '...', maxChatId: undefined }],
    ['12', { words: ['12'], text: '12', maxChatId: '12' }],
    [' -12 ', { words: ['12'], text: '-12', maxChatId: '-12' }],
    [
      '-9223372036854775808',
      { words: ['9223372036854775808'], text: '-9223372036854775808', maxChatId: '-9223372036854775808' },
    ],
    ['12345678901234567890', { words: ['12345678901234567890'], text: '12345678901234567890', maxChatId: undefined }],
    ['--1', { words: ['1'], text: '--1', maxChatId: undefined }],
    ['1-', { words: ['1'], text: '1-', maxChatId: undefined }],
    ['x1', { words: ['x1'], text: 'x1', maxChatId: undefined }],
    ['-', { words: [], text: '-', maxChatId: undefined }],
  ])('%j has words, and may be a source or a MAX id', (text, search) => {
    expect(readSearch(text)).toEqual(search);
  });

  test.each(['', ' ', '\t\n'])('%j is no search', (text) => {
    expect(readSearch(text)).toBeUndefined();
  });
});

describe('a query', () => {
  test.each<[boolean, Conditions]>([
    [false, {}],
    [false, { scope: { universityId: 1 } }],
    [false, { search: ' ' }],
    [true, { search: 'x' }],
    [true, { department: '' }],
    [true, { source: '' }],
    [true, { statuses: ['gone'] }],
  ])('is narrowed: %j by %j', (narrowed, conditions) => {
    expect(isNarrowed(query(conditions))).toBe(narrowed);
  });

  test.each<[boolean, Conditions]>([
    [true, {}],
    [true, { scope: { universityId: 7 } }],
    [false, { scope: { universityId: 8 } }],
    [true, { department: exactText(' ДЕКАНАТ') }],
    [false, { department: 'декан' }],
    [true, { source: 'crm 1' }],
    [false, { source: 'crm' }],
    [true, { statuses: ['active'] }],
    [true, { statuses: ['gone', 'active'] }],
    [false, { statuses: ['gone', 'unlinked'] }],
    [true, { search: 'гру' }],
    [true, { search: 'ивт декан' }],
    [false, { search: 'ивт 22' }],
    [true, { search: 'CRM 1' }],
    [false, { search: 'crm' }],
    [false, { search: 'crm 11' }],
    [true, { search: '-68000000000003' }],
    [false, { search: '68000000000003' }],
    [false, { search: '...' }],
    [true, { scope: { universityId: 7 }, department: 'деканат', source: 'crm 1', statuses: ['active'], search: 'гру' }],
    [false, { scope: { universityId: 7 }, department: 'деканат', source: 'crm 1', statuses: ['active'], search: 'x' }],
  ])('matches: %j, %j', (matches, conditions) => {
    expect(matchesQuery(chat, query(conditions))).toBe(matches);
  });

  test.each<[boolean, Conditions]>([
    [false, { scope: { universityId: 7 } }],
    [false, { department: 'null' }],
    [false, { source: 'null' }],
    [true, { statuses: ['unlinked'] }],
    [false, { statuses: ['active'] }],
    [false, { search: 'null' }],
    [false, { search: '-1' }],
    [false, { search: '...' }],
  ])('matches a chat without any value: %j, %j', (matches, conditions) => {
    expect(matchesQuery(newChat(1, fields(), T0), query(conditions))).toBe(matches);
  });
});
