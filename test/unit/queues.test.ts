import { describe, expect, test } from 'vitest';
import { enqueueDue, planMessage, refreshMessage } from '../../lib/state/queues.ts';
import { T0 } from '../support/stores.ts';

describe('due chats', () => {
  /** Returns the messages that were sent, each with its queue and delay, and the number that was returned. */
  async function enqueued(chats: Parameters<typeof enqueueDue>[4], batchSize = 2) {
    const sent: unknown[] = [];
    const count = await enqueueDue(
      {
        async send(queue, messages, delayMs) {
          sent.push(...messages.map((message) => [queue, delayMs, message]));
        },
        depth: async () => 0,
      },
      'bulk',
      batchSize,
      T0,
      chats,
    );
    return { sent, count };
  }
  const message = (...ids: number[]) => ({ ids, requested_at: T0, charged_to_planner: true });

  test('of the same 30 s share messages, which wait for their time', async () => {
    const chats = [
      { id: 1, inMs: 30_000 },
      { id: 2, inMs: 29_999 },
      { id: 3, inMs: 59_999 },
      { id: 4, inMs: 0 },
      { id: 5, inMs: 600_000 },
    ];
    expect(await enqueued(chats)).toEqual({
      sent: [
        ['bulk', 30_000, message(1, 3)],
        ['bulk', 0, message(2, 4)],
        ['bulk', 600_000, message(5)],
      ],
      count: 3,
    });
  });

  test('that are late go at once', async () => {
    expect(await enqueued([{ id: 1, inMs: -90_000 }])).toEqual({ sent: [['bulk', 0, message(1)]], count: 1 });
  });

  test('fill messages up to their size', async () => {
    const chats = [1, 2, 3, 4, 5].map((id) => ({ id, inMs: 0 }));
    expect(await enqueued(chats)).toEqual({
      sent: [message(1, 2), message(3, 4), message(5)].map((part) => ['bulk', 0, part]),
      count: 3,
    });
  });

  test('may be none', async () => {
    expect(await enqueued([])).toEqual({ sent: [], count: 0 });
  });
});

describe('a message', () => {
  const good = { ids: [1, 500], requested_at: T0 };

  test.each([good, { ...good, run: { id: 'run-1', part: '0' } }, { ...good, charged_to_planner: true }])(
    'is accepted: %j',
    (message) => {
      expect(refreshMessage.parse(message)).toEqual(message);
    },
  );

  test.each([
    { ...good, ids: [] },
    { ...good, ids: [0] },
    { ...good, ids: [1.5] },
    { ...good, ids: Array.from({ length: 501 }, (_, i) => i + 1) },
    { ids: [1] },
    { ...good, requested_at: 0 },
    { ...good, run: { id: 'run-1' } },
    { ...good, run: { id: '', part: '0' } },
    { ...good, charged_to_planner: false },
  ])('is refused: %j', (message) => {
    expect(refreshMessage.safeParse(message).success).toBe(false);
  });

  test('that continues a planning names the run', () => {
    expect(planMessage.parse({ run_id: 'run-1' })).toEqual({ run_id: 'run-1' });
    for (const message of [{}, { run_id: '' }]) expect(planMessage.safeParse(message).success).toBe(false);
  });
});
