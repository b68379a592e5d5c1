import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import { Worker } from 'node:worker_threads';
import type { Bundle } from './bundle.ts';

/** Lambda's limit for the import of a handler. */
const INIT_TIMEOUT_MS = 10_000;
/** A tenth of V8's default, because one process has many environments, and V8 does not return this memory. */
const YOUNG_GENERATION_MB = 4;

export interface FunctionSpec {
  readonly key: string;
  readonly name: string;
  readonly arn: string;
  readonly timeoutMs: number;
  readonly memoryMb: number;
  readonly bundle: Bundle;
  /** The complete `process.env` of the function. */
  readonly environment: Readonly<Record<string, string>>;
}

export type Invocation =
  | { readonly outcome: 'value'; readonly value: unknown }
  | InvocationFailure
  /** All environments were busy; the function was not invoked. */
  | { readonly outcome: 'throttled' };

export interface InvocationFailure {
  readonly outcome: 'error' | 'timeout';
  readonly errorType: string;
  readonly errorMessage: string;
  readonly stack: string;
}

// Messages to and from worker.js

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

/** One execution environment of a function, in its own thread. The caller must pass one event at a time. */
export class Environment {
  readonly #spec: FunctionSpec;
  readonly #worker: Worker;
  readonly #logStreamName = `local/[$LATEST]${randomUUID().replaceAll('-', '')}`;
  #gone = false;
  #ready = false;
  /** The value of `performance.now()`. */
  #busySince: number | undefined;
  /** Called with the worker's next message, or with its end. */
  #next: ((message: WorkerMessage | InvocationFailure) => void) | undefined;
  #end: InvocationFailure | undefined;

  constructor(spec: FunctionSpec, onOutput: (stream: Readable) => void) {
    this.#spec = spec;
    this.#worker = new Worker(new URL('./worker.js', import.meta.url), {
      env: { ...spec.environment, AWS_LAMBDA_LOG_STREAM_NAME: this.#logStreamName },
      workerData: { ...spec.bundle } satisfies WorkerData,
      execArgv: (spec.environment.NODE_OPTIONS ?? '').split(' ').filter(Boolean),
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: spec.memoryMb, maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    });
    onOutput(this.#worker.stdout);
    onOutput(this.#worker.stderr);
    this.#worker.on('message', (message: WorkerMessage) => this.#next?.(message));
    this.#worker.on('error', (error) => this.#endWith(failure('error', error)));
    this.#worker.on('exit', (code) => {
      const message = `Error: Runtime exited with error: exit status ${code}`;
      this.#endWith({ outcome: 'error', errorType: 'Runtime.ExitError', errorMessage: message, stack: '' });
    });
  }

  /** Whether the environment has crashed or was stopped. It can handle no more events then. */
  get gone(): boolean {
    return this.#gone;
  }

  /** How long it has been working on its event, ms; 0 if it has none, or if it is still being created. */
  get busyMs(): number {
    return this.#busySince === undefined ? 0 : performance.now() - this.#busySince;
  }

  async invoke(event: unknown): Promise<Invocation> {
    const { name, arn, timeoutMs, memoryMb } = this.#spec;
    if (!this.#ready) {
      const first = await this.#receive(INIT_TIMEOUT_MS, () => {});
      if (!('type' in first)) return first;
      this.#ready = true;
    }
    const context: InvocationContext = {
      awsRequestId: randomUUID(),
      functionName: name,
      functionVersion: '$LATEST',
      invokedFunctionArn: arn,
      memoryLimitInMB: String(memoryMb),
      logGroupName: `/aws/lambda/${name}`,
      logStreamName: this.#logStreamName,
      callbackWaitsForEmptyEventLoop: true,
    };
    const message: EventMessage = { event: JSON.stringify(event), context, deadlineMs: Date.now() + timeoutMs };
    this.#busySince = performance.now();
    const answer = await this.#receive(timeoutMs, () => this.#worker.postMessage(message));
    this.#busySince = undefined;
    if (!('type' in answer)) return answer;
    if (answer.type === 'error') return { ...answer, outcome: 'error' };
    return { outcome: 'value', value: answer.type === 'value' ? JSON.parse(answer.value) : null };
  }

  async stop(): Promise<void> {
    this.#gone = true;
    await this.#worker.terminate();
  }

  #receive(limitMs: number, ask: () => void): Promise<WorkerMessage | InvocationFailure> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        const errorMessage = `Task timed out after ${(limitMs / 1_000).toFixed(2)} seconds`;
        this.#endWith({ outcome: 'timeout', errorType: 'Sandbox.Timedout', errorMessage, stack: '' });
        void this.#worker.terminate();
      }, limitMs);
      this.#next = (message) => {
        clearTimeout(timer);
        this.#next = undefined;
        resolve(message);
      };
      if (this.#end) this.#next(this.#end);
      else ask();
    });
  }

  #endWith(end: InvocationFailure): void {
    this.#gone = true;
    this.#end ??= end;
    this.#next?.(this.#end);
  }
}

function failure(outcome: 'error' | 'timeout', thrown: unknown): InvocationFailure {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  return { outcome, errorType: error.name, errorMessage: error.message, stack: error.stack ?? '' };
}
