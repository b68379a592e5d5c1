import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chatFields } from '../../../lib/chats/fields.ts';
import { createApplyUpdates } from '../../../lib/events/apply-updates.ts';
import type { ChatAnswer } from '../../../lib/max-api/api.ts';
import type { ChatUpdate } from '../../../lib/max-api/updates.ts';
import { NO_FINDINGS, NOTHING_MEASURED } from '../../../lib/planner/findings.ts';
import { SCHEDULING_LIMITS } from '../../../lib/planner/plan.ts';
import { contextOf, firstState, type PriceState } from '../../../lib/planner/price.ts';
import type { Price } from '../../../lib/planner/sync.ts';
import { createApplyAnswer } from '../../../lib/refreshing/refresh-chat.ts';
import type { CachedCount } from '../../../lib/state/count-cache.ts';
import type { RefreshMessage } from '../../../lib/state/queues.ts';
import { memoryCounts } from '../../support/participants.ts';
import { created, openMemory, T0 } from '../../support/stores.ts';

type ApplyUpdatesDeps = Parameters<typeof createApplyUpdates>[0];

const WINDOW_MS = 30_000;

type Answer = Exclude<ChatAnswer, { kind: 'error' }>;

/** A service that knows chat −1, and a MAX controlled by the test. */
async function setUp(max: Map<string, Answer> = new Map()) {
  let now = T0 + 1_000_000;
  const stores = await openMemory();
  const sent: { queue: string; message: RefreshMessage; delayMs: number | undefined }[] = [];
  /** Requests to MAX, in order. */
  const requests: { what: 'count' | 'membership'; of: string; lane: string; deadline: number }[] = [];
  const clock = { now: () => now, sleep: async () => {} };
  const cache = memoryCounts(clock);
  const deps: ApplyUpdatesDeps = {
    chatStore: stores.chats,
    eventStore: stores.events,
    plannerStore: stores.planner,
    subscriptionStore: { read: async () => undefined },
    cache,
    async fetchCount(maxChatId, { lane, deadline }) {
      requests.push({ what: 'count', of: maxChatId, lane, deadline });
      now += 1;
      return { kind: 'answered', answer: max.get(maxChatId) ?? { kind: 'not_found' }, askedAt: now };
    },
    async fetchMembership(maxChatId, { lane, deadline }) {
      requests.push({ what: 'membership', of: maxChatId, lane, deadline });
      return {
        kind: 'answered',
        answer: { kind: 'membership', receivesMembershipEvents: true },
        askedAt: now,
      };
    },
    applyAnswer: createApplyAnswer({
      countStore: stores.counts,
      history: stores.history,
      cache,
      settings: { freshMs: 3_600_000 },
    }),
    queue: {
      async send(queue, messages, delayMs) {
        sent.push(...messages.map((message) => ({ queue, message, delayMs })));
      },
      depth: async () => 0,
    },
    clock,
    settings: { windowMs: WINDOW_MS },
  };
  const id = await created(stores.chats, { maxChatId: '-1', name: 'Первый' });
  return {
    ...{ stores, deps, sent, id, cache, requests },
    apply: (...updates: ChatUpdate[]) => createApplyUpdates(deps)(updates[0]?.chat_id ?? '', updates, now + 10_000),
    pass: (ms: number) => {
      now += ms;
    },
    now: () => now,
  };
}

const priceOf = (state: PriceState, now: number): Price => ({
  ...{ state, context: contextOf(state, 1, SCHEDULING_LIMITS), tickedAt: now, plannedUntil: now },
  ...{ firstReads: 0, budgetPerHour: 100, ...NOTHING_MEASURED, spare: 0, allowed: 1_000, carried: 0 },
});

const joined = (at: number): ChatUpdate => ({ kind: 'members_changed', chat_id: '-1', at });

