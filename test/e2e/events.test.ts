import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OWN, startTarget, type Target } from './target.ts';

/** Counts follow MAX's events without any request from a client. */

const CHATS = 100;
const WINDOW_S = 3;

let target: Target;
beforeAll(async () => {
  if (!OWN) return;
  target = await startTarget(CHATS, {
    PARTICIPANTS_EVENT_WINDOW: `${WINDOW_S}s`,
    PARTICIPANTS_ENABLE_LAZY_UPDATE: 'false',
  });
});
afterAll(() => target?.stop());

interface Truth {
  readonly chat_id: string;
  readonly participants_count: number;
  readonly bot: string;
  readonly gone: string | null;
}

const control = async <B>(path: string, init?: RequestInit): Promise<B> =>
  (await (await fetch(new URL(path, target.maxControl), init)).json()) as B;

const post = (body: unknown) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

const list = async () => (await target.api().GET('/chats/all', { params: { query: { limit: 100 } } })).data?.data ?? [];

const listed = async () => new Map((await list()).map((chat) => [chat.max_chat_id, chat.participants_count]));
const ids = async () => new Map((await list()).map((chat) => [chat.max_chat_id, chat.id]));

async function until(what: string, done: () => Promise<boolean>, ms: number): Promise<void> {
  for (const end = Date.now() + ms; Date.now() < end; ) {
    if (await done()) return;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  throw new Error(`not in ${ms} ms: ${what}`);
}

describe.runIf(OWN)('events', () => {
  it('subscribes by itself, and refreshes chats with joins and leaves once per window', async () => {
    await target.runSchedule?.('scheduleCheckSubscription');
    await target.runSchedule?.('schedulePlanStale');
    await until('every count was read', async () => [...(await listed()).values()].every((n) => n !== null), 60_000);

    const { chats } = await control<{ chats: Truth[] }>(`/chats?limit=${CHATS}`);
    const told = chats.filter((chat) => chat.bot === 'reader' && chat.gone === null && chat.chat_id.startsWith('-'));
    expect(told.length).toBeGreaterThan(20);
    const { total: before } = await control<{ total: number }>('/stats');
    const changed = told.slice(0, 10);
    // Three changes of each chat within one window.
    for (const step of [1, 2, 3]) {
      for (const { chat_id, participants_count } of changed) {
        await control(`/chats/${chat_id}`, post({ count: participants_count + step }));
      }
    }
    await until(
      'every changed count was read again',
      async () => {
        const counts = await listed();
        return changed.every(({ chat_id, participants_count }) => counts.get(chat_id) === participants_count + 3);
      },
      30_000,
    );
    const { total: after } = await control<{ total: number }>('/stats');
    expect(after - before).toBeLessThanOrEqual(changed.length * 2);
  }, 120_000);

  it('registers a chat to which the bot is added, and handles all updates', async () => {
    const { chats } = await control<{ chats: Truth[] }>(`/chats?limit=${CHATS}`);
    const chat = chats.find(({ bot, gone, chat_id }) => bot === 'reader' && gone === null && chat_id.startsWith('-'));
    const id = (await ids()).get(chat?.chat_id ?? '') ?? 0;
    expect((await target.api().DELETE('/chats/{id}', { params: { path: { id } } })).response.status).toBe(204);
    await control(`/chats/${chat?.chat_id}`, post({ gone: 'denied' }));
    await control(`/chats/${chat?.chat_id}`, post({ gone: null }));
    await control('/drift', post({ changes: 300 }));
    await until(
      'the chat is back, with a count',
      async () => (await listed()).get(chat?.chat_id ?? '') != null,
      60_000,
    );
    // Failed messages would remain in flight for minutes.
    const queue = await target.queue?.('updates');
    await until(
      'every update was worked off',
      async () => {
        const depth = await queue?.depth();
        return depth?.waiting === 0 && depth.inFlight === 0;
      },
      60_000,
    );
  }, 150_000);

  it('refuses deliveries without the secret, and accepts unknown updates', async () => {
    const deliver = (headers: Record<string, string>, body: unknown = { update_type: 'new', timestamp: 1 }) =>
      fetch(`${target.url}/webhooks/max`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      });
    expect((await deliver({})).status).toBe(401);
    expect((await deliver({ 'x-max-bot-api-secret': 'guessed' })).status).toBe(401);
  });
});
