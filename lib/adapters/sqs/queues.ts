import {
  GetQueueAttributesCommand,
  SendMessageBatchCommand,
  type SendMessageBatchRequestEntry,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { chunks } from '../../base/chunks.ts';
import { AWS_LIMITS, limitedClient } from '../../base/limits.ts';
import type { PlanQueue, RefreshQueue, RefreshQueueName, UpdateQueue } from '../../state/queues.ts';

/** The queues in SQS. Ten messages cost 1 request. */

/**
 * Returns a message as JSON in ASCII. SQS refuses some characters that a title may contain, and the documented ranges differ for
 * characters above U+FFFF, like emoji.
 */
const bodyOf = (message: unknown): string =>
  JSON.stringify(message).replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** SendMessageBatch takes ten entries; SQS delays at most 15 minutes. */
const BATCH = 10;
const MAX_DELAY_S = 900;
/** Attempts for entries that SQS refuses although it accepts the request. */
const ATTEMPTS = 3;

export const createSqs = (): SQSClient => limitedClient(AWS_LIMITS, (limits) => new SQSClient(limits));

export function createRefreshQueue(sqs: SQSClient, urls: Readonly<Record<RefreshQueueName, string>>): RefreshQueue {
  return {
    async send(queue, messages, delayMs = 0) {
      const delay = Math.min(MAX_DELAY_S, Math.ceil(delayMs / 1_000));
      for (const batch of chunks(messages, BATCH)) {
        let entries: SendMessageBatchRequestEntry[] = batch.map((message, i) => ({
          Id: String(i),
          MessageBody: bodyOf(message),
          ...(delay > 0 ? { DelaySeconds: delay } : {}),
        }));
        for (let attempt = 1; entries.length > 0; attempt += 1) {
          const { Failed } = await sqs.send(new SendMessageBatchCommand({ QueueUrl: urls[queue], Entries: entries }));
          const refused = new Set(Failed?.map((entry) => entry.Id));
          entries = entries.filter((entry) => refused.has(entry.Id));
          if (entries.length > 0 && attempt === ATTEMPTS) {
            throw new Error(`SQS refused ${entries.length} messages: ${Failed?.[0]?.Code ?? 'no reason given'}`);
          }
        }
      }
    },

    async depth(queue) {
      const { Attributes } = await sqs.send(
        new GetQueueAttributesCommand({
          QueueUrl: urls[queue],
          AttributeNames: [
            'ApproximateNumberOfMessages',
            'ApproximateNumberOfMessagesNotVisible',
            'ApproximateNumberOfMessagesDelayed',
          ],
        }),
      );
      return Object.values(Attributes ?? {}).reduce((sum, value) => sum + Number(value), 0);
    },
  };
}

/** Sends messages of one kind, one per request. */
const createSender = <M>(sqs: SQSClient, url: string) => ({
  async send(message: M): Promise<void> {
    await sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: bodyOf(message) }));
  },
});

export const createPlanQueue = (sqs: SQSClient, url: string): PlanQueue => createSender(sqs, url);
export const createUpdateQueue = (sqs: SQSClient, url: string): UpdateQueue => createSender(sqs, url);
