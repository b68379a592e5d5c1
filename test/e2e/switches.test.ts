import { afterEach, describe, expect, it } from 'vitest';
import { OWN, startTarget, type Target } from './target.ts';

/** The kill switches. Each test starts its own service. */

let target: Target | undefined;
afterEach(async () => {
  await target?.stop();
  target = undefined;
});

function api() {
  if (!target) throw new Error('no service was started');
  return target.api();
}
const FIRST_PAGE = { params: { query: { limit: 20 } } };
const FIRST_CHAT = { params: { path: { id: 1 } } };

const askedOfMax = async () => {
  if (!target) throw new Error('no service was started');
  const response = await fetch(new URL('/stats', target.maxControl));
  return ((await response.json()) as { total: number }).total;
};

const someSeconds = () => new Promise((resolve) => setTimeout(resolve, 3_000));

describe.runIf(OWN)('PARTICIPANTS_INTEGRATION_DISABLED', () => {
  it('serves counts from DynamoDB, uses neither MAX nor Redis, and responds with an error if either is needed', async () => {
    target = await startTarget(20, { PARTICIPANTS_INTEGRATION_DISABLED: 'true' });
    await target.redis?.kill();
    const { data, response } = await api().GET('/chats/all', FIRST_PAGE);
    expect(response.status).toBe(200);
    expect(data?.data).toHaveLength(20);
    expect(data?.data).toEqual(
      data?.data.map(() => expect.objectContaining({ participants_source: 'database', participants_count: null })),
    );
    const refusals = [
      await api().POST('/chats/{id}/refresh-participants', FIRST_CHAT),
      await api().POST('/admin/participants/full-update'),
      await api().GET('/admin/participants/validate'),
    ];
    for (const { error } of refusals) {
      expect(error).toMatchObject({
        status: 503,
        detail: expect.stringContaining('PARTICIPANTS_INTEGRATION_DISABLED'),
      });
    }
    expect((await api().GET('/health')).data).toMatchObject({
      status: 'ok',
      dependencies: { redis: { state: 'disabled' }, max: { state: 'disabled' } },
    });
    await target.runSchedule?.('schedulePlanStale');
    await target.runSchedule?.('schedulePlanFull');
    await someSeconds();
    expect(await askedOfMax()).toBe(0);
  }, 300_000);
});

describe.runIf(OWN)('PARTICIPANTS_ENABLE_BACKGROUND_SYNC and PARTICIPANTS_ENABLE_LAZY_UPDATE', () => {
  it('when off, send no requests to MAX except explicit refreshes', async () => {
    target = await startTarget(20, {
      PARTICIPANTS_ENABLE_BACKGROUND_SYNC: 'false',
      PARTICIPANTS_ENABLE_LAZY_UPDATE: 'false',
    });
    await target.runSchedule?.('schedulePlanStale');
    expect((await api().GET('/chats/all', FIRST_PAGE)).response.status).toBe(200);
    await someSeconds();
    expect(await askedOfMax()).toBe(0);
    const refreshed = await api().POST('/chats/{id}/refresh-participants', FIRST_CHAT);
    expect(refreshed.response.status).toBe(200);
    expect(await askedOfMax()).toBe(1);
  }, 300_000);

  it('a new stack shows counts in its first listing', async () => {
    target = await startTarget(20, { PARTICIPANTS_ENABLE_BACKGROUND_SYNC: 'false' });
    const first = await api().GET('/chats/all', { params: { query: { limit: 5 } } });
    const chat = { participants_count: expect.any(Number) };
    expect(first).toMatchObject({ response: { status: 200 }, data: { data: [chat, chat, chat, chat, chat] } });
  }, 300_000);

  it('lets readers request refreshes when only the background sync is off', async () => {
    target = await startTarget(20, { PARTICIPANTS_ENABLE_BACKGROUND_SYNC: 'false' });
    expect((await api().GET('/chats/all', FIRST_PAGE)).response.status).toBe(200);
    for (let i = 0; i < 120 && (await askedOfMax()) < 20; i += 1) await new Promise((r) => setTimeout(r, 250));
    expect(await askedOfMax()).toBe(20);
  }, 300_000);
});
