import type { ChatAnswer, MaxApi, MaxErrorKind } from '../max-api/client.ts';
import type { Lane, Permits } from '../max-api/permits.ts';
import type { Clock } from '../runtime/clock.ts';
import type { ParticipantEvents } from './events.ts';

/** The one place that asks MAX for a count: with a permit for every request, retries included. */

export type Asked =
  | {
      readonly kind: 'answered';
      readonly answer: Exclude<ChatAnswer, { readonly kind: 'error' }>;
      /** Unix ms at which the request went out: the time the answer is true for. */
      readonly askedAt: number;
    }
  /** MAX was asked and gave no answer about the chat. `exhausted`: all retries were made; otherwise the time ran out. */
  | {
      readonly kind: 'failed';
      readonly error: MaxErrorKind;
      readonly exhausted: boolean;
      readonly retryAfterMs: number | undefined;
    }
  /** MAX was not asked: no permit in time, or the work was given up. */
  | { readonly kind: 'not_permitted'; readonly reason: 'busy' | 'cooling'; readonly retryAfterMs: number };

export interface AskOptions {
  readonly lane: Lane;
  /** Unix ms by which the answer is wanted; no request starts behind it. */
  readonly deadline: number;
  /** Whether the work was given up meanwhile: then no further request starts. */
  readonly abandoned?: () => boolean;
  /** Told of every answer of MAX, retried ones too. */
  readonly onAnswer?: (ok: boolean) => void;
}

/** Never rejects. */
export type AskMax = (maxChatId: string, options: AskOptions) => Promise<Asked>;

export interface AskMaxDeps {
  readonly maxApi: MaxApi;
  readonly permits: Permits;
  readonly clock: Clock;
  readonly events: ParticipantEvents;
  /** From 0 up to 1, exclusive. */
  readonly random: () => number;
  readonly settings: {
    readonly timeoutMs: number;
    /** Further requests after a retryable error. */
    readonly maxRetries: number;
  };
}

/** Full jitter over an exponential bound (AWS Architecture Blog, "Exponential Backoff And Jitter"), in milliseconds. */
const BACKOFF_BASE_MS = 200;
const BACKOFF_CAP_MS = 5_000;

export function createAskMax({ maxApi, permits, clock, events, random, settings }: AskMaxDeps): AskMax {
  return async function askMax(maxChatId, options) {
    for (let attempt = 0; ; attempt += 1) {
      const refusal = await waitForPermit(options);
      if (refusal) return refusal;
      const askedAt = clock.now();
      const answer = await maxApi.getChat(maxChatId, Math.min(settings.timeoutMs, options.deadline - askedAt));
      const durationMs = clock.now() - askedAt;
      if (answer.kind !== 'error') {
        permits.report({ kind: 'ok' });
        options.onAnswer?.(true);
        events.askedMax({ durationMs });
        return { kind: 'answered', answer, askedAt };
      }
      const { error, retryAfterMs } = answer;
      permits.report(
        // A 503 that names a time to wait asks for the same as a 429 does.
        error === 'rate_limited' || retryAfterMs !== undefined
          ? { kind: 'throttled', ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }
          : { kind: 'failed' },
      );
      options.onAnswer?.(false);
      events.askedMax({ durationMs, error });
      const exhausted = !answer.retryable || attempt >= settings.maxRetries;
      const pauseMs = random() * Math.min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** attempt);
      if (exhausted || clock.now() + pauseMs >= options.deadline) {
        return { kind: 'failed', error, exhausted, retryAfterMs };
      }
      await clock.sleep(pauseMs);
    }
  };

  async function waitForPermit(options: AskOptions): Promise<Extract<Asked, { kind: 'not_permitted' }> | undefined> {
    const tooLate = () => options.abandoned?.() || clock.now() >= options.deadline;
    const notAsked = { kind: 'not_permitted', reason: 'busy', retryAfterMs: 0 } as const;
    if (tooLate()) return notAsked;
    const now = clock.now();
    const permit = await permits.acquire(options.lane, options.deadline - now);
    events.waitedForPermit({ durationMs: clock.now() - now, granted: permit.granted });
    if (!permit.granted) {
      return { kind: 'not_permitted', reason: permit.reason, retryAfterMs: permit.retryAfterMs };
    }
    // A permit that comes too late for the work stays unused: that costs its slot, never a request.
    return tooLate() ? notAsked : undefined;
  }
}