describe('joins and leaves', () => {
  test('cost one request per window, for any number of events', async () => {
    const { apply, pass, sent, id, now } = await setUp();
    const start = now();
    for (let i = 0; i < 100; i += 1) await apply(...Array.from({ length: 100 }, () => joined(now())));
    expect(sent).toEqual([
      {
        queue: 'express',
        message: { ids: [id], requested_at: start + WINDOW_MS, charged_to_planner: true },
        delayMs: WINDOW_MS,
      },
    ]);
    pass(WINDOW_MS);
    await apply(joined(now()));
    expect(sent).toHaveLength(2);
  });

  test.each([
    ['above', -20, 1],
    ['below', 20, 0],
  ])('are refreshed only if that is worth the price: %s it', async (_, logKappa, messages) => {
    const answer: Answer = { kind: 'count', count: 3, title: null, link: null };
    const { apply, sent, stores, id, now } = await setUp(new Map([['-1', answer]]));
    await apply({ kind: 'bot_added', chat_id: '-1', at: now() });
    const state = { ...firstState(1, 1, 100), logKappa };
    await stores.planner.writePrice(priceOf(state, now()), NO_FINDINGS);
    await apply(joined(now()));
    expect(sent).toHaveLength(messages);
    expect((await stores.chats.get(id))?.planning.dirtyAt).toBe(now());
  });

  test('below the price leave the chat dirty, and its count is no longer known to be correct', async () => {
    const { apply, sent, id, stores, now, cache } = await setUp(
      new Map([['-1', { kind: 'count', count: 3, title: null, link: null }]]),
    );
    await apply({ kind: 'bot_added', chat_id: '-1', at: now() });
    const told = {
      count: 3,
      updatedAt: new Date(now() + 5).toISOString(),
      source: 'api',
      eventsTrusted: true,
    } as const;
    await cache.putMany(new Map([[id, told]]));
    const state = firstState(1, 1, 100);
    const dear = { ...state, logKappa: Math.log(1e6) };
    await stores.planner.writePrice(priceOf(dear, now()), NO_FINDINGS);
    await apply(joined(now()));
    expect(sent).toEqual([]);
    expect((await stores.chats.get(id))?.planning.dirtyAt).toBe(now());
    expect((await cache.getMany([id]))?.get(id)?.eventsTrusted).toBeUndefined();
  });

  test('are covered as of the end of the window: a count read within it is not sufficient', async () => {
    const { apply, sent, now } = await setUp();
    await apply(joined(now()));
    expect(sent[0]?.message.requested_at).toBe(now() + WINDOW_MS);
  });
});

