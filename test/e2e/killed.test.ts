import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeScratch } from '../../localstack/scratch.ts';
import { type StackProcess, startStackProcess } from '../support/stack-process.ts';
import { type ApiClient, connectApi } from './client.ts';
import { ON_EMULATOR, OWN } from './target.ts';

/**
 * The whole stack is killed with `kill -9` in the middle of its longest works, and started again: nothing is lost. The repair gives
 * orphans a minute, so this takes two minutes, and only `npm run test:killed` runs it.
 */

const CHATS = 1_500;

let dataDir: string;
let stack: StackProcess | undefined;
let api: ApiClient;
beforeAll(async () => {
  dataDir = await makeScratch('killed');
});
afterAll(async () => {
  await stack?.kill();
  await rm(dataDir, { recursive: true, force: true });
});

const start = () => {
  stack = startStackProcess({
    dataDir,
    simulator: { chats: CHATS, drift: 0, seed: 7, rps: 1_000, latencyMs: 2 },
    env: {
      ...{
        MAX_API_RPS: '1000',
        PARTICIPANTS_ENABLE_BACKGROUND_SYNC: 'false',
        PARTICIPANTS_ENABLE_LAZY_UPDATE: 'false',
      },
    },
    visibilityTimeoutS: 10,
  });
  return stack;
};
async function startAgain(): Promise<StackProcess> {
  const started = start();
  const { url, tokens } = await started.ready;
  api = (await connectApi(url))(tokens.superadmin);
  return started;
}

const total = async (query = {}) =>
  (await api.GET('/chats/all', { params: { query: { limit: 1, ...query } } })).data?.total;
const run = async (run_id: string) =>
  (await api.GET('/admin/participants/full-update/{run_id}', { params: { path: { run_id } } })).data;

/** The total and the pages have every chat once. */
async function expectAllChats(): Promise<void> {
  expect(await total()).toBe(CHATS);
  const ids = new Set<number>();
  for (let cursor: string | undefined; ; ) {
    const { data } = await api.GET('/chats/all', {
      params: { query: { limit: 100, sort_by: 'name', ...(cursor && { cursor }) } },
    });
    for (const { id } of data?.data ?? []) ids.add(id);
    cursor = data?.next_cursor ?? undefined;
    if (!cursor) break;
  }
  expect(ids.size).toBe(CHATS);
}

describe.skipIf(ON_EMULATOR || !OWN || !process.env.KILLED)('the whole stack, killed (npm run test:killed)', () => {
  it('in an import: the next start repeats it, and every chat is there once', async () => {
    const killed = start();
    await killed.reaches(/adding the chats/);
    await sleep(300);
    await killed.kill();
    expect(existsSync(join(dataDir, 'seeded'))).toBe(false);
    await startAgain();
    await expectAllChats();
  }, 240_000);

  it('in a full update: it goes on, and counts every chat once', async () => {
    const { data: started } = await api.POST('/admin/participants/full-update');
    const run_id = started?.run_id ?? '';
    await expect
      .poll(async () => (await run(run_id))?.done ?? 0, { timeout: 30_000, interval: 50 })
      .toBeGreaterThan(200);
    await stack?.kill();
    await startAgain();
    const before = await run(run_id);
    expect(before?.done).toBeLessThan(CHATS);
    await expect.poll(async () => (await run(run_id))?.status, { timeout: 120_000, interval: 200 }).toBe('finished');
    expect(await run(run_id)).toMatchObject({ total: CHATS, done: CHATS, failed: 0 });
    await expectAllChats();
  }, 240_000);

  it('in a reindex and a roll-up: both can be run again, and searches and sums are right', async () => {
    // Neither says a word before it ends.
    const works = ['scheduleRepairPostings', 'scheduleRollUp'].map((key) => stack?.runSchedule(key));
    const cut = Promise.allSettled(works);
    await sleep(150);
    await stack?.kill();
    expect((await cut).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    const again = await startAgain();
    expect(await again.runSchedule('scheduleRepairPostings')).toBe('value');
    expect(await again.runSchedule('scheduleRollUp')).toBe('value');
    await expectAllChats();
    const { data: listed } = await api.GET('/chats/all', { params: { query: { limit: 100 } } });
    const { data: stats } = await api.GET('/stats', { params: { query: {} } });
    const [day] = stats?.days ?? [];
    expect(day).toMatchObject({ chats: CHATS, never_read: 0 });
    expect(stats?.universities?.reduce((sum, { chats }) => sum + chats, 0)).toBe(CHATS);
    for (const { id, name } of listed?.data.slice(0, 10) ?? []) {
      const { data: found } = await api.GET('/chats/all', { params: { query: { search: name } } });
      expect(found?.data.map((chat) => chat.id)).toContain(id);
    }
  }, 240_000);
});
