import { setTimeout as sleep } from 'node:timers/promises';
import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { limitedClient, PATIENT_AWS_LIMITS } from '../../lib/base/limits.ts';
import type { QueueTrigger } from './declared.ts';
import type { Invocation } from './lambda/environment.ts';
import type { Endpoint } from './resources.ts';

/** The options of an SQS event source mapping, like that of Lambda. */
export interface QueueTriggerOptions {
  readonly trigger: QueueTrigger;
  readonly queueUrl: string;
  readonly queueArn: string;
  readonly sqs: Endpoint;
  readonly invoke: (event: unknown) => Promise<Invocation>;
  readonly onError: (error: Error) => void;
}

export interface RunningTrigger {
  /** Receives no more messages, and resolves when the messages in progress are done. */
  stop(): Promise<void>;
}

/**
 * Short, because a stop waits for the poll. The embedded SQS would give messages to an abandoned poll, and nobody would handle
 * them.
 */
const POLL_S = 1;
const RECEIVE_LIMIT = 10;
const BACKOFF_MS = 1_000;

/** Starts `maximumConcurrency` pollers. Each handles one batch at a time. */
export function startQueueTrigger(options: QueueTriggerOptions): RunningTrigger {
  const stopping = new AbortController();
  const client = limitedClient(PATIENT_AWS_LIMITS, (limits) => new SQSClient({ ...options.sqs, ...limits }));
  const pollers = Array.from({ length: options.trigger.maximumConcurrency }, () =>
    new Poller(options, client, stopping.signal).run(),
  );
  return {
    async stop() {
      stopping.abort();
      await Promise.all(pollers);
      client.destroy();
    },
  };
}

class Poller {
  readonly #options: QueueTriggerOptions;
  readonly #client: SQSClient;
  readonly #stopping: AbortSignal;

  constructor(options: QueueTriggerOptions, client: SQSClient, stopping: AbortSignal) {
    this.#options = options;
    this.#client = client;
    this.#stopping = stopping;
  }

  async run(): Promise<void> {
    while (!this.#stopping.aborted) {
      try {
        const messages = await this.#gather();
        if (this.#stopping.aborted) await this.#giveBack(messages);
        else if (messages.length > 0) await this.#handle(messages);
      } catch (error) {
        if (this.#stopping.aborted) return;
        this.#options.onError(error as Error);
        await this.#backOff();
      }
    }
  }

  /** Receives a batch: until it is full or the batching window ends. */
  async #gather(): Promise<Message[]> {
    const { batchSize, batchingWindowS } = this.#options.trigger;
    const messages = await this.#receive(batchSize);
    const deadline = Date.now() + batchingWindowS * 1_000;
    while (messages.length > 0 && messages.length < batchSize && Date.now() < deadline && !this.#stopping.aborted) {
      messages.push(...(await this.#receive(batchSize - messages.length)));
    }
    return messages;
  }

  async #receive(count: number): Promise<Message[]> {
    const { Messages = [] } = await this.#client.send(
      new ReceiveMessageCommand({
        QueueUrl: this.#options.queueUrl,
        MaxNumberOfMessages: Math.min(count, RECEIVE_LIMIT),
        WaitTimeSeconds: POLL_S,
        MessageSystemAttributeNames: ['All'],
        MessageAttributeNames: ['All'],
      }),
    );
    return Messages;
  }

  async #handle(messages: readonly Message[]): Promise<void> {
    const { trigger, invoke, queueArn, sqs } = this.#options;
    const invocation = await invoke({ Records: messages.map((message) => recordOf(message, queueArn, sqs.region)) });
    if (invocation.outcome === 'throttled') {
      await this.#giveBack(messages);
      await this.#backOff();
      return;
    }
    if (invocation.outcome !== 'value') return;
    const failed = trigger.reportsBatchItemFailures ? failedOf(invocation.value, messages) : new Set();
    await this.#delete(messages.filter(({ MessageId }) => !failed.has(MessageId)));
  }

  async #delete(messages: readonly Message[]): Promise<void> {
    for (const Entries of entriesOf(messages)) {
      await this.#client.send(new DeleteMessageBatchCommand({ QueueUrl: this.#options.queueUrl, Entries }));
    }
  }

  /** Makes messages visible again at once. */
  async #giveBack(messages: readonly Message[]): Promise<void> {
    for (const entries of entriesOf(messages)) {
      const Entries = entries.map((entry) => ({ ...entry, VisibilityTimeout: 0 }));
      await this.#client.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl: this.#options.queueUrl, Entries }));
    }
  }

  #backOff(): Promise<void> {
    return sleep(BACKOFF_MS, undefined, { signal: this.#stopping }).catch(() => {});
  }
}

/** Returns the entries in batches of at most ten, the limit of SQS. */
function entriesOf(messages: readonly Message[]) {
  const entries = messages.map(({ ReceiptHandle }, i) => ({ Id: String(i), ReceiptHandle }));
  return Array.from({ length: Math.ceil(entries.length / RECEIVE_LIMIT) }, (_, i) =>
    entries.slice(i * RECEIVE_LIMIT, (i + 1) * RECEIVE_LIMIT),
  );
}

/**
 * Returns the ids of the messages that stay in the queue. All messages stay if the response is malformed or names an unknown id.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 */
function failedOf(value: unknown, messages: readonly Message[]): ReadonlySet<unknown> {
  const all = new Set<unknown>(messages.map(({ MessageId }) => MessageId));
  if (value === null || value === undefined) return new Set();
  if (typeof value !== 'object') return all;
  const failures = 'batchItemFailures' in value ? value.batchItemFailures : [];
  if (failures === null) return new Set();
  if (!Array.isArray(failures)) return all;
  const ids = failures.map((failure: unknown) =>
    typeof failure === 'object' && failure !== null && 'itemIdentifier' in failure ? failure.itemIdentifier : undefined,
  );
  return ids.every((id) => all.has(id)) ? new Set(ids) : all;
}

function recordOf(message: Message, queueArn: string, region: string) {
  return {
    messageId: message.MessageId,
    receiptHandle: message.ReceiptHandle,
    body: message.Body,
    attributes: { ...message.Attributes },
    messageAttributes: Object.fromEntries(
      Object.entries(message.MessageAttributes ?? {}).map(([name, attribute]) => [
        name,
        {
          dataType: attribute.DataType,
          stringValue: attribute.StringValue,
          ...(attribute.BinaryValue && { binaryValue: Buffer.from(attribute.BinaryValue).toString('base64') }),
          stringListValues: [],
          binaryListValues: [],
        },
      ]),
    ),
    md5OfBody: message.MD5OfBody,
    eventSource: 'aws:sqs',
    eventSourceARN: queueArn,
    awsRegion: region,
  };
}
