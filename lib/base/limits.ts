/**
 * Time limits of AWS clients. A server that accepts a connection but never responds must cost a caller seconds, not its whole
 * time.
 */

export interface Limits {
  /** For DNS, TCP and TLS, ms. */
  readonly connectMs: number;
  /** From the request to the first byte of its response, and from one byte to the next, ms. */
  readonly answerMs: number;
  /** Requests per call, including the first. The SDK repeats requests that timed out, were reset or were throttled. */
  readonly attempts: number;
  /** For the whole call, including its retries and the pauses between them, ms. */
  readonly callMs: number;
}

/**
 * Limits for calls in a request. AWS normally responds in 5 to 50 ms. After a failed call, an HTTP function has two of its ten
 * seconds left.
 */
export const AWS_LIMITS: Limits = { connectMs: 1_000, answerMs: 2_500, attempts: 3, callMs: 8_000 };
/** Limits for long calls: a deployment, an invocation, a poll. */
export const PATIENT_AWS_LIMITS: Limits = { connectMs: 2_000, answerMs: 60_000, attempts: 2, callMs: 120_000 };

interface SdkClient {
  readonly middlewareStack: {
    add(
      middleware: <A, R>(next: (args: A) => Promise<R>) => (args: A) => Promise<R>,
      options: { readonly step: 'initialize'; readonly name: string },
    ): void;
  };
}

/**
 * Creates an SDK client with these limits. A call that takes longer rejects with a `TimeoutError`, like a request.
 * @param create creates the client with the options that it is given, and with its own.
 */
export function limitedClient<C extends SdkClient>(
  { connectMs, answerMs, attempts, callMs }: Limits,
  create: (options: ReturnType<typeof clientOptions>) => C,
): C {
  const client = create(clientOptions({ connectMs, answerMs, attempts }));
  client.middlewareStack.add((next) => (args) => within(callMs, next(args)), {
    step: 'initialize',
    name: 'limitCalls',
  });
  return client;
}

const clientOptions = ({ connectMs, answerMs, attempts }: Omit<Limits, 'callMs'>) => ({
  maxAttempts: attempts,
  requestHandler: {
    connectionTimeout: connectMs,
    requestTimeout: answerMs,
    // Without this option, the SDK only warns and continues to wait.
    throwOnRequestTimeout: true,
    socketTimeout: answerMs,
  },
});

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

/** The error codes of a connection when the server or the network is not available. */
const NETWORK_CODES = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN'],
]);

/**
 * Returns whether a call failed for a temporary reason: no connection, a timeout, an error of the server, or too many requests.
 * The same call may succeed a few seconds later.
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
