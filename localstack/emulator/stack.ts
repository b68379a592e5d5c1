import { join } from 'node:path';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { limitedClient, PATIENT_AWS_LIMITS } from '../../lib/base/limits.ts';
import { beginLimiter } from '../begin-limiter.ts';
import { openIdentity, openSecret, startKeyServer, type Tokens, tokensOfAll } from '../identity.ts';
import { seedChats } from '../seed.ts';
import { type SimulatedMax, type SimulatedMaxOptions, startSimulatedMax } from '../servers/max-simulator.ts';
import { embeddedRedis, givenRedis, type StackRedis } from '../servers/stack-redis.ts';
import { type Access, DeployError, type Deployment, deployStage } from './deploy.ts';

export interface EmulatedStackOptions {
  readonly access: Access;
  readonly stage: string;
  /** The folder for keys, secrets and Redis's data. The emulator stores the other data of the service. */
  readonly dataDir: string;
  /** An empty folder for the package. */
  readonly packageDir: string;
  /** The caller's environment: the service's configuration, and addresses that replace embedded servers. */
  readonly env: NodeJS.ProcessEnv;
  readonly simulator?: SimulatedMaxOptions;
  readonly progress: (text: string) => void;
}

/** The packaged service in an emulator, and the servers that the emulator lacks: Redis, a token issuer, a simulated MAX. */
export interface EmulatedStack extends Pick<Deployment, 'url' | 'remove'> {
  readonly tokens: Tokens;
  /** `undefined` if `MAX_API_URL` is set. */
  readonly simulator: SimulatedMax | undefined;
  readonly redis: StackRedis;
  /** Invokes a function by its key in `serverless.yml`, like its schedule. @throws {Error} if the function fails. */
  runSchedule(functionKey: string): Promise<void>;
  /** Stops the servers that were started beside the emulator. */
  stop(): Promise<void>;
}

/** The variables of the caller's environment that configure the package. */
const SETTINGS = /^(PARTICIPANTS_|MAX_API_(URL|RPS|CA)$|(WARNING|CRITICAL)_EMAIL$)/;

/** @throws {DeployError} for problems that the caller can correct. */
export async function startEmulatedStack(options: EmulatedStackOptions): Promise<EmulatedStack> {
  const closers: (() => Promise<void> | void)[] = [];
  const stop = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    return await start(options, closers, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(
  { access, stage, dataDir, packageDir, env, simulator: world, progress }: EmulatedStackOptions,
  closers: (() => Promise<void> | void)[],
  stop: () => Promise<void>,
): Promise<EmulatedStack> {
  const started = async <T extends { stop(): Promise<void> | void }>(starting: Promise<T>): Promise<T> => {
    const it = await starting;
    closers.push(() => it.stop());
    return it;
  };
  const identity = await openIdentity(dataDir);
  const keys = await started(startKeyServer(identity));
  const redis = env.REDIS_URL ? givenRedis(env.REDIS_URL) : await started(embeddedRedis(join(dataDir, 'redis')));
  // As on a new local stack: nobody has made requests before.
  if (!env.REDIS_URL) await beginLimiter(redis.url, env);
  const simulator = env.MAX_API_URL ? undefined : await started(startSimulatedMax(world));
  const token = simulator?.token ?? env.MAX_API_TOKEN;
  if (!token) throw new DeployError('MAX_API_URL is set, so MAX_API_TOKEN must be set too');

  const settings = Object.entries(env).flatMap(([name, value]) =>
    value && SETTINGS.test(name) ? [[name, value] as const] : [],
  );
  const deployment = await deployStage({
    access,
    stage,
    folder: packageDir,
    progress,
    env: {
      ...Object.fromEntries(settings),
      ...(simulator && { MAX_API_URL: simulator.url }),
      REDIS_URL: redis.url,
      AUTH_ISSUER: identity.issuer,
      AUTH_AUDIENCE: identity.audience,
      AUTH_JWKS_URL: keys.jwksUrl,
    },
    secrets: {
      MAX_API_TOKEN_PARAMETER: token,
      CURSOR_SECRET_PARAMETER: await openSecret(dataDir, 'cursor-secret'),
      WEBHOOK_SECRET_PARAMETER: await openSecret(dataDir, 'webhook-secret'),
    },
  });

  if (simulator) {
    await simulator.deliverVia(deployment.url);
    progress('adding the chats of the simulator');
    await seedChats(simulator.world, {
      ...deployment.tables,
      AWS_REGION: access.region,
      AWS_ENDPOINT_URL_DYNAMODB: access.endpoint,
      AWS_ACCESS_KEY_ID: access.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: access.credentials.secretAccessKey,
    });
  }
  const lambda = limitedClient(PATIENT_AWS_LIMITS, (limits) => new LambdaClient({ ...access, ...limits }));
  closers.push(() => lambda.destroy());
  return {
    url: deployment.url,
    tokens: await tokensOfAll(identity),
    simulator,
    redis,
    async runSchedule(functionKey) {
      const FunctionName = deployment.functionName(functionKey);
      const { FunctionError, Payload } = await lambda.send(new InvokeCommand({ FunctionName, Payload: '{}' }));
      if (FunctionError) throw new Error(`${FunctionName}: ${Payload?.transformToString()}`);
    },
    remove: deployment.remove,
    stop,
  };
}
