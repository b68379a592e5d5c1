import { beforeEach, expect, test } from 'vitest';
import { checkEventTrust } from '../../../lib/refreshing/check-event-trust.ts';
import type { FetchMembership } from '../../../lib/refreshing/request-max.ts';
import { created, openMemory, type Stores, T0 } from '../../support/stores.ts';

const OPTIONS = { lane: 'background', deadline: T0 + 60_000 } as const;
const NOW = T0 + 500;

let stores: Stores;
let chat: { readonly id: number; readonly maxChatId: string };
beforeEach(async () => {
  stores = await openMemory();
  chat = { id: await created(stores.chats, { maxChatId: '-70' }), maxChatId: '-70' };
});

type Response = Awaited<ReturnType<FetchMembership>>;

const check = (response: Response) =>
  checkEventTrust(
    {
      fetchMembership: async (id, options) => {
        expect([id, options]).toEqual(['-70', OPTIONS]);
        return response;
      },
      eventStore: stores.events,
      clock: { now: () => NOW, sleep: async () => {} },
    },
    chat,
    OPTIONS,
  );
const stored = async () => (await stores.chats.get(chat.id))?.planning;

test.each([
  [true, NOW],
  [false, null],
])('whether MAX sends events (%j) is stored, with the present time, and returned', async (sends, since) => {
  const answer = { kind: 'membership', receivesMembershipEvents: sends } as const;
  const trust = { eventsTrustedSince: since, eventTrustChecked: true };
  expect(await check({ kind: 'answered', answer, askedAt: T0 })).toEqual(trust);
  expect(await stored()).toMatchObject(trust);
});

test.each<Response>([
  { kind: 'answered', answer: { kind: 'denied' }, askedAt: T0 },
  { kind: 'answered', answer: { kind: 'not_found' }, askedAt: T0 },
  { kind: 'failed', error: 'timeout', exhausted: true, retryAfterMs: undefined },
  { kind: 'not_permitted', reason: 'busy', retryAfterMs: 5 },
])('%j says nothing about events, so it is checked again', async (response) => {
  expect(await check(response)).toBeUndefined();
  expect(await stored()).toMatchObject({ eventsTrustedSince: null, eventTrustChecked: false });
});

test('an older answer does not replace a newer event', async () => {
  await stores.events.recordEventTrust(chat.id, true, T0 + 100, NOW);
  const answer = { kind: 'membership', receivesMembershipEvents: false } as const;
  await check({ kind: 'answered', answer, askedAt: T0 });
  expect(await stored()).toMatchObject({ eventsTrustedSince: NOW, eventTrustChecked: true });
});
