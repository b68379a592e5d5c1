import { afterEach, describe, expect, it } from 'vitest';
import { OWN, startTarget, type Target } from './target.ts';

/** The kill switches, each on a service of its own. */

let target: Target | undefined;
afterEach(async () => {
  await target?.stop();
  target = undefined;
});

async function call(path: string, method = 'GET') {
  if (!target) throw new Error('no service was started');
  const headers = { authorization: `Bearer ${target.tokens.superadmin}` };
  const response = await fetch(`${target.url}${path}`, { method, headers });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const askedOfMax = async () => {
  if (!target) throw new Error('no service was started');
  const response = await fetch(new URL('/stats', target.maxControl));
  return ((await response.json()) as { total: number }).total;
};

const someSeconds = () => new Promise((resolve) => setTimeout(resolve, 3_000));

describe.runIf(OWN)('PARTICIPANTS_INTEGRATION_DISABLED', () => {
  it('shows what DynamoDB has, asks neither MAX nor Redis, and says so where either is needed', async () => {
    target = await startTarget(20, { PARTICIPANTS_INTEGRATION_DISABLED: 'true' });
    await target.redis?.kill();
    const page = await call('/chats/all?limit=20');
    expect(page.status).toBe(200);
    expect(page.body.data).toHaveLength(20);
    expect(page.body.data).toEqual(
      (page.body.data as unknown[]).map(() =>
        expect.objectContaining({ participants_source: 'database', participants_count: null }),
      ),
    );
    for (const [path, method] of [
      ['/chats/1/refresh-participants', 'POST'],
      ['/admin/participants/full-update', 'POST'],
      ['/admin/participants/validate', 'GET'],
    ] as const) {
      const refused = await call(path, method);
      expect(refused).toMatchObject({
        status: 503,
        body: { detail: expect.stringContaining('PARTICIPANTS_INTEGRATION_DISABLED') },
      });
    }
    expect((await call('/health')).body).toMatchObject({
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
  it('leave MAX alone when off, but for who asks expressly', async () => {
    target = await startTarget(20, {
      PARTICIPANTS_ENABLE_BACKGROUND_SYNC: 'false',
      PARTICIPANTS_ENABLE_LAZY_UPDATE: 'false',
    });
    await target.runSchedule?.('schedulePlanStale');
    expect((await call('/chats/all?limit=20')).status).toBe(200);
    await someSeconds();
    expect(await askedOfMax()).toBe(0);
    expect(await call('/chats/1/refresh-participants', 'POST')).toMatchObject({ status: 200 });
    expect(await askedOfMax()).toBe(1);
  }, 300_000);

  it('a stack that has just started shows counts in its first listing', async () => {
    target = await startTarget(20, { PARTICIPANTS_ENABLE_BACKGROUND_SYNC: 'false' });
    const first = await call('/chats/all?limit=5');
    const chat = { participants_count: expect.any(Number) };
    expect(first).toMatchObject({ status: 200, body: { data: [chat, chat, chat, chat, chat] } });
  }, 300_000);

  it('lets readers ask when only the background sync is off', async () => {
    target = await startTarget(20, { PARTICIPANTS_ENABLE_BACKGROUND_SYNC: 'false' });
    expect((await call('/chats/all?limit=20')).status).toBe(200);
    for (let i = 0; i < 120 && (await askedOfMax()) < 20; i += 1) await new Promise((r) => setTimeout(r, 250));
    expect(await askedOfMax()).toBe(20);
  }, 300_000);
});
