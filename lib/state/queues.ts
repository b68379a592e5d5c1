import * as z from 'zod';
import { chunks } from '../base/chunks.ts';
import type { ChatUpdate } from '../max-api/updates.ts';

/**
 * The message of the refresh queues. It contains only ids of chats. The worker reads all other data when it handles the message, so
 * a message never carries outdated data.
 */
export const refreshMessage = z.object({
  ids: z.array(z.number().int().positive()).min(1).max(500),
  /** Unix ms. A chat that was read from MAX after this time needs no refresh. */
  requested_at: z.number().int().positive(),
  /** The part of a full update that this message is; absent for other messages. */
  run: z.object({ id: z.string().min(1), part: z.string().min(1) }).optional(),
  /** Whether the planner enqueued the message. Then its requests count against the planner's budget. */
  charged_to_planner: z.literal(true).optional(),
});

export type RefreshMessage = z.output<typeof refreshMessage>;

/** `express`: chats that were viewed or changed. `bulk`: the background sync and full updates. */
export type RefreshQueueName = 'express' | 'bulk';

export interface RefreshQueue {
  /** Sends messages, ten per request (SendMessageBatch). Rejects if a message is not accepted. @param delayMs up to 15 min. */
  send(queue: RefreshQueueName, messages: readonly RefreshMessage[], delayMs?: number): Promise<void>;
  /** Returns the approximate number of messages that are waiting, delayed or in progress, from SQS. */
  depth(queue: RefreshQueueName): Promise<number>;
}

/** Chats that become due in the same slot of this length, ms, share a message. */
const SLOT_MS = 30_000;

/** Enqueues refreshes that start when the chats are due, in messages of at most `batchSize`. @returns the number of messages. */
export async function enqueueDue(
  queue: RefreshQueue,
  name: RefreshQueueName,
  batchSize: number,
  now: number,
  chats: readonly { readonly id: number; readonly inMs: number }[],
): Promise<number> {
  const slots = new Map<number, number[]>();
  for (const { id, inMs } of chats) {
    const slot = Math.floor(Math.max(0, inMs) / SLOT_MS);
    const ids = slots.get(slot);
    if (ids) ids.push(id);
    else slots.set(slot, [id]);
  }
  let sent = 0;
  for (const [slot, ids] of slots) {
    const messages = chunks(ids, batchSize).map((part) => ({
      ids: part,
      requested_at: now,
      charged_to_planner: true as const,
    }));
    await queue.send(name, messages, slot * SLOT_MS);
    sent += messages.length;
  }
  return sent;
}

/** The message that continues the planning of a full update. */
export const planMessage = z.object({ run_id: z.string().min(1) });
export type PlanMessage = z.output<typeof planMessage>;

export interface PlanQueue {
  send(message: PlanMessage): Promise<void>;
}

/** The queue of updates from MAX that have not been applied. */
export interface UpdateQueue {
  send(update: ChatUpdate): Promise<void>;
}
