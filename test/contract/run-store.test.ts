import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { beforeEach, describe, expect, inject, test } from 'vitest';
import { createDynamoRunStore } from '../../lib/adapters/dynamodb/run-store.ts';
import { MAX_LISTED_RUNS, NO_COUNTS, type Run, type RunStore, STALLED_AFTER_MS } from '../../lib/state/run-store.ts';
import { connectDynamo, createDatabase } from '../support/dynamodb.ts';
import { IMPLEMENTATIONS, type Stores, T0 } from '../support/stores.ts';

const run = (id: string, some: Partial<Run> = {}): Run => ({
  id,
  startedAt: T0,
  progressedAt: T0,
  expected: 100,
  planned: 0,
  cursor: 0,
  ...NO_COUNTS,
  ...some,
});

const result = (done: number, remaining: readonly number[] = []) => ({
  counts: { done, changed: done - 1, failed: 1, unavailable: 0 },
  remaining,
});

describe.each(IMPLEMENTATIONS)('run store in %s', (_, open) => {
  let stores: Stores;
  let store: RunStore;
  beforeEach(async () => {
    stores = await open();
    store = stores.runs;
  });

  describe('start', () => {
    test('stores the run', async () => {
      expect(await store.start(run('a'), T0)).toEqual({ started: true, run: run('a') });
      expect(await store.get('a')).toEqual(run('a'));
      expect(await store.get('b')).toBeUndefined();
    });

    test('returns the run in progress, whether it is planning or running', async () => {
      await store.start(run('a'), T0);
      expect(await store.start(run('b'), T0 + STALLED_AFTER_MS)).toEqual({ started: false, run: run('a') });
      await store.advance('a', 0, null, { planned: 5, unavailable: 0 }, T0 + 1);
      expect(await store.start(run('b'), T0 + 2)).toMatchObject({ started: false, run: { id: 'a', planned: 5 } });
      expect(await store.get('b')).toBeUndefined();
    });

    test('starts a run if the last one has finished or stalled', async () => {
      await store.start(run('a'), T0);
      await store.advance('a', 0, null, { planned: 5, unavailable: 5 }, T0 + 1);
      expect(await store.start(run('b'), T0 + 2)).toMatchObject({ started: true });
      expect(await store.start(run('c'), T0 + STALLED_AFTER_MS)).toMatchObject({ run: { id: 'b' } });
      expect(await store.start(run('c'), T0 + STALLED_AFTER_MS + 1)).toMatchObject({ started: true });
    });

    test.each([undefined, 'stalled'])('by simultaneous callers starts one run for all (last: %s)', async (last) => {
      const now = T0 + 2 * STALLED_AFTER_MS;
      if (last) await store.start(run(last), T0);
      const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
      const outcomes = await Promise.all(ids.map((id) => store.start(run(id, { progressedAt: now }), now)));
      const winners = outcomes.filter(({ started }) => started);
      expect(winners).toHaveLength(1);
      expect(new Set(outcomes.map(({ run }) => run.id))).toEqual(new Set([winners[0]?.run.id]));
      expect((await Promise.all(ids.map((id) => store.get(id)))).filter(Boolean)).toHaveLength(1);
    });

    test('refuses an id that was already used', async () => {
      await store.start(run('a', { cursor: null }), T0);
      await expect(store.start(run('a'), T0)).rejects.toThrow('Run a was started before');
    });
  });

  describe('advance', () => {
    test('adds planned chats, and counts chats that need no request as done', async () => {
      await store.start(run('a'), T0);
      expect(await store.advance('a', 0, 50, { planned: 50, unavailable: 2 }, T0 + 1)).toBe(true);
      expect(await store.advance('a', 50, null, { planned: 7, unavailable: 1 }, T0 + 2)).toBe(true);
      expect(await store.get('a')).toEqual(
        run('a', { cursor: null, planned: 57, done: 3, unavailable: 3, progressedAt: T0 + 2 }),
      );
    });

    test('changes nothing from another cursor, or the second time', async () => {
      await store.start(run('a'), T0);
      const step = () => store.advance('a', 0, 50, { planned: 50, unavailable: 2 }, T0 + 1);
      expect((await Promise.all([step(), step(), step()])).filter(Boolean)).toHaveLength(1);
      expect(await store.advance('a', 0, null, { planned: 9, unavailable: 9 }, T0 + 2)).toBe(false);
      expect(await store.advance('b', 0, null, { planned: 9, unavailable: 9 }, T0 + 2)).toBe(false);
      expect(await store.get('a')).toMatchObject({ cursor: 50, planned: 50, done: 2, progressedAt: T0 + 1 });
      expect(await store.get('b')).toBeUndefined();
    });
  });

  describe('a page', () => {
    const page = { ids: [1, 2, 3], planned: 4, next: 50 };

    test('is saved once for each cursor: a planning that is repeated gets the first one', async () => {
      await store.start(run('a'), T0);
      expect(await store.savePage('a', 0, page)).toEqual(page);
      expect(await store.savePage('a', 0, { ids: [1], planned: 1, next: null })).toEqual(page);
      expect(await store.advance('a', 0, 50, { planned: 4, unavailable: 1 }, T0 + 1)).toBe(true);
      const second = { ids: [], planned: 0, next: null };
      expect(await store.savePage('a', 50, second)).toEqual(second);
    });

    test('is not saved from another cursor, nor for a run that does not exist', async () => {
      await store.start(run('a'), T0);
      await store.advance('a', 0, 50, { planned: 4, unavailable: 1 }, T0 + 1);
      expect(await store.savePage('a', 0, page)).toBeUndefined();
      expect(await store.savePage('b', 0, page)).toBeUndefined();
    });
  });

  test('returns the run that was started last', async () => {
    expect(await store.current()).toBeUndefined();
    await store.start(run('a'), T0);
    expect(await store.current()).toMatchObject({ id: 'a' });
  });

  describe('the latest runs', () => {
    const startEnded = (id: string, at: number) => store.start(run(id, { cursor: null, startedAt: at }), at);

    test('are none at first, then listed with their results, the newest first', async () => {
      expect(await store.latest(5)).toEqual([]);
      await startEnded('c', T0);
      await store.book('c', '0', result(10), T0 + 1);
      await startEnded('a', T0 + 2);
      await store.start(run('b'), T0 + 3);
      expect(await store.latest(5)).toEqual([
        run('b'),
        run('a', { cursor: null, startedAt: T0 + 2 }),
        run('c', { cursor: null, ...result(10).counts, progressedAt: T0 + 1 }),
      ]);
      expect((await store.latest(2)).map(({ id }) => id)).toEqual(['b', 'a']);
    });

    test('contain each run once, and none that was not started', async () => {
      await startEnded('a', T0);
      await Promise.all(['b', 'c', 'd'].map((id) => store.start(run(id), T0)));
      const started = await store.current();
      expect((await store.latest(5)).map(({ id }) => id)).toEqual([started?.id, 'a']);
    });

    test(`are at most ${MAX_LISTED_RUNS}`, async () => {
      const ids = Array.from({ length: MAX_LISTED_RUNS + 5 }, (_, i) => `run-${i}`);
      for (const [i, id] of ids.entries()) await startEnded(id, T0 + i);
      expect((await store.latest(MAX_LISTED_RUNS)).map(({ id }) => id)).toEqual(
        ids.toReversed().slice(0, MAX_LISTED_RUNS),
      );
    });
  });

  describe('book', () => {
    beforeEach(() => store.start(run('a'), T0));

    test('adds the result and returns it', async () => {
      expect(await store.book('a', '0/1', result(10, [4, 5]), T0 + 1)).toEqual(result(10, [4, 5]));
      expect(await store.get('a')).toEqual(run('a', { ...result(10).counts, progressedAt: T0 + 1 }));
    });

    test('of a recorded part returns the first result', async () => {
      await store.book('a', '0/1', result(10, [4, 5]), T0 + 1);
      expect(await store.book('a', '0/1', result(12), T0 + 2)).toEqual(result(10, [4, 5]));
      expect(await store.get('a')).toMatchObject({ done: 10, progressedAt: T0 + 1 });
    });

    test('by simultaneous callers counts each part once, and all get the same result', async () => {
      const parts = Array.from({ length: 12 }, (_, i) => `0/${i % 4}`);
      const results = await Promise.all(parts.map((part, i) => store.book('a', part, result(10, [i]), T0 + 1)));
      expect(await store.get('a')).toMatchObject({ done: 40, changed: 36, failed: 4 });
      for (const [i, { remaining }] of results.entries()) expect(remaining).toEqual(results[i % 4]?.remaining);
    });

    test('refuses a part of an unknown run', async () => {
      await expect(store.book('b', '0/1', result(10), T0)).rejects.toThrow('There is no run b');
      expect(await store.get('b')).toBeUndefined();
    });
  });
});

