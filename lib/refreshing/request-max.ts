import type { Clock } from '../base/clock.ts';
import type { ChatAnswer, MaxApi, MaxError, MaxErrorKind, MembershipAnswer } from '../max-api/api.ts';
import type { Lane, Permits, RefusalReason } from '../max-api/permits.ts';
import type { Telemetry } from '../state/telemetry.ts';

/** Sends all requests for chats to MAX. Every request needs a permit, including retries. */

export type MaxResponse<A> =
  | {
      readonly kind: 'answered';
      readonly answer: A;
      /** When the request was sent, Unix ms. The response is valid for this time. */
      readonly askedAt: number;
    }
  /** MAX gave no response about the chat. `exhausted`: all retries were made; otherwise the time was over. */
  | {
      readonly kind: 'failed';
      readonly error: MaxErrorKind;
      readonly exhausted: boolean;
      readonly retryAfterMs: number | undefined;
    }
  | NotPermitted;

/** No request was sent, because there was no permit in time or the work was abandoned. */
export interface NotPermitted {
  readonly kind: 'not_permitted';
  readonly reason: RefusalReason;
  /** `undefined` if not known. */
  readonly retryAfterMs: number | undefined;
}

export interface RequestOptions {
  readonly lane: Lane;
  /** Latest time for the response, Unix ms. No request starts after it. */
  readonly deadline: number;
  /** Returns whether the work was abandoned meanwhile. Then no further request starts. */
  readonly abandoned?: () => boolean;
  /** Called after every request to MAX, including those that are retried. */
  readonly onAnswer?: (ok: boolean) => void;
}

/** Sends a request through the client, with its time limit (ms). Never rejects. */
export type RequestMax = <A>(
  request: (timeoutMs: number) => Promise<A | MaxError>,
  options: RequestOptions,
) => Promise<MaxResponse<Exclude<A, MaxError>>>;

type Answer<A> = Exclude<A, MaxError>;

/** Fetches the count of a chat. Never rejects. */
export type FetchCount = (maxChatId: string, options: RequestOptions) => Promise<MaxResponse<Answer<ChatAnswer>>>;
/** Fetches the bot's membership in a chat. Never rejects. */
export type FetchMembership = (
  maxChatId: string,
  options: RequestOptions,
) => Promise<MaxResponse<Answer<MembershipAnswer>>>;

export interface RequestMaxDeps {
  readonly permits: Permits;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** From 0 up to 1, exclusive. */
  readonly random: () => number;
  readonly settings: {
    readonly timeoutMs: number;
    /** Further requests after a retryable error. */
    readonly maxRetries: number;
  };
}

/** Exponential backoff with full jitter (AWS Architecture Blog, "Exponential Backoff And Jitter"), ms. */
const BACKOFF_BASE_MS = 200;
const BACKOFF_CAP_MS = 5_000;
/**
 * While MAX hangs, the next people of this environment wait for this long, ms: long enough for a MAX that answers again, short
 * enough that a crowd does not keep all environments waiting. MAX hangs from a person's wait that ended without an answer until
 * the next answer, or for `HANGING_MS`.
 */
const HANGING_WAIT_MS = 1_000;
const HANGING_MS = 10_000;

export type FetchCountDeps = RequestMaxDeps & { readonly maxApi: Pick<MaxApi, 'getChat'> };

export const createFetchCount = ({ maxApi, ...deps }: FetchCountDeps): FetchCount => {
  const ask = createRequestMax(deps);
  return (maxChatId, options) => ask((timeoutMs) => maxApi.getChat(maxChatId, timeoutMs), options);
};

export function createRequestMax({ permits, clock, telemetry, random, settings }: RequestMaxDeps): RequestMax {
  let answeredAt = Number.NEGATIVE_INFINITY;
  let hangsUntil = Number.NEGATIVE_INFINITY;

  return async function ask<A>(request: (timeoutMs: number) => Promise<A | MaxError>, given: RequestOptions) {
    const since = clock.now();
    const hurried = given.lane === 'interactive' && since < hangsUntil;
    const options = hurried ? { ...given, deadline: Math.min(given.deadline, since + HANGING_WAIT_MS) } : given;
    for (let attempt = 0; ; attempt += 1) {
      const refusal = await waitForPermit(options);
      if (refusal) return refusal;
      const askedAt = clock.now();
      const answer = await request(Math.min(settings.timeoutMs, options.deadline - askedAt));
      const durationMs = clock.now() - askedAt;
      if (!isError(answer)) {
        permits.report({ kind: 'ok' });
        options.onAnswer?.(true);
        answeredAt = clock.now();
        hangsUntil = Number.NEGATIVE_INFINITY;
        telemetry.requestedMax({ durationMs });
        return { kind: 'answered', answer: answer as Exclude<A, MaxError>, askedAt };
      }
      const { error, retryAfterMs } = answer;
      permits.report(
        // A 503 with Retry-After is treated like a 429.
        error === 'rate_limited' || retryAfterMs !== undefined
          ? { kind: 'throttled', ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }
          : { kind: 'failed' },
      );
      options.onAnswer?.(false);
      telemetry.requestedMax({ durationMs, error });
      const exhausted = !answer.retryable || attempt >= settings.maxRetries;
      const pauseMs = random() * Math.min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** attempt);
      if (exhausted || clock.now() + pauseMs >= options.deadline) {
        const nobodyWasAnswered = answeredAt < since;
        if (error === 'timeout' && options.lane === 'interactive' && nobodyWasAnswered) {
          hangsUntil = clock.now() + HANGING_MS;
        }
        return { kind: 'failed', error, exhausted, retryAfterMs };
      }
      await clock.sleep(pauseMs);
    }
  };

  async function waitForPermit(options: RequestOptions): Promise<NotPermitted | undefined> {
    const tooLate = () => options.abandoned?.() || clock.now() >= options.deadline;
    const notRequested: NotPermitted = { kind: 'not_permitted', reason: 'busy', retryAfterMs: undefined };
    if (tooLate()) return notRequested;
    const now = clock.now();
    const permit = await permits.acquire(options.lane, options.deadline - now);
    telemetry.waitedForPermit({ durationMs: clock.now() - now, granted: permit.granted });
    if (!permit.granted) {
      return { kind: 'not_permitted', reason: permit.reason, retryAfterMs: permit.retryAfterMs };
    }
    // A permit that is too late for the work is not used. It costs a slot, but no request.
    return tooLate() ? notRequested : undefined;
  }
}

const isError = (answer: unknown): answer is MaxError => (answer as Partial<MaxError> | undefined)?.kind === 'error';
