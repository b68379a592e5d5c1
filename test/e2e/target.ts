import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { promisify } from 'node:util';
import { GetQueueAttributesCommand, GetQueueUrlCommand, SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { type Access, accessTo } from '../../localstack/emulator/deploy.ts';
import { startEmulatedStack } from '../../localstack/emulator/stack.ts';
import type { Tokens } from '../../localstack/identity.ts';
import { makeScratch } from '../../localstack/scratch.ts';
import { startLocalStack } from '../../localstack/stack.ts';
import { type ApiClient, connectApi } from './client.ts';

export type Who = keyof Tokens | 'nobody';

/** The service that the end-to-end tests run against. If it lacks an optional capability, the tests that need it are skipped. */
export interface Target {
  readonly name: string;
  /** The address of the API, without a slash at the end; may have a path. */
  readonly url: string;
  /** Returns a client with the token of this role, or without a token. It rejects if a response does not match the document. */
  readonly api: (as?: Who) => ApiClient;
  /** The curator and the operator belong to `universityId`. */
  readonly tokens: Tokens;
  readonly universityId: number;
  /** Number of chats. */
  readonly chats: number;
  /** The control address of the simulated MAX. */
  readonly maxControl?: string;
  /** Invokes the function of a schedule now. */
  readonly runSchedule?: (functionKey: string) => Promise<void>;
  /** Kills and starts Redis. */
  readonly redis?: { kill(): Promise<void>; start(): Promise<void> };
  /** Returns a queue by the end of its name. */
  readonly queue?: (name: string) => Promise<Queue>;
  stop(): Promise<void>;
}

export interface Queue {
  /** Sends at most ten messages in one request. */
  send(bodies: readonly string[]): Promise<void>;
  /** Returns the numbers of waiting messages, and of messages that were received but not deleted. */
  depth(): Promise<{ readonly waiting: number; readonly inFlight: number }>;
}

const NAME = process.env.E2E_TARGET || 'local';

/** Largest number of chats in a deployed stage. Their full update takes half a minute. */
const MOST_CHATS = 1_000;

/** Whether a test can start its own service, with its own settings and a simulated MAX. */
export const OWN = NAME === 'local' || NAME === 'emulator';

/** Whether the target is an emulator. It is slower, because a Python process connects all parts. */
export const ON_EMULATOR = NAME === 'emulator';

/**
 * Starts the target that E2E_TARGET names.
 * @param env the service's settings; ignored for a deployed stage.
 */
export function startTarget(chats: number, env: Readonly<Record<string, string>> = {}): Promise<Target> {
  if (NAME === 'local') return startLocalTarget(chats, env);
  return NAME === 'emulator' ? startEmulatedTarget(chats, env) : deployedTarget(NAME);
}

/** Starts the service on this machine like `npm start`, with its own data. */
async function startLocalTarget(chats: number, env: Readonly<Record<string, string>>): Promise<Target> {
  const dataDir = await makeScratch('e2e');
  const stack = await startLocalStack({
    dataDir,
    port: 0,
    env: { ...process.env, MAX_API_URL: '', REDIS_URL: '', AWS_ENDPOINT_URL: '', ...env },
    simulator: { chats, drift: 0, seed: 7 },
  });
  const { simulator } = stack;
  if (!simulator) throw new Error('the local stack started without the simulated MAX');
  return {
    name: `the local stack (${stack.redis.kind})`,
    url: stack.url,
    api: await apiFor(stack.url, stack.tokens),
    tokens: stack.tokens,
    universityId: 1,
    chats,
    maxControl: simulator.controlUrl,
    async runSchedule(functionKey) {
      const invocation = await stack.runSchedule(functionKey);
      if (invocation.outcome !== 'value') throw new Error(`${functionKey}: ${JSON.stringify(invocation)}`);
    },
    redis: stack.redis,
    queue: (name) =>
      openQueue(
        {
          endpoint: String(stack.env.AWS_ENDPOINT_URL_SQS),
          region: String(stack.env.AWS_REGION),
          credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
        },
        `chat-participants-dev-${name}`,
      ),
    async stop() {
      await stack.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** Deploys the packaged service to the emulator at AWS_ENDPOINT_URL, as its own stage. */
async function startEmulatedTarget(chats: number, env: Readonly<Record<string, string>>): Promise<Target> {
  const stage = `e2e-${randomBytes(3).toString('hex')}`;
  const access = accessTo(process.env.AWS_ENDPOINT_URL ?? '', process.env.AWS_REGION || 'eu-central-1', process.env);
  const dataDir = await makeScratch('e2e');
  const packageDir = await makeScratch('package');
  const stack = await startEmulatedStack({
    access,
    stage,
    dataDir,
    packageDir,
    env,
    simulator: { chats, drift: 0, seed: 7 },
    progress: () => {},
  });
  if (!stack.simulator) throw new Error('the stack started without the simulated MAX');
  return {
    name: `${stage} in an emulator (${stack.redis.kind})`,
    url: stack.url,
    api: await apiFor(stack.url, stack.tokens),
    tokens: stack.tokens,
    universityId: 1,
    chats,
    maxControl: stack.simulator.controlUrl,
    runSchedule: stack.runSchedule,
    redis: stack.redis,
    queue: (name) => openQueue(access, `chat-participants-${stage}-${name}`),
    async stop() {
      await stack.remove();
      await stack.stop();
      for (const dir of [dataDir, packageDir]) await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Connects to a running stage, on AWS or elsewhere, with its chats. */
async function deployedTarget(address: string): Promise<Target> {
  const url = address.replace(/\/+$/, '');
  const universityId = Number(process.env.E2E_UNIVERSITY_ID || 1);
  const token = async (role: keyof Tokens) => {
    const given = process.env[`E2E_TOKEN_${role.toUpperCase()}`];
    if (given) return given;
    const command = process.env.E2E_TOKEN_COMMAND;
    if (!command) throw new Error(`E2E_TOKEN_COMMAND, or E2E_TOKEN_${role.toUpperCase()}, must be set`);
    const env = { ...process.env, ROLE: role, UNIVERSITY_ID: role === 'superadmin' ? '' : String(universityId) };
    const { stdout } = await promisify(execFile)('/bin/sh', ['-c', command], { env });
    return stdout.trim();
  };
  const tokens = {
    superadmin: await token('superadmin'),
    curator: await token('curator'),
    operator: await token('operator'),
  };
  const api = await apiFor(url, tokens);
  const { data, error } = await api().GET('/chats/all', { params: { query: { limit: 1 } } });
  if (!data) throw new Error(`${url} answered a listing with ${JSON.stringify(error)}`);
  const total = data.total ?? Number.POSITIVE_INFINITY;
  if (total > MOST_CHATS) {
    throw new Error(
      `${url} has ${total} chats, but these tests refresh all of them; at most ${MOST_CHATS} are allowed`,
    );
  }
  return {
    name: url,
    url,
    api,
    tokens,
    universityId,
    chats: total,
    async stop() {},
  };
}

async function apiFor(url: string, tokens: Tokens): Promise<Target['api']> {
  const connect = await connectApi(url);
  return (as = 'superadmin') => connect(as === 'nobody' ? undefined : tokens[as]);
}

async function openQueue(access: Access, QueueName: string): Promise<Queue> {
  const sqs = new SQSClient({ ...access, useQueueUrlAsEndpoint: false });
  const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName }));
  return {
    async send(bodies) {
      const Entries = bodies.map((MessageBody, i) => ({ Id: String(i), MessageBody }));
      await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
    },
    async depth() {
      const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }));
      return {
        waiting: Number(Attributes?.ApproximateNumberOfMessages),
        inFlight: Number(Attributes?.ApproximateNumberOfMessagesNotVisible),
      };
    },
  };
}
