import { setTimeout as sleep } from 'node:timers/promises';
import {
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListMessageMoveTasksCommand,
  type Message,
  paginateListQueues,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SQSClient,
  StartMessageMoveTaskCommand,
} from '@aws-sdk/client-sqs';
import { limitedClient, PATIENT_AWS_LIMITS } from '../lib/base/limits.ts';
import { readOptions, runTool, ToolError } from './command-line.ts';
import { useRunningStack } from './environment.ts';

/** `npm run dlq -- list|redrive` shows the messages of the dead-letter queues, or returns them to their source queues. */

const HELP = `Usage: npm run dlq -- list|redrive [--queue NAME] [--stage STAGE] [--limit N]

A message that fails five times is moved to a dead-letter queue and kept there for 14 days.

  list       prints the number of messages and the first messages; removes nothing
  redrive    returns the messages to their source queues

  --queue    one queue: express-refreshes, bulk-refreshes, full-update or updates; all by default
  --stage    a deployed stage, with the credentials and the region of the AWS command line;
             by default the running local stack
  --limit    for list: how many messages of each queue to print, 10 by default
  --help     prints this text

Exit status: 0 if the queues are empty, 1 if messages remain, 2 after an error.
How to handle these messages: docs/runbooks/queues.md`;

const SERVICE = 'chat-participants';
const SUFFIX = '-dead';
/** Visibility timeout of listed messages, s: long enough for a list, short enough that a redrive can follow at once. */
const LOOK_S = 5;
/** Visibility timeout of messages that are moved, s: long enough to send and delete them. */
const MOVE_S = 60;
const BATCH = 10;
const POLL_MS = 1_000;

interface DeadQueue {
  /** The name for `--queue`. */
  readonly name: string;
  readonly fullName: string;
  readonly url: string;
}

await runTool(async () => {
  const { values, positionals } = readOptions(
    HELP,
    { queue: { type: 'string' }, stage: { type: 'string' }, limit: { type: 'string', default: '10' } },
    { positionals: true },
  );
  const [command, ...more] = positionals;
  if ((command !== 'list' && command !== 'redrive') || more.length > 0) {
    throw new ToolError(`The command must be list or redrive.\n\n${HELP}`);
  }
  const limit = Number(values.limit);
  if (!Number.isInteger(limit) || limit < 0) throw new ToolError('--limit must be a whole number.');
  if (values.stage === undefined) useLocalStack();
  const sqs = limitedClient(
    PATIENT_AWS_LIMITS,
    (limits) =>
      new SQSClient({ region: process.env.AWS_REGION || 'eu-central-1', useQueueUrlAsEndpoint: false, ...limits }),
  );

  let left = 0;
  for (const queue of await queuesOf(sqs, values.stage, values.queue)) {
    const dead = await depth(sqs, queue);
    console.log(`${queue.fullName}: ${dead === 0 ? 'empty' : `${dead} messages`}`);
    if (dead === 0) continue;
    if (command === 'list') await show(sqs, queue, limit);
    else await redrive(sqs, queue);
    left += command === 'list' ? dead : await depth(sqs, queue);
  }
  return left === 0 ? 0 : 1;
});

function useLocalStack(): void {
  try {
    useRunningStack('AWS_ENDPOINT_URL_SQS');
  } catch {
    throw new ToolError('No local stack is running. Start it with "npm start", or name a deployed stage with --stage.');
  }
}

async function queuesOf(sqs: SQSClient, stage: string | undefined, wanted: string | undefined): Promise<DeadQueue[]> {
  const prefix = `${SERVICE}-${stage ?? 'dev'}-`;
  const queues: DeadQueue[] = [];
  try {
    for await (const page of paginateListQueues({ client: sqs }, { QueueNamePrefix: prefix, MaxResults: 1_000 })) {
      for (const url of page.QueueUrls ?? []) {
        const fullName = url.split('/').at(-1) ?? '';
        if (!fullName.endsWith(SUFFIX)) continue;
        queues.push({ url, fullName, name: fullName.slice(prefix.length, -SUFFIX.length) });
      }
    }
  } catch (error) {
    throw plain(error as Error);
  }
  const region = await sqs.config.region();
  if (queues.length === 0) throw new ToolError(`There is no queue ${prefix}…${SUFFIX} in ${region}.`);
  const chosen = queues.filter(({ name }) => wanted === undefined || name === wanted);
  if (chosen.length > 0) return chosen;
  throw new ToolError(`There is no queue "${wanted}"; there are ${queues.map(({ name }) => name).join(', ')}.`);
}

