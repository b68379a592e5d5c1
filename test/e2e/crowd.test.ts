import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ON_EMULATOR, OWN, startTarget, type Target } from './target.ts';

/** Many simultaneous users: each gets a count or a documented problem, never API Gateway's own 503, whatever MAX does. */

/** Simultaneous requests. The emulator starts a process for each, so it gets fewer. */
const CROWD = ON_EMULATOR ? 10 : 200;

let target: Target;
beforeAll(async () => {
  target = await startTarget(300, {
    PARTICIPANTS_ENABLE_BACKGROUND_SYNC: 'false',
    PARTICIPANTS_ENABLE_LAZY_UPDATE: 'false',
  });
}, 300_000);
afterAll(() => target?.stop());
/** API Gateway takes 200 requests at once, and 100 a second after that; the requests above get its 429. */
beforeEach(() => new Promise((resolve) => setTimeout(resolve, 2_500)));

const control = (path: string, method?: string, body?: object) =>
  fetch(new URL(path, target.maxControl), {
    ...(method && { method, body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
const requestsSoFar = async () => ((await (await control('/stats')).json()) as { total: number }).total;

/** Refreshes the chats simultaneously. @returns the numbers of responses. */
async function refresh(ids: readonly number[]): Promise<Record<string, number>> {
  const outcomes: Record<string, number> = {};
  await Promise.all(
    ids.map(async (id) => {
      const { data, error, response } = await target
        .api()
        .POST('/chats/{id}/refresh-participants', { params: { path: { id } } });
      const reason = error && 'reason' in error ? `503 ${String(error.reason)}` : String(response.status);
      const outcome = data ? data.status : reason;
      if (response.status === 503) expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    }),
  );
  return outcomes;
}
const total = (outcomes: Record<string, number>) => Object.values(outcomes).reduce((sum, count) => sum + count, 0);
const chats = (count: number) => Array.from({ length: count }, (_, i) => i + 1);

describe.runIf(OWN)(`${CROWD} simultaneous refreshes`, () => {
  it('of one chat cause two requests to MAX', async () => {
    const before = await requestsSoFar();
    const outcomes = await refresh(Array.from({ length: CROWD }, () => 7));
    console.info(`of one chat: ${JSON.stringify(outcomes)}, ${(await requestsSoFar()) - before} requests`);
    expect(outcomes.updated).toBe(CROWD);
    expect((await requestsSoFar()) - before).toBeLessThanOrEqual(2);
  }, 120_000);

  it('of different chats get counts, or “busy” if the quota is too small for all', async () => {
    const outcomes = await refresh(chats(CROWD));
    console.info(`of different chats: ${JSON.stringify(outcomes)}`);
    const { updated = 0, '409': gone = 0, '503 busy': busy = 0 } = outcomes;
    expect(updated + gone + busy).toBe(CROWD);
    expect(updated).toBeGreaterThan(CROWD / 4);
  }, 120_000);

  it('get the problem and the last known count while MAX hangs', async () => {
    await control('/switches', 'PATCH', { latency_ms: 600_000 });
    try {
      const outcomes = await refresh(chats(CROWD));
      console.info(`while MAX hangs: ${JSON.stringify(outcomes)}`);
      expect(Object.keys(outcomes).filter((outcome) => !/^503 (timeout|busy|cooling)$/.test(outcome))).toEqual([]);
      expect(total(outcomes)).toBe(CROWD);
    } finally {
      await control('/switches', 'PATCH', { latency_ms: 40 });
    }
  }, 120_000);
});
