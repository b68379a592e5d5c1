import type { Clock } from '../runtime/clock.ts';
import type { Asked, AskMax, AskOptions } from './ask-max.ts';
import type { CountCache } from './cache.ts';
import type { CountStore, Reading } from './count-store.ts';
import type { ParticipantEvents } from './events.ts';

/** The one way a count comes from MAX into the stores, whoever wants it. */

export type RefreshOutcome =
  | { readonly kind: 'updated'; readonly count: number; readonly readAt: number; readonly changed: boolean }
  /** MAX answered, but something newer had been written meanwhile. */
  | { readonly kind: 'superseded' }
  | { readonly kind: 'unavailable'; readonly status: 'denied' | 'gone' }
  | Exclude<Asked, { kind: 'answered' }>;

export interface RefreshDeps {
  readonly askMax: AskMax;
  readonly countStore: CountStore;
  readonly cache: CountCache;
  readonly clock: Clock;
  readonly events: ParticipantEvents;
  readonly settings: { readonly freshMs: number };
}

/** Rejects only where the durable store does. */
export type RefreshChat = (
  chat: { readonly id: number; readonly max_chat_id: string },
  options: AskOptions,
) => Promise<RefreshOutcome>;

export function createRefreshChat({ askMax, countStore, cache, clock, events, settings }: RefreshDeps): RefreshChat {
  return async function refreshChat(chat, options) {
    const startedAt = clock.now();
    const asked = await askMax(chat.max_chat_id, options);
    if (asked.kind !== 'answered') return asked;
    const { answer, askedAt } = asked;
    const reading: Reading =
      answer.kind === 'count'
        ? { kind: 'count', count: answer.count }
        : { kind: 'unavailable', status: answer.kind === 'denied' ? 'denied' : 'gone' };
    // The durable store first, so that the cache never knows what the store doesn't.
    const applied = await countStore.apply(chat, reading, { askedAt, dueAt: askedAt + settings.freshMs });
    if (applied.kind === 'superseded') return applied;
    if (reading.kind === 'unavailable') return reading;
    const updated_at = new Date(askedAt).toISOString();
    await cache.putMany(new Map([[chat.id, { count: reading.count, updated_at, source: 'api' }]]));
    const changed = applied.before !== reading.count;
    events.updated({ durationMs: clock.now() - startedAt, changed });
    return { kind: 'updated', count: reading.count, readAt: askedAt, changed };
  };
}
