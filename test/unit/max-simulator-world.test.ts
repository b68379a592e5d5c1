import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Arrivals } from '../../localstack/max/arrivals.ts';
import { allWell, faultAt, type SwitchesPatch, turn } from '../../localstack/max/switches.ts';
import { type Update, World, type WorldOptions } from '../../localstack/max/world.ts';

const startMs = Date.UTC(2026, 10, 23);
const hourMs = 3_600_000;

function worldWith(options: Partial<WorldOptions> = {}) {
  const clock = { ms: startMs, now: () => clock.ms };
  const updates: Update[] = [];
  const world = new World({
    chats: 500,
    seed: 7,
    drift: 1,
    goneRate: 0,
    clock,
    onUpdate: (update) => updates.push(update),
    ...options,
  });
  return { world, clock, updates, all: () => [...world.truths(0, world.size)] };
}

describe('the simulated world', () => {
  it('is the same for the same seed, however often it is read', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 32 - 1 }),
        fc.array(fc.nat(hourMs), { maxLength: 20 }),
        (seed, looks) => {
          const often = worldWith({ seed, chats: 60, goneRate: 0.5 });
          const once = worldWith({ seed, chats: 60, goneRate: 0.5 });
          for (const afterMs of looks) {
            often.clock.ms += afterMs;
            often.world.advance();
          }
          once.clock.ms = often.clock.ms;
          expect(once.all()).toEqual(often.all());
          expect(once.updates).toEqual(often.updates);
        },
      ),
      { numRuns: 50 },
    );
    expect(worldWith({ seed: 8 }).all()).not.toEqual(worldWith({ seed: 9 }).all());
  });

  it('does not change at drift 0', () => {
    const { clock, all, updates } = worldWith({ drift: 0, goneRate: 1 });
    const before = all();
    clock.ms += 1_000 * hourMs;
    expect(all()).toEqual(before);
    expect(updates).toEqual([]);
  });

  it('has chats of each type, with ids that lead to them, and counts from 2 to 5,000 around 30', () => {
    const { world, all } = worldWith({ chats: 20_000 });
    const chats = all();
    expect(new Set(chats.map((chat) => chat.chat_id)).size).toBe(20_000);
    for (const chat of chats) {
      expect(world.truth(chat.chat_id)).toEqual(chat);
      expect(Number(chat.chat_id) > 0).toBe(chat.type === 'dialog');
      if (chat.type === 'dialog') expect(chat).toMatchObject({ participants_count: 2, changes_per_hour: 0 });
    }
    const counts = chats.map((chat) => chat.participants_count).sort((a, b) => a - b);
    expect(counts[0]).toBe(2);
    expect(counts.at(-1)).toBeGreaterThan(1_000);
    expect(counts.at(-1)).toBeLessThanOrEqual(5_000);
    expect(counts[10_000]).toBeGreaterThan(25);
    expect(counts[10_000]).toBeLessThan(35);
    expect(new Set(chats.map((chat) => chat.type))).toEqual(new Set(['dialog', 'chat', 'channel']));
    expect(chats.some((chat) => Number(chat.chat_id) < -6.9e14)).toBe(true);
    expect(chats.filter((chat) => chat.bot === 'reader').length / 20_000).toBeCloseTo(0.78, 1);
  });

  it('knows only its own ids', () => {
    const { world } = worldWith();
    const id = world.idAt(3);
    expect(world.body(id)).toMatchObject({ chat_id: Number(id) });
    for (const other of [
      `${Number(id) + 1}`,
      `${-Number(id)}`,
      id.replace('-', '-0'),
      '0',
      '-1',
      '',
      '99999999999999999999',
    ]) {
      expect(world.truth(other)).toBeUndefined();
      expect(world.body(other)).toBe('not_found');
    }
  });

  it('changes each chat at its own rate, one member at a time', () => {
    const { clock, all } = worldWith({ chats: 300, seed: 3 });
    const changes = new Map<string, number>();
    let before = all();
    // Minutes so short that two changes of one chat in one step are rare.
    for (let minute = 0; minute < 60 * 24 * 3; minute += 1) {
      clock.ms += 60_000;
      const after = all();
      after.forEach((chat, index) => {
        const step = Math.abs(chat.participants_count - (before[index]?.participants_count ?? 0));
        changes.set(chat.chat_id, (changes.get(chat.chat_id) ?? 0) + step);
      });
      before = after;
    }
    const expected = before.reduce((sum, chat) => sum + chat.changes_per_hour * 72, 0);
    const seen = [...changes.values()].reduce((sum, count) => sum + count, 0);
    expect(seen / expected).toBeGreaterThan(0.9);
    expect(seen / expected).toBeLessThan(1.1);
    for (const chat of before) {
      const due = chat.changes_per_hour * 72;
      const ratio = (changes.get(chat.chat_id) ?? 0) / due;
      // Six standard deviations of a Poisson count.
      if (due > 20) expect(Math.abs(ratio - 1)).toBeLessThan(6 / Math.sqrt(due));
    }
    const busiest = before.toSorted((a, b) => b.changes_per_hour - a.changes_per_hour).slice(0, 30);
    const calm = before.toSorted((a, b) => a.changes_per_hour - b.changes_per_hour).slice(0, 30);
    const sum = (chats: typeof before) => chats.reduce((total, chat) => total + (changes.get(chat.chat_id) ?? 0), 0);
    expect(sum(busiest)).toBeGreaterThan(20 * (sum(calm) + 1));
  });

  it('sends an event for every join and leave if the bot reads messages, and otherwise none', () => {
    const { world, clock, updates, all } = worldWith({ chats: 200, drift: 50 });
    const before = all();
    clock.ms += 10 * hourMs;
    const told = new Map<string, number>();
    const switched = new Set<string>();
    world.advance();
    for (const [index, update] of updates.entries()) {
      const id = String(update.chat_id);
      expect(update.timestamp).toBeGreaterThanOrEqual(updates[index - 1]?.timestamp ?? startMs);
      expect(update).not.toHaveProperty('participants_count');
      if (update.update_type === 'bot_admin_permissions_changed') switched.add(id);
      const step = { user_added: 1, user_removed: -1 }[update.update_type as string] ?? 0;
      told.set(id, (told.get(id) ?? 0) + step);
    }
    const steady = before.filter((chat) => !switched.has(chat.chat_id));
    expect(steady.some((chat) => chat.bot !== 'reader' && chat.type !== 'dialog')).toBe(true);
    for (const chat of steady) {
      const difference = (world.truth(chat.chat_id)?.participants_count ?? 0) - chat.participants_count;
      expect(told.get(chat.chat_id) ?? 0).toBe(chat.bot === 'reader' ? difference : 0);
    }
    expect(new Set(updates.map((update) => update.update_type))).toEqual(
      new Set(['user_added', 'user_removed', 'chat_title_changed', 'bot_admin_permissions_changed']),
    );
  });

  it('names the members who joined and left', () => {
    const { world, updates, all } = worldWith({ chats: 12, drift: 0 });
    const members = () => {
      const bodies = all().map((chat) => Object(world.body(chat.chat_id)));
      return new Map(bodies.filter((body) => body.participants).map((body) => [body.chat_id, body.participants]));
    };
    let before = members();
    let checked = 0;
    for (let step = 0; step < 300; step += 1) {
      world.force(1);
      const after = members();
      const update = updates.splice(0)[0];
      const userId = Object(update?.user).user_id;
      if (update !== undefined && before.has(update.chat_id)) {
        const added = update.update_type === 'user_added';
        expect([userId in before.get(update.chat_id), userId in after.get(update.chat_id)]).toEqual([!added, added]);
        checked += 1;
      }
      before = after;
    }
    expect(checked).toBeGreaterThan(30);
  });

  it('lets chats disappear at the given rate, and sends an event only if the bot was expelled', () => {
    const { clock, all, updates, world } = worldWith({ chats: 5_000, goneRate: 0.1 });
    clock.ms += 24 * hourMs;
    const gone = all().filter((chat) => chat.gone !== null);
    expect(gone.length).toBeGreaterThan(400);
    expect(gone.length).toBeLessThan(560);
    const denied = gone.filter((chat) => chat.gone === 'denied').map((chat) => chat.chat_id);
    const expelled = updates
      .filter((update) => update.update_type === 'bot_removed')
      .map((update) => `${update.chat_id}`);
    for (const id of denied) expect(expelled).toContain(id);
    for (const chat of gone) {
      const body = world.body(chat.chat_id);
      if (chat.gone === 'removed') expect(body).toMatchObject({ status: 'removed' });
      else expect(body).toBe(chat.gone);
    }
  });

  it('writes bodies with all mandatory fields, and exact seqs above 2^53', () => {
    const { world, all } = worldWith({ chats: 2_000 });
    const seen = new Set<string>();
    for (const chat of all()) {
      const body = world.body(chat.chat_id);
      if (typeof body === 'string') throw new Error(body);
      for (const field of Object.keys(body)) seen.add(field);
      expect(body).toMatchObject({
        chat_id: Number(chat.chat_id),
        type: chat.type,
        status: 'active',
        participants_count: chat.participants_count,
        last_event_time: chat.last_event_time,
        is_public: expect.any(Boolean),
      });
      if (body.participants !== undefined) {
        expect(chat.bot).not.toBe('member');
        expect(Object.keys(Object(body.participants))).toHaveLength(chat.participants_count);
      }
      if (body.pinned_message !== undefined) {
        const seq = /"seq":(\d+)/.exec(JSON.stringify(body))?.[1] ?? '';
        expect(BigInt(seq)).toBeGreaterThan(2n ** 53n);
        // A body that passed through a JavaScript number would be rounded.
        expect(BigInt(Number(seq))).not.toBe(BigInt(seq));
      }
    }
    for (const field of ['icon', 'link', 'description', 'owner_id', 'participants', 'pinned_message', 'options']) {
      expect(seen).toContain(field);
    }
  });

  it('accepts counts and states, and sends one event for each change', () => {
    const { world, updates, all } = worldWith({ drift: 0 });
    const id = all().find((chat) => chat.bot === 'reader')?.chat_id ?? '';
    expect(world.setCount(id, 4_321)).toBe(true);
    expect(world.body(id)).toMatchObject({ participants_count: 4_321 });
    world.setCount(id, 4_321);
    world.setCount(id, 3);
    world.setGone(id, 'denied');
    world.setCount(id, 5);
    world.setGone(id, null);
    expect(updates.map((update) => update.update_type)).toEqual([
      ...['user_added', 'user_removed', 'bot_removed', 'bot_added'],
    ]);
    const dialog = all().find((chat) => chat.type === 'dialog')?.chat_id ?? '';
    expect(world.setCount(dialog, 3)).toBe(false);
    expect(world.truth(dialog)?.participants_count).toBe(2);
  });

  it('forces the exact number of changes, even when frozen', () => {
    const { world, clock, all } = worldWith({ drift: 0, chats: 2_000 });
    clock.ms += 1;
    const before = all();
    expect(world.force(1)).toBe(1);
    const differing = all().filter((chat, index) => chat.participants_count !== before[index]?.participants_count);
    expect(differing).toHaveLength(1);
    expect(differing[0]?.last_event_time).toBe(clock.ms);
    for (const chat of before) world.setGone(chat.chat_id, 'not_found');
    expect(world.force(10)).toBe(0);
  });

  it('seeds the local stack with every chat once', () => {
    const { world } = worldWith();
    const seeds = [...world.seeds()];
    expect(new Set(seeds.map((seed) => seed.max_chat_id)).size).toBe(500);
    expect(new Set(seeds.map((seed) => seed.university_id))).toEqual(new Set([1, 2, 3]));
    expect(seeds.some((seed) => /^Группа [А-Я]+-\d\d-\d$/.test(seed.name))).toBe(true);
    for (const seed of seeds) {
      expect(URL.canParse(seed.url)).toBe(true);
      expect(world.has(seed.max_chat_id)).toBe(true);
    }
  });
});

