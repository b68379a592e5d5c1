import { expect, test } from 'vitest';
import { World } from '../../localstack/max/world.ts';

const HOUR_MS = 3_600_000;

function worldOf(drift: number) {
  const clock = { ms: Date.UTC(2026, 10, 23), now: () => clock.ms };
  const world = new World({ chats: 2_000, seed: 7, drift, goneRate: 0, clock });
  const read = (id: string) => Object(world.body(id)) as { last_event_time: number; messages_count?: number };
  return { world, clock, read, all: () => [...world.truths(0, world.size)] };
}

test('messages move the time of the last event, and are counted', () => {
  const { clock, read, all } = worldOf(1);
  const before = new Map(all().map((chat) => [chat.chat_id, read(chat.chat_id)]));
  clock.ms += 6 * HOUR_MS;
  let quiet = 0;
  for (const { chat_id, last_event_time } of all()) {
    const [was, now] = [before.get(chat_id), read(chat_id)];
    expect(now.last_event_time).toBe(last_event_time);
    expect(now.last_event_time).toBeLessThanOrEqual(clock.ms);
    if (was?.messages_count === undefined || now.messages_count === undefined) continue;
    expect(now.messages_count).toBeGreaterThanOrEqual(was.messages_count);
    if (now.messages_count > was.messages_count) expect(now.last_event_time).toBeGreaterThan(was.last_event_time);
    else quiet += 1;
  }
  expect(quiet).toBeGreaterThan(10);
});

test('joins and leaves move it too, unless they are silent', () => {
  const { world, clock, all } = worldOf(0);
  const [first] = all().filter(({ bot, type }) => bot === 'reader' && type !== 'dialog');
  const id = first?.chat_id ?? '';
  clock.ms += 1;
  world.silentJoins = true;
  world.setCount(id, 4_321);
  expect(world.truth(id)).toMatchObject({ participants_count: 4_321, last_event_time: first?.last_event_time });
  world.silentJoins = false;
  world.setCount(id, 4_322);
  expect(world.truth(id)).toMatchObject({ last_event_time: clock.ms });
});
