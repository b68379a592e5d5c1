import { GetCommand } from '@aws-sdk/lib-dynamodb';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { IMPLEMENTATIONS, KEPT_DAYS, openDynamo, type Stores } from '../support/stores.ts';

const DAY = '2026-11-23';
const T0 = Date.UTC(2026, 10, 23, 9);
const HOUR = 3_600_000;

describe.each(IMPLEMENTATIONS)('the history of counts in %s', (_, open) => {
  let history: Stores['history'];
  beforeEach(async () => {
    ({ history } = await open());
  });

  const record = (chatId: number, count: number, readAt: number) => history.record(chatId, { count, readAt });
  const all = (chatId: number) => history.days(chatId, '0001-01-01', '9999-12-31');

  test('has one entry per day: the first, the smallest, the largest and the last count', async () => {
    for (const [i, count] of [10, 7, 12, 11].entries()) await record(1, count, T0 + i * HOUR);
    expect(await all(1)).toEqual([
      { date: DAY, first: 10, firstAt: T0, min: 7, max: 12, last: 11, lastAt: T0 + 3 * HOUR },
    ]);
  });

  test('changes the day at midnight in UTC, and keeps chats separate', async () => {
    const midnight = Date.UTC(2026, 10, 24);
    await record(1, 5, midnight - 1);
    await record(1, 6, midnight);
    await record(2, 7, midnight);
    expect((await all(1)).map(({ date, last }) => [date, last])).toEqual([
      ['2026-11-23', 5],
      ['2026-11-24', 6],
    ]);
    expect((await all(2)).map(({ last }) => last)).toEqual([7]);
    expect(await all(3)).toEqual([]);
  });

  test('returns the days of a range, including its ends, oldest first', async () => {
    for (const day of [4, 1, 3, 2, 5]) await record(1, day, Date.UTC(2026, 0, day, 12));
    const days = await history.days(1, '2026-01-02', '2026-01-04');
    expect(days.map(({ date }) => date)).toEqual(['2026-01-02', '2026-01-03', '2026-01-04']);
    expect(await history.days(1, '2026-01-06', '2026-02-01')).toEqual([]);
  });

  test('adds a late reading without losing newer ones', async () => {
    await record(1, 10, T0 + HOUR);
    await record(1, 3, T0);
    expect(await all(1)).toEqual([{ date: DAY, first: 3, firstAt: T0, min: 3, max: 10, last: 10, lastAt: T0 + HOUR }]);
  });

  test('is the same for any order of readings, repeated, sequential or concurrent', async () => {
    const readings = fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: 60 }), fc.nat(20)), {
      selector: ([time]) => time,
      minLength: 1,
      maxLength: 6,
    });
    let chatId = 100;
    await fc.assert(
      fc.asyncProperty(
        readings.chain((some) => fc.tuple(fc.constant(some), fc.shuffledSubarray([...some, ...some]), fc.boolean())),
        async ([readings, order, atOnce]) => {
          chatId += 1;
          const deliver = ([time, count]: (typeof readings)[number]) => record(chatId, count, T0 + time);
          const delivered = [...order, ...readings.filter((reading) => !order.includes(reading))];
          if (atOnce) await Promise.all(delivered.map(deliver));
          else for (const reading of delivered) await deliver(reading);

          const sorted = readings.toSorted(([a], [b]) => a - b);
          const counts = readings.map(([, count]) => count);
          expect(await all(chatId)).toEqual([
            {
              date: DAY,
              ...{ first: sorted[0]?.[1], firstAt: T0 + (sorted[0]?.[0] ?? 0) },
              ...{ min: Math.min(...counts), max: Math.max(...counts) },
              ...{ last: sorted.at(-1)?.[1], lastAt: T0 + (sorted.at(-1)?.[0] ?? 0) },
            },
          ]);
        },
      ),
      { numRuns: 25 },
    );
  });
});

describe('an entry in DynamoDB', () => {
  test('expires after the configured days', async () => {
    const { history, database } = await openDynamo();
    await history.record(1, { count: 5, readAt: T0 });
    const { Item } = await database.client.send(
      new GetCommand({ TableName: database.history, Key: { series: 'chat#1', day: DAY } }),
    );
    expect(Item?.expires_at).toBe(Date.UTC(2026, 10, 24 + KEPT_DAYS) / 1_000);
  });

  test('costs one write for a reading that changes it, and none otherwise', async () => {
    const { history, database } = await openDynamo();
    const writes: string[] = [];
    database.client.middlewareStack.add(
      (next, { commandName }) =>
        async (args) => {
          if (!/^(Get|Query)/.test(commandName ?? '')) writes.push(commandName ?? '');
          return next(args);
        },
      { step: 'initialize' },
    );
    for (const [i, count] of [5, 6, 4, 5].entries()) await history.record(1, { count, readAt: T0 + i });
    expect(writes).toHaveLength(4);
    await history.record(1, { count: 5, readAt: T0 + 3 });
    expect(writes).toHaveLength(4);
  });
});