describe('the bot', () => {
  test('added to an unknown chat registers it with title, link and count, once', async () => {
    const answer: Answer = { kind: 'count', count: 7, title: 'Группа', link: 'https://max.ru/c/2' };
    const { apply, stores, now, requests } = await setUp(new Map([['-2', answer]]));
    const added: ChatUpdate = { kind: 'bot_added', chat_id: '-2', at: now() };
    const deadline = now() + 10_000;
    await apply(added);
    expect(requests).toEqual([
      { what: 'count', of: '-2', lane: 'background', deadline },
      { what: 'membership', of: '-2', lane: 'background', deadline },
    ]);
    await apply(added);
    const id = await stores.chats.findByMaxChatId('-2');
    expect(await stores.chats.get(id ?? 0)).toMatchObject({
      chat: { name: 'Группа', url: 'https://max.ru/c/2', source: 'max', status: 'active' },
      participantsCount: 7,
    });
    expect((await stores.chats.get(id ?? 0))?.planning).toMatchObject({ eventTrustChecked: true });
    expect(await stores.chats.total('all')).toBe(2);
    expect(requests.filter(({ what }) => what === 'count')).toHaveLength(2);
  });

  test('added to a chat that another environment registers at the same time leaves one chat, with the count', async () => {
    const answer: Answer = { kind: 'count', count: 7, title: null, link: null };
    const { deps, stores, now } = await setUp(new Map([['-2', answer]]));
    const racing: ApplyUpdatesDeps = {
      ...deps,
      async fetchCount(...given) {
        await created(stores.chats, { maxChatId: '-2', name: 'Чужой' });
        return deps.fetchCount(...given);
      },
    };
    await createApplyUpdates(racing)('-2', [{ kind: 'bot_added', chat_id: '-2', at: now() }], now() + 1_000);
    const id = (await stores.chats.findByMaxChatId('-2')) ?? 0;
    expect(await stores.chats.get(id)).toMatchObject({ chat: { name: 'Чужой' }, participantsCount: 7 });
  });

  test('added to a chat that MAX does not show: its status is stored, and nothing else is asked or changed', async () => {
    const { apply, stores, id, now, requests, sent } = await setUp(new Map([['-1', { kind: 'denied' }]]));
    await apply({ kind: 'bot_added', chat_id: '-1', at: now() }, joined(now()));
    await apply({ kind: 'bot_added', chat_id: '-2', at: now() }, { ...joined(now()), chat_id: '-2' });
    expect(await stores.chats.get(id)).toMatchObject({ chat: { status: 'denied' } });
    expect(requests.map(({ what, of }) => [what, of])).toEqual([
      ['count', '-1'],
      ['count', '-2'],
    ]);
    expect(sent).toEqual([]);
    expect(await stores.chats.total('all')).toBe(1);
  });

  test('added to or removed from a chat that is not registered, and that MAX does not show: nothing is stored', async () => {
    const { deps, now } = await setUp(new Map([['-2', { kind: 'denied' }]]));
    const eventStore = new Proxy(deps.eventStore, {
      get(_, name) {
        throw new Error(`${String(name)} of a chat that does not exist`);
      },
    });
    for (const kind of ['bot_added', 'bot_removed'] as const) {
      await createApplyUpdates({ ...deps, eventStore })('-2', [{ kind, chat_id: '-2', at: now() }], now() + 10_000);
    }
    expect(await deps.chatStore.findByMaxChatId('-2')).toBeUndefined();
  });

  test.each([
    [1, 0, 'active'],
    [0, 1, 'denied'],
    [0, 0, 'denied'],
  ])('added (+%i s) and removed (+%i s) in one delivery: the later event decides', async (add, remove, status) => {
    const answer: Answer = { kind: 'count', count: 7, title: null, link: null };
    const { apply, stores, id, now } = await setUp(new Map([['-1', answer]]));
    await apply(
      { kind: 'bot_added', chat_id: '-1', at: now() + add },
      { kind: 'bot_removed', chat_id: '-1', at: now() + remove },
    );
    expect(await stores.chats.get(id)).toMatchObject({ chat: { status } });
  });

  test.each([
    ['🎄'.repeat(300), '🎄'.repeat(200)],
    [`${'a'.repeat(199)}🎄b`, `${'a'.repeat(199)}🎄`],
    ['a\ud800\u0007b', 'a\ufffd b'],
    [' \u0085 ', 'Чат -2'],
    [null, 'Чат -2'],
    ['  Группа ', 'Группа'],
    [`${'a'.repeat(199)} b`, 'a'.repeat(199)],
    [`${' '.repeat(200)}b`, 'b'],
  ])('gives the title %j the name %j, which the API would accept', async (title, name) => {
    const answer: Answer = { kind: 'count', count: 7, title, link: null };
    const { apply, stores, now } = await setUp(new Map([['-2', answer]]));
    await apply({ kind: 'bot_added', chat_id: '-2', at: now() });
    const id = (await stores.chats.findByMaxChatId('-2')) ?? 0;
    expect(await stores.chats.get(id)).toMatchObject({ chat: { name } });
    expect(chatFields.name.parse(name)).toBe(name);
  });

  test.each(['javascript:alert(1)', 'data:text/html,x', '//evil', '', 'x'.repeat(3_000)])(
    'stores no link like %j',
    async (link) => {
      const answer: Answer = { kind: 'count', count: 7, title: 'x', link };
      const { apply, stores, now } = await setUp(new Map([['-2', answer]]));
      await apply({ kind: 'bot_added', chat_id: '-2', at: now() });
      const id = (await stores.chats.findByMaxChatId('-2')) ?? 0;
      expect(await stores.chats.get(id)).toMatchObject({ chat: { url: null } });
    },
  );

  test('removed from a chat stops its refreshes; added again, it resumes them', async () => {
    const answer: Answer = { kind: 'count', count: 7, title: null, link: null };
    const { apply, stores, id, now, pass } = await setUp(new Map([['-1', answer]]));
    await apply({ kind: 'bot_removed', chat_id: '-1', at: now() });
    expect(await stores.chats.get(id)).toMatchObject({ chat: { status: 'denied' } });
    expect(await stores.counts.countDue(Number.MAX_SAFE_INTEGER)).toBe(0);
    pass(1_000);
    await apply({ kind: 'bot_added', chat_id: '-1', at: now() });
    expect(await stores.chats.get(id)).toMatchObject({ chat: { status: 'active' }, participantsCount: 7 });
    await apply({ kind: 'bot_removed', chat_id: '-1', at: now() - 500 });
    expect(await stores.chats.get(id)).toMatchObject({ chat: { status: 'active' } });
  });

  test.each([-60_000, 0, 60_000])(
    'removed and added again keeps its refreshes, in any order and repeated, with the clock of MAX %i ms ahead',
    async (ahead) => {
      const answer: Answer = { kind: 'count', count: 7, title: null, link: null };
      for (const order of [
        [0, 1],
        [1, 0],
        [0, 1, 0],
        [1, 0, 1, 0],
      ]) {
        const { apply, stores, id, now, pass } = await setUp(new Map([['-1', answer]]));
        const updates = [
          { kind: 'bot_removed', chat_id: '-1', at: now() + ahead },
          { kind: 'bot_added', chat_id: '-1', at: now() + ahead + 1_000 },
        ] as const;
        pass(2_000);
        for (const nth of order) {
          await apply(updates[nth] ?? updates[0]);
          pass(100);
        }
        expect(await stores.chats.get(id)).toMatchObject({ chat: { status: 'active' }, participantsCount: 7 });
        expect(await stores.counts.countDue(Number.MAX_SAFE_INTEGER)).toBe(1);
      }
    },
  );

  test('keeps its chat while MAX is not available: the update is delivered again', async () => {
    const { deps, now } = await setUp();
    const failing: ApplyUpdatesDeps = {
      ...deps,
      fetchCount: async () => ({ kind: 'not_permitted', reason: 'busy', retryAfterMs: 1 }),
    };
    const added: ChatUpdate = { kind: 'bot_added', chat_id: '-2', at: now() };
    await expect(createApplyUpdates(failing)('-2', [added], now() + 1_000)).rejects.toThrow(/could not be fetched/);
  });
});

