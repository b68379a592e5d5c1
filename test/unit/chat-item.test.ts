import { expect, test } from 'vitest';
import { chatOf, newItem, packLearnt, planningOf } from '../../lib/adapters/dynamodb/chat-item.ts';
import type { Chat } from '../../lib/chats/chat.ts';
import { beliefFrom, UNKNOWN_POPULATION } from '../../lib/planner/change-rate.ts';

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

const stored = (chat: Chat) =>
  Object.fromEntries(Object.entries(newItem(chat, null, 0).chat).filter(([, value]) => value !== undefined));

test('a stored chat has no attribute for a field with its usual value, except its MAX id, which conditions compare', () => {
  const always = { name: chat.name, max_chat_id: null, created_at: chat.createdAt };
  const changed = { updated_at: chat.updatedAt };
  const unchanged = { ...chat, updatedAt: chat.createdAt };
  const gone = { ...chat, status: 'gone' as const };
  expect(stored(chat)).toEqual({ ...always, ...changed });
  expect(stored(unchanged)).toEqual(always);
  expect(stored(gone)).toEqual({ ...always, ...changed, status: 'gone' });
  for (const each of [chat, unchanged, gone]) expect(chatOf(newItem(each, null, 0))).toEqual(each);
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

test('a belief of an older version is read as evidence that gives the same belief', () => {
  const { learnt } = planningOf({ learnt: [-1.5, 0.25, 2.5, 10, 1_700_000_000_000] });
  const belief = beliefFrom(UNKNOWN_POPULATION, learnt?.evidence ?? { precision: 0, weighted: 0 });
  expect(belief.mean).toBeCloseTo(-1.5, 9);
  expect(belief.variance).toBeCloseTo(0.25, 9);
  expect(learnt).toMatchObject({
    ...{ views: { views: 2.5, hours: 10, countedTo: 1_700_000_000_000 }, count: null },
    activity: { messages: null, silenceUsedUntil: null },
  });
  // A belief that knew nothing, or was wider than the prior, is no evidence.
  expect(planningOf({ learnt: [-3, 4.2, 0, 0, 0] }).learnt?.evidence.precision).toBe(0);
});

test('what was learnt is stored with six digits, and is read again', () => {
  const learnt = {
    ...{ evidence: { precision: 1 / 3, weighted: -2 / 3 }, views: { views: 2, hours: 7.5, countedTo: 9 } },
    ...{ count: 40, activity: { messages: null, silenceUsedUntil: 8 } },
  };
  expect(planningOf({ learnt: packLearnt(learnt) }).learnt).toEqual({
    ...learnt,
    evidence: { precision: 0.333333, weighted: -0.666667 },
  });
});
