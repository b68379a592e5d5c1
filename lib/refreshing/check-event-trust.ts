import type { Clock } from '../base/clock.ts';
import type { Planning } from '../chats/planning.ts';
import type { EventStore } from '../state/event-store.ts';
import type { FetchMembership, RequestOptions } from './request-max.ts';

export interface KnowTrustDeps {
  readonly fetchMembership: FetchMembership;
  readonly eventStore: Pick<EventStore, 'trust'>;
  readonly clock: Clock;
}

/**
 * Asks MAX whether every join and leave of the chat is told: one request that may save all polling of it. Round trips: 1 permit,
 * MAX, 1 UpdateItem. @returns what is known now; `undefined` where MAX doesn't say.
 */
export async function knowTrust(
  { fetchMembership, eventStore, clock }: KnowTrustDeps,
  chat: { readonly id: number; readonly max_chat_id: string },
  options: RequestOptions,
): Promise<Pick<Planning, 'toldSince' | 'trustKnown'> | undefined> {
  const asked = await fetchMembership(chat.max_chat_id, options);
  if (asked.kind !== 'answered' || asked.answer.kind !== 'membership') return undefined;
  const { tellsMembers } = asked.answer;
  const now = clock.now();
  await eventStore.trust(chat.id, tellsMembers, asked.askedAt, now);
  return { toldSince: tellsMembers ? now : null, trustKnown: true };
}
