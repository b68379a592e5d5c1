import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type { z } from 'zod';
import { LOG } from './log-messages.ts';
import { instrumented, logger } from './observability.ts';

/** Time of a function that is reserved for returning the remaining chats to the queue and for the response, ms. */
const MARGIN_MS = 10_000;

/**
 * Middleware shared by all queue functions. It parses every record and handles records with the same key together. Only failed
 * records are delivered again. A record that can't be parsed also fails, so after its last delivery it reaches the dead-letter
 * queue.
 * @param keyOf returns the key of a record; by default every record has its own.
 */
export function queueFunction<S extends z.ZodType>(
  schema: S,
  work: (messages: readonly [z.output<S>, ...z.output<S>[]], record: SQSRecord, deadline: number) => Promise<void>,
  keyOf: (message: z.output<S>, record: SQSRecord) => string = (_message, record) => record.messageId,
) {
  return instrumented<SQSEvent, SQSBatchResponse>(async (event, context) => {
    const deadline = Date.now() + context.getRemainingTimeInMillis() - MARGIN_MS;
    const failed: SQSRecord[] = [];
    const fail = (records: readonly SQSRecord[], error: unknown) => {
      failed.push(...records);
      const [{ messageId, attributes } = records[0] as SQSRecord] = records;
      const deliveries = Number(attributes.ApproximateReceiveCount);
      logger.error(LOG.messageFailed, {
        message_id: messageId,
        records: records.length,
        deliveries,
        error: error as Error,
      });
    };

    const groups = new Map<
      string,
      { messages: [z.output<S>, ...z.output<S>[]]; records: [SQSRecord, ...SQSRecord[]] }
    >();
    for (const record of event.Records) {
      try {
        const message = schema.parse(JSON.parse(record.body));
        const key = keyOf(message, record);
        const group = groups.get(key);
        if (group) {
          group.messages.push(message);
          group.records.push(record);
        } else groups.set(key, { messages: [message], records: [record] });
      } catch (error) {
        fail([record], error);
      }
    }
    await Promise.all(
      [...groups.values()].map(({ messages, records }) =>
        work(messages, records[0], deadline).catch((error: unknown) => fail(records, error)),
      ),
    );
    return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
  });
}
