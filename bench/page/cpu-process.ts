/**
 * `fork(cpu-process.ts)` measures the processor time of the listing's handler, with DynamoDB and Redis replaced by memory, and
 * that of `JSON.stringify` of the same page. Both run alternately in one process.
 */
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { Redis } from 'ioredis';
import { newItem } from '../../lib/adapters/dynamodb/chat-item.ts';
import { answering } from '../support/children.ts';
import { context, pageEvent } from './event.ts';

const created = '2026-01-01T00:00:00.000Z';
const items = Array.from({ length: 101 }, (_, i) => {
  const chat = {
    id: i + 1,
    name: `Общежитие № ${i + 1}, первый курс`,
    url: `https://max.ru/join/${'x'.repeat(32)}${i}`,
    maxChatId: String(-70_000_000_000_000 - i),
    externalChatId: null,
    universityId: 1 + (i % 40),
    department: 'Факультет прикладной математики',
    source: 'bench',
    status: 'active',
    createdAt: created,
    updatedAt: created,
  } as const;
  const { id, listing, chat: projected } = newItem(chat, null, 0);
  return { id, listing, chat: projected };
});
const updated_at = new Date(Date.now() - 60_000).toISOString();
const values = items.slice(0, 100).map(({ id }) => JSON.stringify({ count: 10 * id, updated_at, source: 'api' }));

Object.assign(DynamoDBDocumentClient.prototype, {
  send: async (command: object) =>
    command.constructor.name === 'QueryCommand' ? { Items: items, ScannedCount: 101 } : { Item: { n: 150_000 } },
});
Object.assign(Redis.prototype, {
  async connect(this: { status: string }) {
    this.status = 'ready';
  },
  mget: async () => values,
  // Scripts whose result is not needed.
  sendCommand: async () => null,
});

const { handler } = await import('../../functions/http-list-chats/handler.ts');
const call = handler as unknown as (event: unknown, context: object) => Promise<{ body: string }>;
const event = pageEvent(String(process.env.BENCH_AUTHORIZATION));

export interface CpuRound {
  /** Microseconds per call. */
  readonly handler: number;
  readonly stringify: number;
  readonly bytes: number;
}

answering<{ calls: number }>(async ({ calls }) => {
  const { body } = await call(event, context);
  const page = JSON.parse(body);
  const perCall = ({ user, system }: NodeJS.CpuUsage) => (user + system) / calls;
  const before = process.cpuUsage();
  for (let i = 0; i < calls; i += 1) await call(event, context);
  const handling = perCall(process.cpuUsage(before));
  const between = process.cpuUsage();
  for (let i = 0; i < calls; i += 1) JSON.stringify(page);
  const stringifying = perCall(process.cpuUsage(between));
  return { handler: handling, stringify: stringifying, bytes: body.length } satisfies CpuRound;
});
