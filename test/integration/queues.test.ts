import { randomUUID } from 'node:crypto';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  type SendMessageBatchCommandInput,
  type SendMessageBatchRequestEntry,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { createPlanQueue, createRefreshQueue, createUpdateQueue } from '../../lib/adapters/sqs/queues.ts';
import { planMessage, type RefreshMessage, refreshMessage } from '../../lib/state/queues.ts';

const connect = (endpoint = inject('sqsEndpoint')) =>
  new SQSClient({
    endpoint,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
  });

let sqs: SQSClient;
let express: string;
let bulk: string;
let queues: ReturnType<typeof createRefreshQueue>;

beforeAll(() => {
  sqs = connect();
});
afterAll(() => sqs.destroy());

beforeEach(async () => {
  [express, bulk] = await Promise.all([newQueue(), newQueue()]);
  queues = createRefreshQueue(sqs, { express, bulk });
});

async function newQueue(): Promise<string> {
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: `test-${randomUUID()}` }));
  return QueueUrl;
}

/** Receives all available messages, and deletes them unless `keep` is set. */
async function receive(url: string, keep = false): Promise<Message[]> {
  const all: Message[] = [];
  for (;;) {
    const command = new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 10, WaitTimeSeconds: 0 });
    const { Messages = [] } = await sqs.send(command);
    if (Messages.length === 0) return all;
    all.push(...Messages);
    for (const { ReceiptHandle } of keep ? [] : Messages) {
      await sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle }));
    }
  }
}
const bodies = async (url: string) =>
  (await receive(url)).map(({ Body = '' }) => refreshMessage.parse(JSON.parse(Body)));

const messages = (n: number): RefreshMessage[] =>
  Array.from({ length: n }, (_, i) => ({ ids: [i + 1, i + 1_001], requested_at: 1_795_424_400_000 }));

/** Records the entries of each request. `answer` can let some entries fail. */
function watch(client: SQSClient, answer: (request: number, ids: readonly string[]) => readonly string[] = () => []) {
  const batches: SendMessageBatchRequestEntry[][] = [];
  client.middlewareStack.add(
    (next, context) => async (args) => {
      if (context.commandName !== 'SendMessageBatchCommand') return next(args);
      const input = args.input as SendMessageBatchCommandInput;
      const entries = input.Entries ?? [];
      const refused = answer(
        batches.length,
        entries.map(({ Id = '' }) => Id),
      );
      batches.push(entries);
      const accepted = entries.filter(({ Id = '' }) => !refused.includes(Id));
      const result = accepted.length > 0 ? await next({ ...args, input: { ...input, Entries: accepted } }) : undefined;
      const Failed = refused.map((Id) => ({ Id, SenderFault: false, Code: 'InternalError' }));
      return {
        response: result?.response ?? {},
        output: { Successful: [], $metadata: {}, ...result?.output, Failed },
      };
    },
    { step: 'initialize' },
  );
  return batches;
}

describe('the refresh queues', () => {
  test('accept messages in batches of ten, and deliver them unchanged', async () => {
    const own = connect();
    const batches = watch(own);
    const sent = messages(23);
    sent[4] = { ids: [5], requested_at: 1, run: { id: randomUUID(), part: '500.3+' } };
    await createRefreshQueue(own, { express, bulk }).send('bulk', sent);
    expect(batches.map(({ length }) => length)).toEqual([10, 10, 3]);
    const received = await bodies(bulk);
    expect(received.toSorted((a, b) => (a.ids[0] ?? 0) - (b.ids[0] ?? 0))).toEqual(sent);
    expect(await receive(express)).toEqual([]);
  });

  test('are two separate queues', async () => {
    await queues.send('express', messages(1));
    await queues.send('bulk', messages(2));
    expect([await queues.depth('express'), await queues.depth('bulk')]).toEqual([1, 2]);
    expect(await bodies(express)).toHaveLength(1);
  });

  test('accept an empty list without a request', async () => {
    const own = connect();
    const batches = watch(own);
    await createRefreshQueue(own, { express, bulk }).send('bulk', []);
    expect(batches).toEqual([]);
  });

  test('accept ten of the largest messages at a time', async () => {
    const ids = Array.from({ length: 500 }, (_, i) => Number.MAX_SAFE_INTEGER - i);
    const large = Array.from({ length: 10 }, () => ({ ids, requested_at: Date.now() }));
    await queues.send('bulk', large);
    expect(await bodies(bulk)).toEqual(large);
  });

  test('count waiting, delayed and in-progress messages', async () => {
    expect(await queues.depth('bulk')).toBe(0);
    await queues.send('bulk', messages(12));
    await queues.send('bulk', messages(3), 60_000);
    expect(await queues.depth('bulk')).toBe(15);
    expect(await receive(bulk, true)).toHaveLength(12);
    expect(await queues.depth('bulk')).toBe(15);
  });

  test.each([
    [0, false],
    [-5, false],
    [1, true],
    [900_000, true],
  ])('delay a message by %i ms: %j', async (delayMs, held) => {
    await queues.send('express', messages(1), delayMs);
    expect(await receive(express)).toHaveLength(held ? 0 : 1);
    expect(await queues.depth('express')).toBe(held ? 1 : 0);
  });

  test.each([
    [1, 1],
    [1_001, 2],
    [900_000, 900],
    [3_600_000, 900],
  ])('delay a message by %i ms as %i s: whole seconds, at most the limit of SQS', async (delayMs, seconds) => {
    const own = connect();
    const batches = watch(own);
    await createRefreshQueue(own, { express, bulk }).send('express', messages(1), delayMs);
    expect(batches.flat().map(({ DelaySeconds }) => DelaySeconds)).toEqual([seconds]);
  });

  test('deliver a delayed message after its delay', async () => {
    await queues.send('express', messages(1), 1);
    expect(await receive(express)).toEqual([]);
    await expect.poll(() => bodies(express), { timeout: 5_000, interval: 100 }).toEqual(messages(1));
  });
});

