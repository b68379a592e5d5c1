/** Time limits of the clients of AWS: what accepts a connection and stays silent must cost a caller seconds, not its whole time. */

export interface Limits {
  /** For name, TCP and TLS, ms. */
  readonly connectMs: number;
  /** From the request to the first byte of its answer, and from one byte to the next, ms. */
  readonly answerMs: number;
  /** Requests for one call, the first included; the SDK repeats what timed out, was reset or was throttled. */
  readonly attempts: number;
  /** For the whole call, its repetitions and the pauses between them included, ms. */
  readonly callMs: number;
}

/** AWS answers these in 5 to 50 ms. A whole call leaves an HTTP function two of its ten seconds to say that it failed. */
export const AWS_LIMITS: Limits = { connectMs: 1_000, answerMs: 2_500, attempts: 3, callMs: 8_000 };
/** For calls that work while the client waits: a deployment, an invocation, a poll. */
export const PATIENT_AWS_LIMITS: Limits = { connectMs: 2_000, answerMs: 60_000, attempts: 2, callMs: 120_000 };

/** The configuration of an SDK client with these limits, to be spread into it; `limitCalls` adds the limit of the whole call. */
export const awsLimits = ({ connectMs, answerMs, attempts }: Limits) => ({
  maxAttempts: attempts,
  requestHandler: {
    connectionTimeout: connectMs,
    requestTimeout: answerMs,
    // Without it the SDK only warns, and waits on.
    throwOnRequestTimeout: true,
    socketTimeout: answerMs,
  },
});

interface SdkClient {
  readonly middlewareStack: {
    add(
      middleware: <A, R>(next: (args: A) => Promise<R>) => (args: A) => Promise<R>,
      options: { readonly step: 'initialize'; readonly name: string },
    ): void;
  };
}

/**
 * Limits whole calls of an SDK client. A call that takes longer rejects with a `TimeoutError`, like a request does.
 * @returns the client.
 */
export function limitCalls<C extends SdkClient>(client: C, { callMs }: Limits): C {
  client.middlewareStack.add((next) => (args) => within(callMs, next(args)), {
    step: 'initialize',
    name: 'limitCalls',
  });
  return client;
}

async function within<R>(ms: number, work: Promise<R>): Promise<R> {
  const { promise, reject } = Promise.withResolvers<never>();
  const late = () => reject(Object.assign(new Error(`the call took longer than ${ms} ms`), { name: 'TimeoutError' }));
  const timer = setTimeout(late, ms);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** What a connection fails with, where the other side or the way to it is out. */
const NETWORK_CODES = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN'],
]);

/**
 * Whether a call failed for a reason that passes: no connection, no answer in time, a fault of the service at the other end, or too
 * many requests. The same call may well succeed a few seconds later.
 */
export function isOutage(thrown: unknown): boolean {
  const error = thrown as {
    readonly name?: string;
    readonly code?: unknown;
    readonly $fault?: string;
    readonly $retryable?: { readonly throttling?: boolean };
  } | null;
  if (typeof error !== 'object' || error === null) return false;
  const { name, code, $fault, $retryable } = error;
  return name === 'TimeoutError' || NETWORK_CODES.has(String(code)) || $fault === 'server' || $retryable !== undefined;
}
