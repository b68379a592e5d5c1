import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';

/** The code in an execution environment. It imports the handler once, then handles one event after another. */

export interface WorkerData {
  readonly file: string;
  readonly exportName: string;
}

export interface EventMessage {
  readonly event: string;
  readonly context: InvocationContext;
  /** Unix ms. */
  readonly deadlineMs: number;
}

export interface InvocationContext {
  readonly awsRequestId: string;
  readonly functionName: string;
  readonly functionVersion: '$LATEST';
  readonly invokedFunctionArn: string;
  readonly memoryLimitInMB: string;
  readonly logGroupName: string;
  readonly logStreamName: string;
  readonly callbackWaitsForEmptyEventLoop: true;
}

export type WorkerMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'value'; readonly value: string }
  | { readonly type: 'error'; readonly errorType: string; readonly errorMessage: string; readonly stack: string };

const port = parentPort;
if (!port) throw new Error('worker.ts must run in a worker thread');

const { file, exportName } = workerData as WorkerData;
const handler: unknown = (await import(pathToFileURL(file).href))[exportName];
if (typeof handler !== 'function') throw new Error(`${file} exports no function "${exportName}"`);

port.on('message', async ({ event, context, deadlineMs }: EventMessage) => {
  port.postMessage(
    await answer(event, { ...context, getRemainingTimeInMillis: () => Math.max(0, deadlineMs - Date.now()) }),
  );
});
port.postMessage({ type: 'ready' } satisfies WorkerMessage);

async function answer(event: string, context: object): Promise<WorkerMessage> {
  try {
    // Like Lambda: a value that is not valid JSON is an error, and `undefined` becomes null.
    const value = await (handler as (event: unknown, context: object) => unknown)(JSON.parse(event), context);
    return { type: 'value', value: JSON.stringify(value) ?? 'null' };
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    return { type: 'error', errorType: error.name, errorMessage: error.message, stack: error.stack ?? '' };
  }
}
