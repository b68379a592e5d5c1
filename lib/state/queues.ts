import * as z from 'zod';
import { chunks } from '../base/chunks.ts';
import type { ChatUpdate } from '../max-api/updates.ts';

/**
 * The message of the refresh queues. Chats travel by id: what else is known of them is read when the message is worked on,
 * so a message can't carry anything that is out of date.
 */
export const refreshMessage = z.object({
  ids: z.array(z.number().int().positive()).min(1).max(500),
  /** Unix ms: a chat that MAX was asked about since needs nothing. */
  requested_at: z.number().int().positive(),
  /** The part of a full update this message is; absent otherwise. */
  run: z.object({ id: z.string().min(1), part: z.string().min(1) }).optional(),
  /** Whether the planner asked for it, so that its budget pays for it. */
  charged_to_planner: z.literal(true).optional(),
});

export type RefreshMessage = z.output<typeof refreshMessage>;

/** `express`: somebody looked at the chats. `bulk`: the background sync and full updates. */
export type RefreshQueueName = 'express' | 'bulk';

export interface RefreshQueue {
  /** Ten messages a request (SendMessageBatch). Rejects when any message was not accepted. @param delayMs up to 15 min. */
  send(queue: RefreshQueueName, messages: readonly RefreshMessage[], delayMs?: number): Promise<void>;
  /** Messages waiting, delayed or being worked on; approximate, as SQS counts them. */
  depth(queue: RefreshQueueName): Promise<number>;
}

/** Chats due within so long of each other travel in one message, ms. */
const SLOT_MS = 30_000;

/** Has chats read when it is their time, in messages of at most `batchSize`. @returns the number of messages. */
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

/** The continuation of a full update's planning. */
export const planMessage = z.object({ run_id: z.string().min(1) });
export type PlanMessage = z.output<typeof planMessage>;

export interface PlanQueue {
  send(message: PlanMessage): Promise<void>;
}

/** What MAX told of chats, on its way to being acted on. */
export interface UpdateQueue {
  send(update: ChatUpdate): Promise<void>;
}