/** Converts errors that the user can correct into a `ToolError`. */
function plain(error: Error): Error {
  if (error.name === 'CredentialsProviderError') {
    return new ToolError('There are no AWS credentials: log in, or set AWS_PROFILE.');
  }
  if (/AccessDenied|UnrecognizedClient|InvalidClientTokenId|ExpiredToken/.test(error.name)) {
    return new ToolError(`AWS refuses: ${error.message}`);
  }
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ECONNREFUSED' ? new ToolError('SQS can not be reached. Is the local stack still running?') : error;
}

async function depth(sqs: SQSClient, { url }: DeadQueue): Promise<number> {
  const answer = await sqs.send(
    new GetQueueAttributesCommand({
      QueueUrl: url,
      AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
    }),
  );
  return Object.values(answer.Attributes ?? {}).reduce((sum, n) => sum + Number(n), 0);
}

async function show(sqs: SQSClient, { url }: DeadQueue, limit: number): Promise<void> {
  const seen = new Map<string | undefined, Message>();
  for (let more = true; more && seen.size < limit; ) {
    const messages = await receive(sqs, url, Math.min(BATCH, limit - seen.size), LOOK_S);
    more = messages.some(({ MessageId }) => !seen.has(MessageId));
    for (const message of messages) seen.set(message.MessageId, message);
  }
  for (const { MessageId, Attributes, Body = '' } of seen.values()) {
    const sent = new Date(Number(Attributes?.SentTimestamp)).toISOString();
    console.log(`  ${sent}  ${MessageId}  ${Body.length > 160 ? `${Body.slice(0, 160)}…` : Body}`);
  }
}

async function redrive(sqs: SQSClient, queue: DeadQueue): Promise<void> {
  const attributes = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: queue.url, AttributeNames: ['QueueArn'] }),
  );
  const SourceArn = attributes.Attributes?.QueueArn;
  try {
    await sqs.send(new StartMessageMoveTaskCommand({ SourceArn }));
  } catch (error) {
    if (!isUnsupported(error as Error)) throw plain(error as Error);
    await moveByHand(sqs, queue);
    return;
  }
  for (;;) {
    await sleep(POLL_MS);
    const { Results } = await sqs.send(new ListMessageMoveTasksCommand({ SourceArn, MaxResults: 1 }));
    const [task] = Results ?? [];
    if (task?.Status === 'RUNNING') continue;
    if (task?.Status !== 'COMPLETED') {
      throw new ToolError(`The redrive ended with status ${task?.Status}: ${task?.FailureReason}`);
    }
    console.log(`  ${task.ApproximateNumberOfMessagesMoved} returned`);
    return;
  }
}

/** Returns whether the error means that SQS has no message move tasks, like the embedded SQS. */
function isUnsupported({ name }: Error): boolean {
  return /Unsupported|InvalidAction|UnknownOperation|NotImplemented/i.test(name);
}

/** Sends each message, then deletes it. After a crash between both, the message exists twice, which does no harm. */
async function moveByHand(sqs: SQSClient, queue: DeadQueue): Promise<void> {
  const { url, fullName } = queue;
  const source = await sqs.send(new GetQueueUrlCommand({ QueueName: fullName.slice(0, -SUFFIX.length) }));
  let moved = 0;
  // Messages that were just listed are invisible for a short time.
  const giveUpAt = Date.now() + LOOK_S * 1_000;
  while ((await depth(sqs, queue)) > 0) {
    const messages = await receive(sqs, url, BATCH, MOVE_S);
    if (messages.length === 0 && Date.now() > giveUpAt) break;
    if (messages.length === 0) continue;
    const sent = await sqs.send(
      new SendMessageBatchCommand({
        QueueUrl: source.QueueUrl,
        Entries: messages.map(({ Body }, i) => ({ Id: String(i), MessageBody: Body })),
      }),
    );
    const accepted = new Set(sent.Successful?.map(({ Id }) => Id));
    const Entries = messages.flatMap(({ ReceiptHandle }, i) =>
      accepted.has(String(i)) ? { Id: String(i), ReceiptHandle } : [],
    );
    if (Entries.length > 0) await sqs.send(new DeleteMessageBatchCommand({ QueueUrl: url, Entries }));
    moved += Entries.length;
  }
  console.log(`  ${moved} returned`);
}

async function receive(sqs: SQSClient, QueueUrl: string, most: number, hiddenS: number): Promise<Message[]> {
  const { Messages } = await sqs.send(
    new ReceiveMessageCommand({
      QueueUrl,
      MaxNumberOfMessages: most,
      VisibilityTimeout: hiddenS,
      MessageSystemAttributeNames: ['SentTimestamp'],
      WaitTimeSeconds: 1,
    }),
  );
  return Messages ?? [];
}