describe('a title', () => {
  const titled = (title: string, at: number): ChatUpdate => ({ kind: 'title_changed', chat_id: '-1', at, title });

  /** Counts the writes of names. */
  async function setUpTitles() {
    const world = await setUp();
    const writes: (string | undefined)[] = [];
    const deps: ApplyUpdatesDeps = {
      ...world.deps,
      chatStore: {
        ...world.deps.chatStore,
        update(id, patch, at) {
          writes.push(patch.name);
          return world.deps.chatStore.update(id, patch, at);
        },
      },
    };
    const apply = (...updates: ChatUpdate[]) => createApplyUpdates(deps)('-1', updates, world.now() + 10_000);
    const name = async () => (await world.stores.chats.get(world.id))?.chat.name;
    return { ...world, apply, deps, writes, name };
  }

  test('becomes the name; an older one that comes later does not, and is not written', async () => {
    const { apply, name, writes, now } = await setUpTitles();
    await apply(titled('Новое', now()));
    expect(await name()).toBe('Новое');
    await apply(titled('Старое', now() - 1));
    expect(await name()).toBe('Новое');
    await apply(titled(' ', now() + 1));
    expect(await name()).toBe('Чат -1');
    expect(writes).toEqual(['Новое', 'Чат -1']);
  });

  test('that is repeated is written again, because the first delivery may have died before its write', async () => {
    const { apply, name, stores, id, now } = await setUpTitles();
    await stores.events.retitle(id, { title: 'Новое', at: now() });
    await apply(titled('Новое', now()));
    expect(await name()).toBe('Новое');
  });

  test.each([[[0, 1]], [[1, 0]]])('is the newest of one delivery: %j', async (seconds) => {
    const { apply, name, writes, now } = await setUpTitles();
    await apply(...seconds.map((second) => titled(`Имя ${second}`, now() + second)));
    expect(await name()).toBe('Имя 1');
    expect(writes).toEqual(['Имя 1']);
  });

  test('that comes while an older one is being written is the name in the end', async () => {
    const { deps, name, stores, id, now } = await setUpTitles();
    let first = true;
    const racing: ApplyUpdatesDeps = {
      ...deps,
      chatStore: {
        ...deps.chatStore,
        async update(...given) {
          if (first) {
            first = false;
            // Another environment stores a later title and its name, before this one writes the older name.
            await stores.events.retitle(id, { title: 'Позже', at: now() + 1 });
            await deps.chatStore.update(id, { name: 'Позже' }, now());
          }
          return deps.chatStore.update(...given);
        },
      },
    };
    await createApplyUpdates(racing)('-1', [titled('Раньше', now())], now() + 1_000);
    expect(await name()).toBe('Позже');
  });
});

