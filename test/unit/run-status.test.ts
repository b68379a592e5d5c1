import { describe, expect, test } from 'vitest';
import {
  isUnderWay,
  NO_COUNTS,
  type Run,
  type RunStatus,
  STALLED_AFTER_MS,
  statusOf,
} from '../../lib/state/run-store.ts';
import { T0 } from '../support/stores.ts';

const run = (some: Partial<Run>): Run => ({
  ...NO_COUNTS,
  id: 'run-1',
  startedAt: T0,
  progressedAt: T0,
  expected: 10,
  planned: 10,
  cursor: null,
  ...some,
});

describe('the status of a run', () => {
  test.each<[string, Partial<Run>, number, RunStatus]>([
    ['whose planning is not complete', { cursor: 5, done: 3 }, 0, 'planning'],
    ['whose planned chats are all done, but not planned to the end', { cursor: 5, done: 10 }, 0, 'planning'],
    ['with chats that are not done', { done: 9 }, 0, 'running'],
    ['with all chats done', { done: 10 }, 0, 'finished'],
    ['of no chats', { planned: 0 }, 0, 'finished'],
    ['with all chats done, long ago', { done: 10 }, 10 * STALLED_AFTER_MS, 'finished'],
    ['with progress half an hour ago', { done: 9 }, STALLED_AFTER_MS, 'running'],
    ['without progress for longer', { done: 9 }, STALLED_AFTER_MS + 1, 'stalled'],
    ['whose planning made no progress for longer', { cursor: 5 }, STALLED_AFTER_MS + 1, 'stalled'],
  ])('%s: %o after %i ms is %s', (_, some, ms, status) => {
    expect(statusOf(run(some), T0 + ms)).toBe(status);
    expect(isUnderWay(run(some), T0 + ms)).toBe(status === 'planning' || status === 'running');
  });
});

test('nothing is under way before the first run', () => {
  expect(isUnderWay(undefined, T0)).toBe(false);
});