describe('in DynamoDB', () => {
  let database: Awaited<ReturnType<typeof createDatabase>>;
  let store: RunStore;
  beforeEach(async () => {
    database = await createDatabase(connectDynamo(inject('dynamodbEndpoint')));
    store = createDynamoRunStore(database);
  });
  const put = (item: object) => database.client.send(new PutCommand({ TableName: database.tables.state, Item: item }));

  test('the latest runs are without those that have expired', async () => {
    await put({ pk: 'run#current', run_id: 'expired', earlier: ['expired too'] });
    expect(await store.latest(5)).toEqual([]);
    await store.start(run('a'), T0);
    expect(await store.latest(5)).toEqual([run('a')]);
  });

  test('the item that names them does not grow', async () => {
    for (let i = 0; i < MAX_LISTED_RUNS + 5; i += 1) await store.start(run(`run-${i}`, { cursor: null }), T0);
    const key = { TableName: database.tables.state, Key: { pk: 'run#current' } };
    const { Item } = await database.client.send(new GetCommand(key));
    expect(Item?.earlier).toHaveLength(MAX_LISTED_RUNS - 1);
  });

  test('an item of an earlier version names only the last run', async () => {
    await store.start(run('a', { cursor: null }), T0);
    await put({ pk: 'run#current', run_id: 'a' });
    expect(await store.latest(5)).toMatchObject([{ id: 'a' }]);
    await store.start(run('b'), T0);
    expect(await store.latest(5)).toMatchObject([{ id: 'b' }, { id: 'a' }]);
  });

  test('runs expire after 30 days, and their parts after 2 days', async () => {
    await store.start(run('a'), T0);
    await store.book('a', '0', result(1), T0);
    const expiry = async (pk: string) => {
      const { Item } = await database.client.send(new GetCommand({ TableName: database.tables.state, Key: { pk } }));
      return Item?.expires_at;
    };
    const days = (n: number) => T0 / 1_000 + n * 24 * 3_600;
    expect([await expiry('run#a'), await expiry('run#a#0'), await expiry('run#current')]).toEqual([
      days(30),
      days(2),
      undefined,
    ]);
  });
});
