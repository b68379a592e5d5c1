import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ListQuery } from './client.ts';
import { ON_EMULATOR, OWN, startTarget, type Target } from './target.ts';

/** Counts that no client requests: schedule → plan → queue → worker → MAX → DynamoDB and Redis. */

const CHATS = 120;
/** The shortest possible interval, and the time that an emulator needs to notice it. */
const FIRES_WITHIN_MS = 60_000 + 15_000;

let target: Target;
beforeAll(async () => {
  if (!OWN) return;
  target = await startTarget(CHATS, {
    PARTICIPANTS_UPDATE_INTERVAL: '1m',
    PARTICIPANTS_ENABLE_LAZY_UPDATE: 'false',
  });
});
afterAll(() => target?.stop());

async function listed(): Promise<Map<string | null, number | null>> {
  const counts = new Map<string | null, number | null>();
  let cursor: string | null = null;
  do {
    const query: ListQuery = { limit: 100, ...(cursor && { cursor }) };
    const page = (await target.api().GET('/chats/all', { params: { query } })).data;
    if (!page) throw new Error('there is no page');
    for (const chat of page.data) counts.set(chat.max_chat_id, chat.participants_count);
    cursor = page.next_cursor;
  } while (cursor);
  return counts;
}

describe.runIf(OWN)('the background sync', () => {
  it('refreshes all due counts when its schedule fires, within the quota', async () => {
    const real = await fetch(new URL('/chats?limit=10000', target.maxControl));
    const { chats } = (await real.json()) as { chats: { chat_id: string; participants_count: number }[] };
    // The local runner fires it at its start, like AWS may; an emulator fires it a minute later.
    const end = Date.now() + (ON_EMULATOR ? FIRES_WITHIN_MS : 0) + 60_000;
    let counts = await listed();
    while ([...counts.values()].some((count) => count === null) && Date.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      counts = await listed();
    }
    expect(counts).toEqual(new Map(chats.map((chat) => [chat.chat_id, chat.participants_count])));
    const stats = await fetch(new URL('/stats', target.maxControl));
    expect(await stats.json()).toMatchObject({ max_in_any_1000ms: expect.toSatisfy((n) => n <= 30) });
  }, 180_000);

  it('refreshes all chats in the daily full update', async () => {
    await target.runSchedule?.('schedulePlanFull');
    const again = await target.api().POST('/admin/participants/full-update');
    const problem = again.error;
    if (!problem || !('run' in problem)) throw new Error('no full update was under way');
    const path = { run_id: problem.run.run_id };
    const progress = async () =>
      (await target.api().GET('/admin/participants/full-update/{run_id}', { params: { path } })).data;
    let now: Awaited<ReturnType<typeof progress>>;
    const end = Date.now() + 60_000;
    do {
      await new Promise((resolve) => setTimeout(resolve, 500));
      now = await progress();
    } while (now?.status !== 'finished' && Date.now() < end);
    expect(now).toMatchObject({ status: 'finished', done: CHATS, failed: 0 });
  }, 90_000);
});
