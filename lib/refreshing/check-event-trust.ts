import type { Clock } from '../base/clock.ts';
import type { Planning } from '../chats/planning.ts';
import type { EventStore } from '../state/event-store.ts';
import type { FetchMembership, RequestOptions } from './request-max.ts';

export interface CheckEventTrustDeps {
  readonly fetchMembership: FetchMembership;
  readonly eventStore: Pick<EventStore, 'recordEventTrust'>;
  readonly clock: Clock;
}

/**
 * Asks MAX whether it sends an event for every join and leave of the chat. This one request may save all polling of the chat.
 * Round trips: 1 permit, MAX, 1 UpdateItem. @returns the stored result; `undefined` if MAX gave no answer.
 */
export async function checkEventTrust(
  { fetchMembership, eventStore, clock }: CheckEventTrustDeps,
  chat: { readonly id: number; readonly maxChatId: string },
  options: RequestOptions,
): Promise<Pick<Planning, 'eventsTrustedSince' | 'eventTrustChecked'> | undefined> {
  const asked = await fetchMembership(chat.maxChatId, options);
  if (asked.kind !== 'answered' || asked.answer.kind !== 'membership') return undefined;
  const { receivesMembershipEvents } = asked.answer;
  const now = clock.now();
  await eventStore.recordEventTrust(chat.id, receivesMembershipEvents, asked.askedAt, now);
  return { eventsTrustedSince: receivesMembershipEvents ? now : null, eventTrustChecked: true };
}