describe('arrivals', () => {
  // Quarters of a second lie exactly on the edge of the window.
  const gap = fc.oneof(fc.double({ min: 0, max: 400, noNaN: true }), fc.constantFrom(0, 250, 500, 1_000));

  it('have the same counts as every window counted separately', () => {
    fc.assert(
      fc.property(fc.array(gap, { maxLength: 200 }), (gaps) => {
        const arrivals = new Arrivals();
        const times: number[] = [];
        let now = 5;
        let most = 0;
        for (const gap of gaps) {
          now += gap;
          times.push(now);
          const inWindow = times.filter((time) => time > now - 1_000).length;
          most = Math.max(most, inWindow);
          expect(arrivals.arrive(now, now)).toBe(inWindow);
        }
        expect(arrivals.summary()).toMatchObject({ total: gaps.length, max_in_any_1000ms: most });
      }),
    );
  });

  it('keep the seconds of an hour, and limit the rate even after a reset', () => {
    const arrivals = new Arrivals();
    for (let second = 0; second < 4_000; second += 1) arrivals.arrive(second * 1_000, second * 1_000);
    const { per_second } = arrivals.summary();
    expect(per_second).toHaveLength(3_600);
    expect(per_second[0]).toEqual([400, 1]);
    arrivals.reset();
    expect(arrivals.summary()).toEqual({ total: 0, max_in_any_1000ms: 0, per_second: [] });
    expect(arrivals.arrive(3_999_500, 0)).toBe(2);
  });
});

describe('switches', () => {
  it('change only the values in the patch', () => {
    const turned = turn(turn(allWell, { errors: { '429': 0.25 } }), { errors: { reset: 0.5 }, latency_ms: 0 });
    expect(turned).toEqual({ ...allWell, errors: { ...allWell.errors, '429': 0.25, reset: 0.5 }, latency_ms: 0 });
    const hits = [0, 0.2499, 0.25, 0.7499, 0.75].map((draw) => faultAt(turned.errors, draw));
    expect(hits).toEqual(['429', '429', 'reset', 'reset', null]);
  });

  it.each([
    [{ errors: { '404': 1 } }],
    [{ errors: { '429': 0.6, '500': 0.6 } }],
    [{ latency_ms: -1 }],
    [{ latency: 5 }],
    [undefined],
  ])('refuse %j', (patch) => {
    expect(() => turn(allWell, patch as SwitchesPatch)).toThrow();
  });
});
