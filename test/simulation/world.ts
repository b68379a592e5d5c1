import { NEVER_COUNTED } from '../../lib/chats/chat.ts';
import type { ImportLine } from '../../lib/importing/read-line.ts';
import type { ChatUpdate } from '../../lib/max-api/updates.ts';
import type { PlanMessage, RefreshMessage } from '../../lib/state/queues.ts';
import type { SeenSubscription } from '../../lib/state/subscription.ts';
import { createMemoryChatStore } from '../support/memory/chat-store.ts';
import { createMemoryChats } from '../support/memory/chats.ts';
import { createMemoryClaimStore } from '../support/memory/claim-store.ts';
import { createMemoryCountStore } from '../support/memory/count-store.ts';
import { createMemoryEventStore } from '../support/memory/event-store.ts';
import { createMemoryHistory } from '../support/memory/history.ts';
import { createMemoryPlannerStore } from '../support/memory/planner-store.ts';
import { createMemoryRunStore } from '../support/memory/run-store.ts';
import { Engine, type Network } from './engine.ts';
import { FunctionModel } from './functions.ts';
import { Invariants } from './invariants.ts';
import { MaxModel, type TrueChat } from './max-model.ts';
import { PostingModel } from './posting-model.ts';
import { QueueModel } from './queue-model.ts';
import { RedisModel, type ScriptEngine } from './redis-model.ts';
import { type Outside, SETTINGS, type Service } from './service.ts';