describe('entries that SQS refuses', () => {
  test('are sent again, without the others', async () => {
    const own = connect();
    const batches = watch(own, (request) => (request === 0 ? ['2', '7'] : []));
    await createRefreshQueue(own, { express, bulk }).send('bulk', messages(12));
    expect(batches.map(({ length }) => length)).toEqual([10, 2, 2]);
    const received = await bodies(bulk);
    expect(received.map(({ ids }) => ids[0]).toSorted((a = 0, b = 0) => a - b)).toEqual(
      messages(12).map(({ ids }) => ids[0]),
    );
  });

  test("three times cause an error, so that the caller's message is delivered again", async () => {
    const own = connect();
    const batches = watch(own, (_, ids) => ids.slice(0, 1));
    const sending = createRefreshQueue(own, { express, bulk }).send('bulk', messages(10));
    await expect(sending).rejects.toThrow('SQS refused 1 messages: InternalError');
    expect(batches.map(({ length }) => length)).toEqual([10, 1, 1]);
  });

  test('all together cause an error', async () => {
    const nowhere = createRefreshQueue(sqs, { express: `${express}-not-there`, bulk });
    await expect(nowhere.send('express', messages(1))).rejects.toThrow();
    await expect(nowhere.depth('express')).rejects.toThrow();
    const off = createRefreshQueue(connect('http://127.0.0.1:1'), { express, bulk });
    await expect(off.send('express', messages(1))).rejects.toThrow();
  });
});

test('the queue of full updates accepts the run to continue', async () => {
  const url = await newQueue();
  const run_id = randomUUID();
  await createPlanQueue(sqs, url).send({ run_id });
  const [message] = await receive(url);
  expect(planMessage.parse(JSON.parse(message?.Body ?? ''))).toEqual({ run_id });
  await expect(createPlanQueue(sqs, `${url}-not-there`).send({ run_id })).rejects.toThrow();
});

test('the queue of updates accepts every title', async () => {
  const url = await newQueue();
  const titles = ['Ёлка 🎄', '\uffff', '\ufffe', '\ud800', '\u0000', '\u{10ffff}'];
  for (const title of titles) {
    await createUpdateQueue(sqs, url).send({ kind: 'title_changed', chat_id: '-1', at: 1, title });
  }
  const received = await receive(url);
  expect(received.map(({ Body = '' }) => JSON.parse(Body).title).sort()).toEqual(titles.sort());
});

describe('a message of the refresh queues', () => {
  const good = { ids: [1], requested_at: 1 };
  test.each<[boolean, unknown]>([
    [true, good],
    [true, { ...good, run: { id: 'r', part: '0.0' } }],
    [true, { ...good, ids: Array.from({ length: 500 }, (_, i) => i + 1) }],
    [false, { ...good, ids: Array.from({ length: 501 }, (_, i) => i + 1) }],
    [false, { ...good, ids: [] }],
    [false, { ...good, ids: [0] }],
    [false, { ...good, ids: ['1'] }],
    [false, { ...good, ids: [1.5] }],
    [false, { ids: [1] }],
    [false, { ...good, requested_at: -1 }],
    [false, { ...good, run: { id: '' } }],
    [false, null],
    [false, 'text'],
  ])('is valid or not (%j): %j', (understood, message) => {
    expect(refreshMessage.safeParse(message).success).toBe(understood);
  });
});
