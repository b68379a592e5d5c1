import type { ReadableChat, StoredChat } from '../chats/chat.ts';
import type { Clock } from '../runtime/clock.ts';
import type { AskMembership, AskOptions } from './ask-max.ts';
import type { EventStore } from './event-store.ts';

export interface KnowTrustDeps {
  readonly askMembership: AskMembership;
  readonly eventStore: Pick<EventStore, 'trust'>;
  readonly clock: Clock;
}

/**
 * Asks MAX whether every join and leave of the chat is told: one request that may save all polling of it. Round trips: 1 permit,
 * MAX, 1 UpdateItem. @returns the chat with what is known now; as it was where MAX doesn't say.
 */
export async function knowTrust<C extends StoredChat & { readonly chat: ReadableChat }>(
  { askMembership, eventStore, clock }: KnowTrustDeps,
  chat: C,
  options: AskOptions,
): Promise<C> {
  const asked = await askMembership(chat.chat.max_chat_id, options);
  if (asked.kind !== 'answered' || asked.answer.kind !== 'membership') return chat;
  const { tellsMembers } = asked.answer;
  const now = clock.now();
  await eventStore.trust(chat.chat.id, tellsMembers, asked.askedAt, now);
  return { ...chat, planning: { ...chat.planning, toldSince: tellsMembers ? now : null, trustKnown: true } };
}
