import { describe, expect, test } from 'vitest';
import { chunks } from '../../lib/base/chunks.ts';
import { spacingMs } from '../../lib/max-api/pace.ts';
import { NO_COUNTS } from '../../lib/state/run-store.ts';
import { Environment } from '../simulation/engine.ts';
import { FunctionModel } from '../simulation/functions.ts';
import { maxIdOf, openLab } from '../simulation/lab.ts';
import type { Delivery, QueueModel } from '../simulation/queue-model.ts';
import { openService, SETTINGS, type Service } from '../simulation/service.ts';

/** Whole flows in simulated time, with one fault at a time. The simulation has all faults at once, but cannot show the cost of one. */

const SECOND = 1_000;
const MINUTE = 60_000;
/** The share of the rate of a refresh worker without Redis. */
const WORKER_SHARE = 0.28;

const RUN = 'run';

type Lab = ReturnType<typeof openLab>;

/** Starts a run over all chats, whose planning is complete. @returns its start, Unix ms. */
async function startRun({ engine, outside, chats }: Lab): Promise<number> {
  const now = Math.floor(engine.now);
  const planned = { expected: chats.size, planned: chats.size, cursor: null };
  await outside.runs.start({ ...NO_COUNTS, id: RUN, startedAt: now, progressedAt: now, ...planned }, now);
  return now;
}

describe('a worker that is killed', () => {
  /** Dies at its `diesAt`-th step. A step is a request that it sends, or an await that ends. */
  class MortalEnvironment extends Environment {
    diesAt = Number.POSITIVE_INFINITY;
    #steps = 0;

    #step(): void {
      if (this.#steps === this.diesAt) this.alive = false;
      this.#steps += 1;
    }

    override resume(work: () => void): void {
      this.#step();
      super.resume(work);
    }

    override request<T>(...args: Parameters<typeof Environment.prototype.request<T>>): Promise<T> {
      this.#step();
      return this.alive ? super.request(...args) : new Promise(() => {});
    }
  }

  /**
   * Handles the messages of a queue, each delivery with a new worker. The first worker dies at its `diesAt`-th step.
   * @returns whether it died.
   */
  function consume<M>(
    { engine, network, outside }: Lab,
    queue: QueueModel<M>,
    diesAt: number,
    handle: (service: Service, message: M, deadline: number) => Promise<unknown>,
  ): () => boolean {
    const workers: MortalEnvironment[] = [];
    queue.consumedBy(({ message, done }: Delivery<M>) => {
      const worker = new MortalEnvironment(engine, network, `${queue.name}#${workers.length + 1}`);
      if (workers.length === 0) worker.diesAt = diesAt;
      workers.push(worker);
      void handle(openService(outside, worker, WORKER_SHARE), message, worker.clock.now() + 50 * SECOND).then(done);
      return true;
    });
    return () => workers[0]?.alive === false;
  }

  const consumeRefreshes = (lab: Lab, name: 'express' | 'bulk', diesAt = Number.POSITIVE_INFINITY) =>
    consume(lab, lab.outside.refreshes[name], diesAt, (service, message, deadline) =>
      service.refreshBatch(name, message, deadline),
    );

  /** Refreshes all chats of a new lab with one message. Its worker dies at its `diesAt`-th step. */
  async function refreshAll(size: number, inRun: boolean, diesAt: number) {
    const lab = openLab(1, size);
    const { engine, outside, chats } = lab;
    const requestedAt = await startRun(lab);
    const died = consumeRefreshes(lab, 'bulk', diesAt);
    const run = inRun ? { run: { id: RUN, part: '1' } } : {};
    outside.refreshes.bulk.send({ ids: [...chats.keys()], requested_at: requestedAt, ...run }, SECOND, 'test');
    await engine.run(engine.now + 40 * MINUTE, () => {});
    return { ...lab, requestedAt, died: died() };
  }

  test.each([
    ['one chat', 1, false],
    ['six chats of a full update', 6, true],
  ])('at any await loses no refresh and repeats at most one request per chat: %s', async (_, size, inRun) => {
    let died = true;
    for (let diesAt = 0; died; diesAt += 1) {
      const { outside, chats, requestedAt, ...lab } = await refreshAll(size, inRun, diesAt);
      died = lab.died;
      if (!died) expect(diesAt).toBeGreaterThan(10 * size);
      const where = `dies at step ${diesAt}`;
      expect(outside.refreshes.bulk.dead, where).toEqual([]);
      expect(outside.refreshes.bulk.depth, where).toBe(0);
      for (const [id, { checkedAt, participantsCount }] of chats) {
        expect(checkedAt, where).toBeGreaterThanOrEqual(requestedAt);
        expect(participantsCount, where).toBe(id);
        expect(outside.max.requestsAbout.get(maxIdOf(id)), where).toBeLessThanOrEqual(died ? 2 : 1);
      }
      if (inRun) expect(await outside.runs.current(), where).toMatchObject({ done: size, failed: 0 });
    }
  });

  test('at any await while it handles an event loses no refresh and repeats at most one request', async () => {
    let died = true;
    for (let diesAt = 0; died; diesAt += 1) {
      const lab = openLab(1, 1);
      const { engine, outside, chats } = lab;
      const { updates, refreshes } = outside;
      const hasDied = consume(lab, updates, diesAt, (service, update, deadline) =>
        service.applyUpdates(update.chat_id, [update], deadline),
      );
      consumeRefreshes(lab, 'express');
      const at = Math.floor(engine.now);
      updates.send({ kind: 'members_changed', chat_id: maxIdOf(1), at }, 0, 'test');
      await engine.run(engine.now + 40 * MINUTE, () => {});
      died = hasDied();
      if (!died) expect(diesAt).toBeGreaterThan(10);
      const where = `dies at step ${diesAt}`;
      expect([updates.dead, refreshes.express.dead, refreshes.express.depth], where).toEqual([[], [], 0]);
      // A count that is read before the end of the window may miss changes within it.
      expect(chats.get(1)?.checkedAt, where).toBeGreaterThanOrEqual(at + SETTINGS.windowMs);
      expect(chats.get(1)?.participantsCount, where).toBe(1);
      expect(outside.max.requestsAbout.get(maxIdOf(1)), where).toBeLessThanOrEqual(died ? 2 : 1);
    }
  });
});

