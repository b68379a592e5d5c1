import { describe, expect, test } from 'vitest';
import type { CountedChat } from '../../../lib/chats/chat.ts';
import {
  type Mover,
  NO_MOVERS,
  NO_SUMS,
  type Sums,
  shareFresherThanHour,
  withChat,
  withMover,
} from '../../../lib/chats/sums.ts';
import { T0 } from '../../support/stores.ts';

const HOUR = 3_600_000;
const FRESH = 2 * HOUR;

const counted = (
  some: Partial<CountedChat['chat']> = {},
  participantsCount: number | null = 5,
  ageMs: number | null = 0,
) => ({
  chat: { ...{ id: 1, universityId: 7, maxChatId: '-1', status: 'active' as const }, ...some },
  participantsCount,
  readAt: ageMs === null ? null : T0 - ageMs,
});
const sumsOf = (...chats: CountedChat[]): Sums =>
  chats.reduce((sums, chat) => withChat(sums, chat, T0, FRESH), NO_SUMS);

describe('the sums', () => {
  test('count chats, participants and statuses', () => {
    const sums = sumsOf(
      counted(),
      counted({}, 7, 3 * HOUR),
      counted({ status: 'gone' }, 9, 5 * HOUR),
      counted({}, null, null),
      counted({ maxChatId: null }, null, null),
    );
    expect(sums).toEqual({
      ...{ chats: 5, participants: 21, neverRead: 1, stale: 1, readWithinHour: 1 },
      byStatus: { active: 3, gone: 1, unlinked: 1 },
    });
  });

  test.each([
    [0, 0, 1],
    [HOUR - 1, 0, 1],
    [HOUR, 0, 0],
    [FRESH, 0, 0],
    [FRESH + 1, 1, 0],
  ])('of a count %i ms old: stale %i, within an hour %i', (ageMs, stale, readWithinHour) => {
    expect(sumsOf(counted({}, 5, ageMs))).toMatchObject({ stale, readWithinHour });
  });

  test.each(['gone', 'denied', 'closed'] as const)('of a chat that is %s have its count, but no age', (status) => {
    expect(sumsOf(counted({ status }, 5, 99 * HOUR), counted({ status }, 6, 0))).toMatchObject({
      ...{ participants: 11, stale: 0, readWithinHour: 0, neverRead: 0 },
    });
    expect(sumsOf(counted({ status }, null, null))).toMatchObject({ neverRead: 1 });
  });

  test('of an earlier version get the chats read within an hour', () => {
    expect(withChat({ ...NO_SUMS, readWithinHour: undefined }, counted(), T0, FRESH).readWithinHour).toBe(1);
  });

  test('give the share of active chats that were read within an hour', () => {
    expect(shareFresherThanHour(sumsOf(counted(), counted({}, 5, HOUR), counted({ status: 'gone' })))).toBe(0.5);
    expect(shareFresherThanHour(sumsOf(counted({}, 5, HOUR)))).toBe(0);
    expect(shareFresherThanHour(sumsOf(counted({ status: 'gone' })))).toBeNull();
    expect(shareFresherThanHour({ ...sumsOf(counted()), readWithinHour: undefined })).toBeNull();
  });
});

describe('the movers', () => {
  const mover = (id: number, by: number): Mover => ({ id, before: 100, after: 100 + by });
  const moversOf = (most: number, ...movers: Mover[]) =>
    movers.reduce((all, one) => withMover(all, one, most), NO_MOVERS);
  const changes = (movers: readonly Mover[]) => movers.map(({ id, before, after }) => `${id}: ${after - before}`);

  test('are those that grew and those that shrank, the largest change first', () => {
    const { grew, shrank } = moversOf(3, mover(1, 5), mover(2, -7), mover(3, 9), mover(4, -9), mover(5, 6));
    expect(changes(grew)).toEqual(['3: 9', '5: 6', '1: 5']);
    expect(changes(shrank)).toEqual(['4: -9', '2: -7']);
  });

  test('are limited in number: the smallest changes are left out', () => {
    const { grew, shrank } = moversOf(
      2,
      mover(1, 5),
      mover(2, 6),
      mover(3, 4),
      mover(4, 7),
      mover(5, -1),
      mover(6, -2),
      mover(7, -3),
    );
    expect(changes(grew)).toEqual(['4: 7', '2: 6']);
    expect(changes(shrank)).toEqual(['7: -3', '6: -2']);
  });

  test('with the same change are in the order of ids, and the lowest ids stay', () => {
    expect(changes(moversOf(3, mover(3, 5), mover(1, 5), mover(2, 5)).grew)).toEqual(['1: 5', '2: 5', '3: 5']);
    expect(changes(moversOf(2, mover(2, -5), mover(3, -5), mover(1, -5)).shrank)).toEqual(['1: -5', '2: -5']);
  });

  test('are not chats without a change', () => {
    const before = moversOf(2, mover(1, 5));
    expect(withMover(before, mover(2, 0), 2)).toBe(before);
  });

  test('are the same object if the list is full of larger changes', () => {
    const before = moversOf(1, mover(1, 5));
    expect(withMover(before, mover(2, 4), 1)).toBe(before);
    expect(withMover(before, mover(2, 5), 1)).toBe(before);
    expect(changes(withMover(before, mover(2, 6), 1).grew)).toEqual(['2: 6']);
  });

  test('are none if the list has no places', () => {
    expect(moversOf(0, mover(1, 5))).toEqual(NO_MOVERS);
  });
});
