/** `fork(function-process.ts, [BUNDLE])` is an execution environment of a deployed function, in its own process. */
import { pathToFileURL } from 'node:url';
import { answering } from './children.ts';

export interface Invoked {
  readonly value: unknown;
  /** The error, if the function failed. */
  readonly error?: string;
  /** Peak memory of the process so far, bytes (resident set). */
  readonly peakBytes: number;
  /** Processor time of the process so far, ms. */
  readonly cpuMs: number;
}

type Handler = (event: unknown, context: object) => Promise<unknown>;

const { handler } = (await import(pathToFileURL(String(process.argv[2])).href)) as { handler: Handler };

answering<{ event: unknown; timeoutMs: number }>(async ({ event, timeoutMs }) => {
  const deadline = Date.now() + timeoutMs;
  const context = {
    awsRequestId: 'bench',
    functionName: 'bench',
    functionVersion: '$LATEST',
    memoryLimitInMB: '512',
    invokedFunctionArn: 'arn:aws:lambda:eu-central-1:000000000000:function:bench',
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
  let value: unknown;
  let error: string | undefined;
  try {
    value = await handler(event, context);
  } catch (thrown) {
    error = String(thrown);
  }
  const { user, system } = process.cpuUsage();
  const usage = { peakBytes: process.resourceUsage().maxRSS * 1_024, cpuMs: (user + system) / 1_000 };
  return { value: value ?? null, ...(error === undefined ? {} : { error }), ...usage } satisfies Invoked;
});