describe('event trust', () => {
  const permitted = (receives: boolean, at: number): ChatUpdate => ({
    ...{ kind: 'permissions_changed', chat_id: '-1', at, receives_membership_events: receives },
  });
  const cached: CachedCount = {
    ...{ count: 3, updatedAt: new Date(T0).toISOString(), source: 'api', maxChatId: '-1', eventsTrusted: true },
  };

  test.each<[string, (at: number) => ChatUpdate[], boolean]>([
    ['a join', (at) => [joined(at)], true],
    ['the permission', (at) => [permitted(true, at)], true],
    ['the loss of the permission', (at) => [permitted(false, at)], false],
    ['the loss of the permission together with a join', (at) => [joined(at + 1), permitted(false, at)], false],
    ['the removal of the bot', (at) => [{ kind: 'bot_removed', chat_id: '-1', at }], false],
  ])('after %s', async (_, updates, trusted) => {
    const { apply, stores, id, now } = await setUp();
    await stores.events.recordEventTrust(id, !trusted, now() - 1, now() - 1);
    await apply(...updates(now()));
    expect((await stores.chats.get(id))?.planning).toMatchObject({
      ...{ eventsTrustedSince: trusted ? now() : null, eventTrustChecked: true },
    });
  });

  test.each([true, false])('a cached count stays known as correct only with the permission: %j', async (receives) => {
    const { apply, cache, id, now } = await setUp();
    await cache.putMany(new Map([[id, cached]]));
    await apply(permitted(receives, now()));
    expect((await cache.getMany([id]))?.get(id)?.eventsTrusted === true).toBe(receives);
  });
});

test('a day of updates, repeated and shuffled, ends with the same table', async () => {
  const update = fc
    .record({ chat: fc.constantFrom('-1', '-2', '-3'), minute: fc.integer({ min: 0, max: 1_439 }) })
    .chain(({ chat: chat_id, minute }) => {
      const at = T0 - 100_000_000 + minute * 60_000;
      return fc.constantFrom<ChatUpdate>(
        { kind: 'members_changed', chat_id, at },
        { kind: 'title_changed', chat_id, at, title: `Имя ${minute}` },
        { kind: 'permissions_changed', chat_id, at, receives_membership_events: minute % 2 === 0 },
        { kind: 'bot_removed', chat_id, at },
        { kind: 'bot_added', chat_id, at },
      );
    });
  const table = async (updates: readonly ChatUpdate[], max: Map<string, Answer>) => {
    const { apply, stores } = await setUp(max);
    for (const each of updates) await apply(each);
    const rows = [];
    for (const maxChatId of ['-1', '-2', '-3']) {
      const stored = await stores.chats.get((await stores.chats.findByMaxChatId(maxChatId)) ?? 0);
      rows.push(stored && [maxChatId, stored.chat.name, stored.chat.status, stored.participantsCount]);
    }
    return rows;
  };
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(update, { minLength: 1, maxLength: 30, selector: ({ chat_id, at }) => `${chat_id} ${at}` }),
      fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
      async (updates, random) => {
        // MAX at the end of the day: the bot is in the chat to which it was last added.
        const max = new Map<string, Answer>();
        for (const maxChatId of ['-1', '-2', '-3']) {
          const own = updates.filter(({ chat_id, kind }) => chat_id === maxChatId && kind.startsWith('bot_'));
          const last = own.sort((a, b) => a.at - b.at).at(-1);
          max.set(
            maxChatId,
            last?.kind === 'bot_removed'
              ? { kind: 'denied' }
              : { kind: 'count', count: 9, title: 'Из MAX', link: null },
          );
        }
        const doubled = [...updates, ...updates]
          .map((each) => ({ each, key: random.next().value ?? 0 }))
          .sort((a, b) => a.key - b.key)
          .map(({ each }) => each);
        const inOrder = [...updates].sort((a, b) => a.at - b.at);
        expect(await table(doubled, max)).toEqual(await table(inOrder, max));
      },
    ),
    { numRuns: 300 },
  );
});
