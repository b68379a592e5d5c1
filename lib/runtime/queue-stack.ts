import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type { z } from 'zod';
import { LOG } from './log-messages.ts';
import { instrumented, logger } from './observability.ts';

/** Kept of a function's time for putting back what is left and answering, ms. */
const MARGIN_MS = 10_000;

/**
 * The one stack of all queue functions: each record is parsed and worked on by itself, and only those that failed are
 * delivered again. A record that can't be read fails too: after its last delivery it is in the dead-letter queue, where
 * somebody sees it.
 */
export function queueFunction<S extends z.ZodType>(
  schema: S,
  work: (message: z.output<S>, record: SQSRecord, deadline: number) => Promise<void>,
) {
  return instrumented<SQSEvent, SQSBatchResponse>(async (event, context) => {
    const deadline = Date.now() + context.getRemainingTimeInMillis() - MARGIN_MS;
    const failed = await Promise.all(
      event.Records.map(async (record) => {
        try {
          await work(schema.parse(JSON.parse(record.body)), record, deadline);
          return [];
        } catch (error) {
          const { messageId } = record;
          const deliveries = Number(record.attributes.ApproximateReceiveCount);
          logger.error(LOG.messageFailed, { message_id: messageId, deliveries, error: error as Error });
          return [{ itemIdentifier: messageId }];
        }
      }),
    );
    return { batchItemFailures: failed.flat() };
  });
}