describe('ten minutes in which MAX refuses every request', () => {
  const SIZE = 9_000;
  const BATCH = 100;

  /** Starts a full update of `SIZE` chats, which two workers handle. */
  async function startFullUpdate() {
    const lab = openLab(2, SIZE);
    const { engine, network, outside } = lab;
    const { bulk } = outside.refreshes;
    const worker = new FunctionModel(
      outside,
      network,
      { name: 'bulk', timeoutMs: MINUTE, concurrency: 2, shareOfRate: WORKER_SHARE },
      () => 0,
    );
    bulk.consumedBy(({ message, done }) => {
      if (!worker.free) return false;
      worker.invoke(
        async (service, _, cutOffAt) => {
          await service.refreshBatch('bulk', message, cutOffAt - 10 * SECOND);
        },
        (ending) => {
          if (ending === 'done') done();
        },
      );
      return true;
    });
    const requestedAt = await startRun(lab);
    for (const [i, ids] of chunks([...lab.chats.keys()], BATCH).entries()) {
      bulk.send({ ids, requested_at: requestedAt, run: { id: RUN, part: `${i}` } }, 0, 'test');
    }
    return { outside, pass: (ms: number) => engine.run(engine.now + ms, () => {}) };
  }

  test.each(['429', '503'] as const)(
    'with %s cost at most a tenth more requests, and end within a minute',
    async (mood) => {
      const { outside, pass } = await startFullUpdate();
      const { max, refreshes, runs } = outside;
      await pass(4 * MINUTE);
      max.mood = mood;
      await pass(10 * MINUTE);
      max.mood = 'well';
      await pass(MINUTE);
      const before = max.requests;
      await pass(MINUTE);
      const perSecond = (max.requests - before) / 60;
      const shareOfRate = (perSecond * spacingMs(SETTINGS.rps)) / SECOND;
      await pass(15 * MINUTE);
      const requestsPerChat = max.requests / SIZE;
      if (process.env.SHOW_FIGURES) console.info({ mood, requestsPerChat, shareOfRate });

      expect(shareOfRate).toBeGreaterThanOrEqual(0.95);
      expect(await runs.current()).toMatchObject({ done: SIZE, failed: 0 });
      expect(requestsPerChat).toBeLessThanOrEqual(1.1);
      expect(refreshes.bulk.dead).toEqual([]);
      expect(max.worstSecond).toBeLessThanOrEqual(SETTINGS.rps);
    },
    60_000,
  );
});