/** The mark of a delivered message, which its copies keep. */
const DELIVERY = Symbol('delivery');
interface Delivered {
  readonly [DELIVERY]?: symbol;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Most messages that a queue may hold. In 200 seeds none held more than 12. */
const MOST_MESSAGES = 100;

export interface SimulationOptions {
  readonly seed: number;
  /** Simulated hours with work and faults. Two and a half hours without faults follow. */
  readonly hours: number;
  readonly traced?: boolean;
  /** The engine for the scripts of Redis; by default the model. */
  readonly scripts?: ScriptEngine;
}

export interface SimulationReport {
  readonly events: number;
  readonly fingerprint: number;
  /** Requests to MAX. */
  readonly requests: number;
  readonly worstSecond: number;
  readonly refreshed: number;
  /** Refreshes that were queued and belong to no run, and what became of them. */
  readonly queued: number;
  readonly applied: number;
  readonly superseded: number;
  readonly unavailable: number;
  readonly failed: number;
  readonly returned: number;
  readonly killed: number;
  readonly deadLetters: number;
}

/** An invariant that this seed breaks. `trace`: the preceding events, if requested. */
export class Violation extends Error {
  override readonly name = 'Violation';
  readonly trace: readonly string[];
  constructor(message: string, trace: readonly string[] = []) {
    super(message);
    this.trace = trace;
  }
}

/**
 * Runs the service for some simulated hours with all kinds of failures, then without failures until all work is done.
 * @throws {Violation} at the first broken invariant.
 */
export async function simulate({
  seed,
  hours,
  traced = false,
  scripts = 'model',
}: SimulationOptions): Promise<SimulationReport> {
  const engine = new Engine(seed, traced);
  const { random } = engine;
  const pick = <T>(from: readonly T[]): T | undefined => from[Math.floor(random() * from.length)];
  const violated = (message: string) => new Violation(`seed ${seed}: ${message}`, engine.trace);

  const network: Network = { failing: { dynamodb: 0, redis: 0, sqs: 0 }, failed: new Map() };
  const memory = createMemoryChats();
  const max = new MaxModel(engine, (update) => deliver(update));
  const invariants = new Invariants(engine, max, violated);
  const redis = new RedisModel(engine, scripts, (key, value, before) => invariants.cached(key, value, before));
  const postings: PostingModel = new PostingModel(random, () => watched);
  const watched = invariants.watch(memory.byId, (before, next) => postings.written(before?.chat, next?.chat));
  const chatsInMemory = { ...memory, byId: watched };

  /** Indexes may be up to two seconds behind. */
  const indexed = () => ({ byId: invariants.before(watched, engine.now - 2_000 * random()), lastId: 0 });
  const chats = createMemoryChatStore(chatsInMemory);
  const counts = createMemoryCountStore(chatsInMemory);
  let seenSubscription: SeenSubscription | undefined;
  const runStore = createMemoryRunStore();
  const noted = async (id: string) => {
    const run = await runStore.get(id);
    if (run) invariants.ran(run);
  };
  const runs: typeof runStore = {
    ...runStore,
    async advance(id, ...rest) {
      const advanced = await runStore.advance(id, ...rest);
      await noted(id);
      return advanced;
    },
    async book(id, ...rest) {
      const booked = await runStore.book(id, ...rest);
      await noted(id);
      return booked;
    },
  };
  const history = createMemoryHistory();
  let refreshed = 0;
  let synced = 0;
  /** The outcomes of the queued refreshes that belong to no run. */
  const fates = { queued: 0, applied: 0, superseded: 0, unavailable: 0, failed: 0, returned: 0 };

  /** Number of chats that returned to the queue, by delivery. The remainder of a message is a copy of it, with its mark. */
  const putBack = new Map<symbol, number>();
  const onRefresh = ({ ids, run, [DELIVERY]: delivery }: RefreshMessage & Delivered, sender: string) => {
    if (delivery) putBack.set(delivery, (putBack.get(delivery) ?? 0) + ids.length);
    if (!run) fates.queued += ids.length;
    if (sender.startsWith('sync')) synced += ids.length;
  };
  const outside: Outside = {
    engine,
    redis,
    max,
    chats: {
      ...chats,
      list: (listing) => createMemoryChatStore(indexed()).list(listing),
      outlines: (after, limit) => createMemoryChatStore(indexed()).outlines(after, limit),
    },
    counts: {
      ...counts,
      due: (before, limit, after) => createMemoryCountStore(indexed()).due(before, limit, after),
      countDue: (before) => createMemoryCountStore(indexed()).countDue(before),
    },
    events: createMemoryEventStore(chatsInMemory),
    history: {
      async record(id, reading) {
        await history.record(id, reading);
        invariants.recorded(id, reading);
      },
    },
    repairs: postings.repairs,
    runs,
    planner: createMemoryPlannerStore(),
    subscriptions: {
      read: async () => seenSubscription,
      write: async (seen) => {
        seenSubscription = seen;
      },
    },
    claims: createMemoryClaimStore(),
    refreshes: {
      express: new QueueModel<RefreshMessage>(engine, 'express', 6 * MINUTE, onRefresh),
      bulk: new QueueModel<RefreshMessage>(engine, 'bulk', 6 * MINUTE, onRefresh),
    },
    plans: new QueueModel<PlanMessage>(engine, 'plans', 12 * MINUTE, () => {}, 0.4),
    updates: new QueueModel<ChatUpdate>(engine, 'updates', 6 * MINUTE),
    misusedPermit: (message) => invariants.misusedPermit(message),
  };

  /** Share of invocations during which the environment is killed. */
  let killing = 0.04;
  const define = (name: string, timeoutMs: number, concurrency: number, shareOfRate: number, kills = 1) =>
    new FunctionModel(outside, network, { name, timeoutMs, concurrency, shareOfRate }, () => kills * killing);
  const functions = {
    http: define('http', 10_000, 50, 0),
    express: define('express', MINUTE, 2, 0.17),
    bulk: define('bulk', MINUTE, 2, 0.28),
    // The planning of a full update is short and rare, so it is killed more often.
    plan: define('plan', 2 * MINUTE, 2, 0, 10),
    updates: define('updates', MINUTE, 2, 0.02),
    sync: define('sync', 2 * MINUTE, 1, 0),
    check: define('check', 30_000, 1, 0.01),
    repair: define('repair', 5 * MINUTE, 1, 0),
    tool: define('tool', 10 * MINUTE, 1, 0),
  };
  const all = Object.values(functions);
  function consume<M, R>(
    queue: QueueModel<M>,
    fn: FunctionModel,
    work: (service: Service, message: M, deadline: number) => Promise<R>,
    deleted: (message: M, report: R) => void = () => {},
  ): void {
    queue.consumedBy(({ message, done }) => {
      if (!fn.free) return false;
      let report: R;
      fn.invoke(
        async (service, _, cutOffAt) => {
          report = await work(service, message, cutOffAt - 10_000);
        },
        (ending) => {
          if (ending === 'done' && done()) deleted(message, report);
        },
      );
      return true;
    });
  }
  for (const name of ['express', 'bulk'] as const) {
    consume(
      outside.refreshes[name],
      functions[name],
      async (service, message, deadline) => {
        const delivery = Symbol();
        const marked: RefreshMessage & Delivered = { ...message, [DELIVERY]: delivery };
        const report = await service.refreshBatch(name, marked, deadline);
        invariants.putBack(report.remaining, putBack.get(delivery) ?? 0);
        putBack.delete(delivery);
        if (!message.run) invariants.worked(message.ids.length, report.done, report.remaining);
        return report;
      },
      ({ run }, { done, superseded, unavailable, failed, remaining }) => {
        refreshed += done;
        if (run) return;
        fates.applied += done - superseded - unavailable - failed;
        fates.superseded += superseded;
        fates.unavailable += unavailable;
        fates.failed += failed;
        fates.returned += remaining;
      },
    );
  }
  consume(outside.plans, functions.plan, async (service, { run_id }, deadline) => {
    await service.planFullUpdate(run_id, deadline);
  });
  consume(outside.updates, functions.updates, (service, update, deadline) =>
    service.applyUpdates(update.chat_id, [update], deadline),
  );

  function deliver(update: ChatUpdate): void {
    if (random() < 0.02) {
      // Not queued: MAX delivers again.
      engine.after(MINUTE, 'MAX repeats', () => deliver(update));
      return;
    }
    outside.updates.send(update, 0, 'MAX');
  }

  // The organisation and its chats

  let lastMaxId = 0;
  const newTrueChat = (): TrueChat => {
    lastMaxId += 1;
    const id = `-${lastMaxId}00`;
    const chat: TrueChat = { id, count: Math.floor(random() * 500), status: 'active', tells: random() < 0.6 };
    max.chats.set(id, chat);
    return chat;
  };
  const create = (fields: { maxChatId: string | null }) => ({
    ...{ name: 'Чат', url: null, externalChatId: null, universityId: null, department: null, source: null },
    ...fields,
  });
  for (let i = 0; i < 8; i += 1) await chats.create(create({ maxChatId: newTrueChat().id }), engine.now);
  await chats.create(create({ maxChatId: null }), engine.now);
  const rests = engine.now + hours * HOUR;
  const during = (everyMs: number, name: string, run: () => void) => engine.every(everyMs, rests, name, run);
  const end = rests + 2.5 * HOUR;

  // The actions of people and schedules

  const ids = () => [...watched.keys()];
  during(8 * MINUTE, 'list', () =>
    functions.http.invoke(async (service) => {
      const { rows } = await service.chatStore.list({
        ...{ scope: 'all', sort: 'id', order: 'asc', words: [], limit: 10, after: undefined },
      } as never);
      const shown = await service.viewCounts(rows);
      for (const { chat } of rows) invariants.shown(chat.id, shown.get(chat.id));
    }),
  );
  const refresh = (id: number) => {
    const arrivedAt = engine.now;
    functions.http.invoke(async (service, { clock }) => {
      const stored = await service.chatStore.get(id);
      if (!stored) return;
      const outcome = await service.refreshOne(stored, Math.floor(arrivedAt), clock.now() + 8_000);
      if (outcome.kind === 'updated') invariants.answered(id, outcome.count, outcome.updatedAt, arrivedAt);
    });
  };
  during(12 * MINUTE, 'refresh one', () => {
    const id = pick(ids());
    const people = random() < 0.2 ? 5 : 1;
    for (let i = 0; id !== undefined && i < people; i += 1) refresh(id);
  });
  during(15 * MINUTE, 'create', () => {
    if (watched.size > 12) return;
    const known = new Set([...watched.values()].map(({ chat }) => chat.maxChatId));
    const free = [...max.chats.keys()].filter((id) => !known.has(id));
    const maxChatId = random() < 0.1 ? null : random() < 0.5 ? (pick(free) ?? newTrueChat().id) : newTrueChat().id;
    functions.http.invoke(async (service, { clock }) => {
      const made = await service.chatStore.create(create({ maxChatId }), clock.now());
      if (made.kind === 'created') await service.viewCounts([{ chat: made.stored.chat, count: NEVER_COUNTED }]);
    });
  });
  during(15 * MINUTE, 'edit', () => {
    const id = pick(ids());
    const other = pick(ids());
    if (id === undefined || other === undefined) return;
    const moved = watched.get(other)?.chat.maxChatId ?? null;
    const move = random() < 0.5;
    const taken = random() < 0.3;
    if (random() < 0.5) refresh(id);
    functions.http.invoke(async (service, { clock }) => {
      const edit = async (chat: number, patch: object) => {
        const outcome = await service.chatStore.update(chat, patch, clock.now());
        if (outcome.kind === 'updated' && outcome.countDropped) await service.cache.forget(chat);
      };
      if (!move) return edit(id, { name: `Чат ${Math.floor(random() * 1e6)}` });
      // A MAX id moves from one chat to another. This works only if the first chat loses it before.
      if (taken) return edit(id, { maxChatId: moved });
      await edit(other, { maxChatId: null });
      await edit(id, { maxChatId: moved });
      await edit(other, { maxChatId: newTrueChat().id });
    });
  });
  during(25 * MINUTE, 'delete', () => {
    const id = pick(ids());
    if (id === undefined || watched.size < 6) return;
    if (random() < 0.5) refresh(id);
    functions.http.invoke(async (service) => {
      invariants.deleting(id);
      if ((await service.chatStore.delete(id)) === 'deleted') await service.cache.forget(id);
    });
  });
  engine.every(SETTINGS.syncMs, end, 'sync', () => {
    if (functions.sync.free) {
      functions.sync.invoke(async (service, _, cutOffAt) => {
        await service.permits.wake();
        await service.planStale(cutOffAt - 20_000);
      });
    }
  });
  engine.every(20 * MINUTE, end, 'check subscription', () => {
    if (functions.check.free) {
      functions.check.invoke(async (service, _, cutOffAt) => {
        await service.checkSubscription(SETTINGS.webhookUrl, cutOffAt - 5_000);
      });
    }
  });
  const repair = () => {
    if (!functions.repair.free) return;
    functions.repair.invoke(async (service, _, cutOffAt) => void (await service.repairPostings(cutOffAt - 10_000)));
  };
  during(5 * HOUR, 'repair', repair);
  /** A person imports a list, and starts an import that stopped again. */
  const importList = (lines: readonly ImportLine[]) => {
    functions.tool.invoke(
      async (service) => {
        const totals = await service.importChats(lines);
        invariants.imported(
          totals,
          lines.map(({ fields }) => String(fields?.max_chat_id)),
        );
      },
      (ending) => {
        if (ending !== 'done') engine.after(MINUTE, 'import again', () => importList(lines));
      },
    );
  };
  during(5 * HOUR, 'import', () => {
    if (watched.size > 12 || !functions.tool.free) return;
    const known = [...watched.values()].flatMap(({ chat }) => chat.maxChatId ?? []);
    const ids = [newTrueChat().id, newTrueChat().id, pick(known) ?? newTrueChat().id];
    importList(
      [...ids, pick(ids)].map((id, i) => ({
        line: i + 1,
        fields: { name: `Чат ${Math.floor(random() * 1e3)}`, max_chat_id: id, department: pick(['Деканат', 'Совет']) },
      })),
    );
  });
  const fullUpdate = () => functions.http.invoke(async (service) => void (await service.startFullUpdate()));
  during(4 * HOUR, 'full update', fullUpdate);

  // What happens in MAX

  const trueChats = () => [...max.chats.values()];
  during(80_000, 'MAX change', () => {
    const chat = pick(trueChats());
    if (chat?.status === 'active') max.change(chat, random() < 0.5 ? 1 : -1);
  });
  during(50 * MINUTE, 'MAX status', () => {
    const chat = pick(trueChats());
    if (!chat) return;
    const at = Math.floor(engine.now);
    if (chat.status === 'active') {
      chat.status = pick(['left', 'removed', 'closed', 'suspended', 'denied', 'gone'] as const) ?? 'gone';
      if (chat.status === 'denied') max.tell({ kind: 'bot_removed', chat_id: chat.id, at });
    } else {
      chat.status = 'active';
      max.tell({ kind: 'bot_added', chat_id: chat.id, at });
    }
  });
  during(2 * HOUR, 'MAX rights', () => {
    const chat = pick(trueChats());
    if (!chat) return;
    chat.tells = !chat.tells;
    const at = Math.floor(engine.now);
    max.tell({ kind: 'permissions_changed', chat_id: chat.id, at, receives_membership_events: chat.tells });
  });
  during(30 * MINUTE, 'MAX titles', () => {
    const chat = pick(trueChats());
    if (!chat) return;
    const title = `Группа ${Math.floor(random() * 1e6)}`;
    max.tell({ kind: 'title_changed', chat_id: chat.id, at: Math.floor(engine.now), title });
  });
  during(5 * HOUR, 'MAX unsubscribes', () => max.subscriptions.clear());

  // What fails

  const forAWhile = (upToMs: number, name: string, begin: () => void, stop: () => void) => {
    engine.note(`fault: ${name}`);
    begin();
    engine.after(1_000 + random() * upToMs, `${name} ends`, () => {
      engine.note(`fault over: ${name}`);
      stop();
    });
  };
  during(2 * HOUR, 'storm', () =>
    forAWhile(
      10 * MINUTE,
      'MAX',
      () => {
        max.mood = pick(['storm', 'hang', 'contradict'] as const) ?? 'storm';
      },
      () => {
        max.mood = 'well';
      },
    ),
  );
  for (const server of ['dynamodb', 'redis', 'sqs'] as const) {
    during(90 * MINUTE, `${server} fails`, () =>
      forAWhile(
        2 * MINUTE,
        server,
        () => {
          network.failing[server] = 0.2 + random() * 0.6;
        },
        () => {
          network.failing[server] = 0;
        },
      ),
    );
  }
  during(2 * HOUR, 'Redis out', () =>
    forAWhile(
      5 * MINUTE,
      'Redis is out',
      () => {
        redis.down = true;
      },
      () => {
        redis.down = false;
        if (random() < 0.5) redis.flush();
      },
    ),
  );
  /** Everybody refreshes everything, so that all permits are in use. */
  const crowd = () => ids().forEach(refresh);
  during(2 * HOUR, 'Redis lost', () => {
    crowd();
    engine.after(2_000 * random(), 'flush', () => redis.flush());
  });
  during(10 * MINUTE, 'replication', () => redis.replicate());
  during(3 * HOUR, 'failover', () => redis.failOver());
  during(HOUR, 'eviction', () => redis.evict(0.5));
  during(90 * MINUTE, 'partition', () => {
    const cut = all.flatMap((fn) => fn.environments).filter(() => random() < 0.5);
    if (random() < 0.5) {
      fullUpdate();
      engine.after(20_000 * random(), 'crowd', crowd);
    }
    forAWhile(
      5 * MINUTE,
      'partition',
      () => {
        for (const environment of cut) environment.redisCut = true;
      },
      () => {
        for (const environment of cut) environment.redisCut = false;
      },
    );
  });
  during(HOUR, 'clocks', () => {
    for (const environment of all.flatMap((fn) => fn.environments)) {
      if (random() < 0.3) environment.skewMs = Math.round((random() - 0.5) * 400);
    }
  });

  const queues = [outside.refreshes.express, outside.refreshes.bulk, outside.plans, outside.updates];
  const check = () => {
    const flooded = queues.find(({ depth }) => depth > MOST_MESSAGES);
    if (flooded) throw violated(`${flooded.depth} messages are in the queue ${flooded.name}: they multiply`);
    if (max.worstSecond > SETTINGS.rps) throw violated(`${max.worstSecond} requests reached MAX within one second`);
    if (invariants.broken) throw invariants.broken;
  };
  await engine.run(rests, check);

  // Everything works again. A full update, and time for the queues to run empty.
  killing = 0;
  Object.assign(network.failing, { dynamodb: 0, redis: 0, sqs: 0 });
  max.mood = 'well';
  redis.down = false;
  for (const environment of all.flatMap((fn) => fn.environments)) environment.redisCut = false;
  await engine.run(rests + 1.2 * HOUR, check);
  fullUpdate();
  // The first repair may continue one that was killed. The next covers everything.
  for (const minutes of [10, 20, 30]) engine.after(minutes * MINUTE, 'repair', repair);
  await engine.run(end, check);

  const killed = all.reduce((sum, { killed }) => sum + killed, 0);
  const last = await runs.current();
  const idsIn = (messages: readonly RefreshMessage[]) =>
    messages.reduce((sum, { ids, run }) => sum + (run ? 0 : ids.length), 0);
  const { express, bulk } = outside.refreshes;
  const { queued, ...ended } = fates;
  const dead = idsIn([...express.dead, ...bulk.dead]);
  invariants.conserved(queued, { ...ended, dead, waiting: idsIn([...express.messages, ...bulk.messages]) });
  await invariants.atRest({
    chats: watched,
    run: last,
    deadRefreshes: [...outside.refreshes.express.dead, ...outside.refreshes.bulk.dead].length,
    // The full update read every chat; what became due since may wait for the budget.
    overdueBefore: rests + 1.2 * HOUR,
    leases: redis.livingLongerThan(2 * MINUTE, 'participants_lease:'),
    synced,
    wrongLists: postings.differences(),
    historyOf: (id) => history.days(id, '', '9'),
    mayBeUnrecorded: killed + (network.failed.get('history.record') ?? 0),
  });
  check();

  // No further work begins, and what was frozen ends, so that every permit has been used or returned.
  for (const queue of queues) queue.consumedBy(() => false);
  await engine.run(end + 10 * MINUTE, check);
  for (const environment of all.flatMap((fn) => fn.environments)) environment.thaw();
  await engine.run(end + 11 * MINUTE, check);
  for (const { environment, service } of all.flatMap((fn) => fn.idle)) {
    const { interactive, background, local } = service.permits.stats();
    invariants.permitsConserved(environment.name, service.account.slots + local, {
      requests: max.requestsBy.get(environment.name) ?? 0,
      returned: service.account.returned,
      unused: interactive.unusedSlots + background.unusedSlots,
    });
  }
  check();
  return {
    events: engine.events,
    fingerprint: engine.fingerprint,
    requests: max.requests,
    worstSecond: max.worstSecond,
    refreshed,
    killed,
    ...fates,
    deadLetters: queues.reduce((sum, { dead }) => sum + dead.length, 0),
  };
}
