import { expect, test } from 'vitest';
import { forEach } from '../../lib/base/for-each.ts';

const settle = () => new Promise((resolve) => setImmediate(resolve));

test.each([
  [10, 3, 3],
  [3, 3, 3],
  [2, 5, 2],
  [4, 1, 1],
  [0, 3, 0],
])('of %i items, at most %i are worked on at a time', async (length, width, most) => {
  const items = Array.from({ length }, (_, i) => i);
  const begun: number[] = [];
  const done: number[] = [];
  let largest = 0;
  await forEach(items, width, async (item) => {
    begun.push(item);
    largest = Math.max(largest, begun.length - done.length);
    await settle();
    done.push(item);
  });
  expect(largest).toBe(most);
  expect(begun).toEqual(items);
  expect(done.sort((a, b) => a - b)).toEqual(items);
});

test('a free place takes the next item, while others are still busy', async () => {
  const first = Promise.withResolvers<void>();
  const begun: number[] = [];
  const all = forEach([0, 1, 2, 3], 2, async (item) => {
    begun.push(item);
    if (item === 0) await first.promise;
  });
  await settle();
  expect(begun).toEqual([0, 1, 2, 3]);
  first.resolve();
  await all;
});

test('a failure is passed on', async () => {
  await expect(forEach([1, 2], 2, async (item) => Promise.reject(new Error(`item ${item}`)))).rejects.toThrow('item 1');
});
