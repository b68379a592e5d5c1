import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ON_EMULATOR, OWN, startTarget, type Target } from './target.ts';

/** Counts that nobody asks for: schedule → plan → queue → worker → MAX → DynamoDB and Redis. */

const CHATS = 120;
/** The shortest there is, and what an emulator needs to notice. */
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

interface Listed {
  readonly max_chat_id: string;
  readonly participants_count: number | null;
}

async function listed(): Promise<Map<string, number | null>> {
  const headers = { authorization: `Bearer ${target.tokens.superadmin}` };
  const chats: Listed[] = [];
  for (let cursor = ''; ; ) {
    const page = await fetch(`${target.url}/chats/all?limit=100${cursor && `&cursor=${cursor}`}`, { headers });
    const { data, next_cursor } = (await page.json()) as { data: Listed[]; next_cursor: string | null };
    chats.push(...data);
    if (next_cursor === null) return new Map(chats.map((chat) => [chat.max_chat_id, chat.participants_count]));
    cursor = next_cursor;
  }
}

describe.runIf(OWN)('the background sync', () => {
  it('reads every count that is due when its schedule fires, within the quota', async () => {
    const real = await fetch(new URL('/chats?limit=10000', target.maxControl));
    const { chats } = (await real.json()) as { chats: { chat_id: string; participants_count: number }[] };
    // The local runner fires it at its start, as AWS may; an emulator a minute later.
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

  it('reads every chat in the daily full update', async () => {
    await target.runSchedule?.('schedulePlanFull');
    const headers = { authorization: `Bearer ${target.tokens.superadmin}` };
    const again = await fetch(`${target.url}/admin/participants/full-update`, { method: 'POST', headers });
    expect(again.status).toBe(409);
    const { run } = (await again.json()) as { run: { run_id: string } };
    interface Run {
      readonly status: string;
      readonly done: number;
      readonly failed: number;
    }
    let now: Run;
    const end = Date.now() + 60_000;
    do {
      await new Promise((resolve) => setTimeout(resolve, 500));
      now = (await (
        await fetch(`${target.url}/admin/participants/full-update/${run.run_id}`, { headers })
      ).json()) as Run;
    } while (now.status !== 'finished' && Date.now() < end);
    expect(now).toMatchObject({ status: 'finished', done: CHATS, failed: 0 });
  }, 90_000);
});
