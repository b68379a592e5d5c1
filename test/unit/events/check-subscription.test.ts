import { beforeEach, describe, expect, test } from 'vitest';
import { createCheckSubscription } from '../../../lib/events/check-subscription.ts';
import { eventsSince, type SeenSubscription, subscriptionState } from '../../../lib/state/subscription.ts';
import { T0 } from '../../support/stores.ts';

type CheckSubscriptionDeps = Parameters<typeof createCheckSubscription>[0];

const URL = 'https://chats.example/webhooks/max';
const MINUTE = 60_000;

let now: number;
let seen: SeenSubscription | undefined;
/** The subscriptions in MAX, and the calls in order. */
let subscribed: string[];
let done: string[];

beforeEach(() => {
  now = T0;
  seen = undefined;
  subscribed = [];
  done = [];
});

const deps = (some: Partial<CheckSubscriptionDeps> = {}): CheckSubscriptionDeps => ({
  listSubscriptions: async () => ({ kind: 'answered', answer: subscribed.map((url) => ({ url })), askedAt: now }),
  async subscribe(url) {
    done.push('subscribe');
    subscribed.push(url);
    return { kind: 'answered', answer: 'done', askedAt: now };
  },
  store: {
    read: async () => seen,
    async write(next) {
      seen = next;
    },
  },
  async refreshAll() {
    done.push('refresh all');
  },
  clock: { now: () => now, sleep: async () => {} },
  ...some,
});
const check = (some?: Partial<CheckSubscriptionDeps>) => createCheckSubscription(deps(some))(URL, now + MINUTE);
const failed = async () => ({ kind: 'failed', error: 'server', exhausted: true, retryAfterMs: undefined }) as const;

describe('the subscription', () => {
  test('is created if there is none, and is then fine', async () => {
    expect(await check()).toEqual({ kind: 'subscribed', lostSince: undefined });
    now += 15 * MINUTE;
    expect(await check()).toEqual({ kind: 'fine' });
    expect(done).toEqual(['subscribe']);
    expect(seen).toEqual({ url: URL, seenAt: now, since: T0 });
  });

  test('that somebody else created is fine, and events count from now on', async () => {
    subscribed = [URL];
    expect(await check()).toEqual({ kind: 'fine' });
    expect(seen).toEqual({ url: URL, seenAt: T0, since: T0 });
  });

  test.each([
    [{ kind: 'failed', error: 'timeout', exhausted: true, retryAfterMs: undefined } as const, 'timeout'],
    [{ kind: 'not_permitted', reason: 'cooling', retryAfterMs: 5 } as const, 'cooling'],
  ])('that could not be checked, says why: %j', async (response, reason) => {
    expect(await check({ listSubscriptions: async () => response })).toEqual({ kind: 'failed', reason });
    expect(await check({ subscribe: async () => response })).toEqual({ kind: 'failed', reason });
    expect(seen).toBeUndefined();
  });

  test('that is lost is detected at the next check, followed by a full update, and events count from then on', async () => {
    await check();
    now += 15 * MINUTE;
    await check();
    subscribed = ['https://somebody.example/else'];
    now += 15 * MINUTE;
    expect(await check()).toEqual({ kind: 'subscribed', lostSince: T0 + 15 * MINUTE });
    expect(done).toEqual(['subscribe', 'refresh all', 'subscribe']);
    expect(seen).toEqual({ url: URL, seenAt: now, since: now });
  });

  test("that can't be created is tried again, and still counts as lost", async () => {
    await check();
    subscribed = [];
    expect(await check({ subscribe: failed })).toEqual({ kind: 'failed', reason: 'server' });
    expect(await check()).toEqual({ kind: 'subscribed', lostSince: T0 });
    expect(await check({ listSubscriptions: failed })).toEqual({ kind: 'failed', reason: 'server' });
  });

  test('of another address is a new one', async () => {
    seen = { url: 'https://old.example/webhooks/max', seenAt: T0 - MINUTE, since: T0 - 99 * MINUTE };
    expect(await check()).toEqual({ kind: 'subscribed', lostSince: undefined });
    expect(seen).toMatchObject({ url: URL, since: T0 });
  });

  test("that wasn't confirmed for an hour is not relied on", () => {
    expect(eventsSince(undefined, T0)).toBeNull();
    expect(eventsSince({ url: URL, seenAt: T0, since: 5 }, T0 + 59 * MINUTE)).toBe(5);
    expect(eventsSince({ url: URL, seenAt: T0, since: 5 }, T0 + 60 * MINUTE)).toBeNull();
  });

  test('is shown as confirmed since its first check, or as lost since the last', () => {
    expect(subscriptionState(undefined, T0)).toEqual({ state: 'none', since: null });
    const seen = { url: URL, seenAt: T0, since: T0 - 99 * MINUTE };
    expect(subscriptionState(seen, T0 + 59 * MINUTE)).toEqual({ state: 'confirmed', since: T0 - 99 * MINUTE });
    expect(subscriptionState(seen, T0 + 60 * MINUTE)).toEqual({ state: 'lost', since: T0 });
  });
});
