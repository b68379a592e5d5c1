import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { z } from 'zod';
import type { Cors } from './http/cors.ts';
import type { Throttling } from './http/throttle.ts';

/** The part of the resolved `serverless.yml` that one machine can run. */
export interface Declared {
  readonly service: string;
  readonly region: string;
  readonly functions: readonly DeclaredFunction[];
  readonly tables: Readonly<Record<string, Table>>;
  readonly queues: Readonly<Record<string, Queue>>;
  /** The limit of the HTTP API's stage; `undefined` if none is declared. */
  readonly throttling: Throttling | undefined;
  /** `undefined` if no page of another origin may use the HTTP API. */
  readonly cors: Cors | undefined;
  /** `custom.esbuild`: the settings for bundling the functions. */
  readonly bundling: Readonly<Record<string, unknown>>;
}

export interface DeclaredFunction {
  /** The key in `serverless.yml`. */
  readonly key: string;
  /** The name on AWS. */
  readonly name: string;
  /** `folder/file.export` */
  readonly handler: string;
  readonly timeoutS: number;
  readonly memoryMb: number;
  readonly reservedConcurrency: number | undefined;
  /** Strings, and CloudFormation expressions that are not yet resolved. */
  readonly environment: Readonly<Record<string, unknown>>;
  readonly routes: readonly Route[];
  readonly queueTriggers: readonly QueueTrigger[];
  readonly schedules: readonly Schedule[];
}

export interface Route {
  /** `*` for any method. */
  readonly method: string;
  /** `*` for all requests without another route. */
  readonly path: string;
}

export interface QueueTrigger {
  /** The key of the queue in the resources. */
  readonly queue: string;
  readonly batchSize: number;
  readonly batchingWindowS: number;
  readonly maximumConcurrency: number;
  readonly reportsBatchItemFailures: boolean;
}

export interface Schedule {
  /** `rate(15 minutes)` or `cron(0 3 * * ? *)` */
  readonly expression: string;
  readonly timezone: string;
  readonly enabled: boolean;
  readonly input: unknown;
}

export interface Table {
  readonly name: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

export interface Queue {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly redrive: { readonly deadLetterQueue: string; readonly maxReceiveCount: number } | undefined;
}

/** `serverless.yml` can't be used. The message is for the person who starts the stack. */
export class DeclarationError extends Error {
  override readonly name = 'DeclarationError';
}

/**
 * Resolves `serverless.yml` with `osls print` under `env`. This takes about 3 s, nearly all of it in osls.
 * @throws {DeclarationError} with the list of invalid variables, or with the message of osls.
 */
export async function readDeclared(rootDir: string, env: NodeJS.ProcessEnv): Promise<Declared> {
  const osls = createRequire(join(rootDir, 'package.json')).resolve('osls/bin/serverless.js');
  const { failed, stdout, stderr } = await run([osls, 'print', '--format', 'json'], rootDir, env);
  if (failed) throw new DeclarationError(explain(stderr + stdout));
  return parseDeclared(JSON.parse(stdout.slice(stdout.indexOf('{'))));
}

function run(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv) {
  const options = { cwd, env: { ...env, SLS_NOTIFICATIONS_MODE: 'off', NO_COLOR: '1' }, maxBuffer: 64 * 1024 * 1024 };
  return new Promise<{ failed: boolean; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, args, options, (error, stdout, stderr) => {
      resolve({ failed: error !== null, stdout, stderr });
    });
  });
}

/** Returns the message of a `ConfigError`; for other errors the output of osls without stack traces. */
function explain(output: string): string {
  const lines = output.split('\n').filter((line) => !/^\s+at /.test(line));
  const start = lines.findIndex((line) => line.includes('ConfigError: '));
  if (start < 0) return lines.join('\n').trim();
  const headline = (lines[start] ?? '').replace(/^.*ConfigError: /, '');
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => !/^ {2}\S/.test(line));
  return [headline, ...rest.slice(0, end < 0 ? undefined : end)].join('\n');
}

const reference = z.union([
  z.object({ Ref: z.string() }).transform(({ Ref }) => Ref),
  z.object({ 'Fn::GetAtt': z.tuple([z.string(), z.string()]) }).transform((value) => value['Fn::GetAtt'][0]),
]);

const routeSchema = z.union([
  z.string().transform((text) => {
    const [method = '*', path = '*'] = text === '*' ? [] : text.split(/\s+/);
    return { method, path };
  }),
  z.object({
    method: z.string().default('*'),
    path: z.string(),
    // Refused, because an ignored authorizer would leave a route open that is protected on AWS.
    authorizer: z
      .unknown()
      .optional()
      .refine((authorizer) => authorizer === undefined, 'the local stack runs no authorizers'),
  }),
]);

const queueTriggerSchema = z
  .object({
    arn: reference,
    batchSize: z.number().default(10),
    maximumBatchingWindow: z.number().default(0),
    maximumConcurrency: z.number().default(5),
    functionResponseType: z.literal('ReportBatchItemFailures').optional(),
    enabled: z.boolean().default(true),
  })
  .transform((event) => ({
    enabled: event.enabled,
    queue: event.arn,
    batchSize: event.batchSize,
    batchingWindowS: event.maximumBatchingWindow,
    maximumConcurrency: event.maximumConcurrency,
    reportsBatchItemFailures: event.functionResponseType !== undefined,
  }));

const scheduleSchema = z
  .object({
    rate: z.union([z.string(), z.array(z.string())]),
    timezone: z.string().default('UTC'),
    enabled: z.union([z.boolean(), z.stringbool()]).default(true),
    input: z.unknown().optional(),
  })
  .transform(({ rate, timezone, enabled, input }) =>
    [rate].flat().map((expression) => ({ expression, timezone, enabled, input: input ?? {} })),
  );

const eventSchema = z.object({
  httpApi: routeSchema.optional(),
  sqs: queueTriggerSchema.optional(),
  schedule: scheduleSchema.optional(),
});

const limits = {
  timeout: z.number().optional(),
  memorySize: z.number().optional(),
  environment: z.record(z.string(), z.unknown()).default({}),
};

const stageSchema = z
  .object({
    Properties: z.object({
      DefaultRouteSettings: z.object({ ThrottlingRateLimit: z.number(), ThrottlingBurstLimit: z.number() }),
    }),
  })
  .transform(({ Properties: { DefaultRouteSettings: settings } }) => ({
    rate: settings.ThrottlingRateLimit,
    burst: settings.ThrottlingBurstLimit,
  }));

const corsSchema = z.object({
  allowedOrigins: z.array(z.string()),
  allowedHeaders: z.array(z.string()).default([]),
  allowedMethods: z.array(z.string()).default([]),
  exposedResponseHeaders: z.array(z.string()).default([]),
  maxAge: z.number().default(0),
});

const documentSchema = z.object({
  service: z.string(),
  custom: z.object({ esbuild: z.record(z.string(), z.unknown()).default({}) }).default({ esbuild: {} }),
  provider: z.object({
    region: z.string(),
    httpApi: z.object({ cors: z.union([z.literal(false), corsSchema]).default(false) }).default({ cors: false }),
    ...limits,
  }),
  functions: z.record(
    z.string(),
    z.object({
      name: z.string(),
      handler: z.string(),
      ...limits,
      reservedConcurrency: z.number().optional(),
      events: z.array(eventSchema).default([]),
    }),
  ),
  resources: z
    .object({
      extensions: z.object({ HttpApiStage: stageSchema.optional() }).default({}),
      Resources: z.record(
        z.string(),
        z.object({ Type: z.string(), Properties: z.record(z.string(), z.unknown()).default({}) }),
      ),
    })
    .default({ Resources: {}, extensions: {} }),
});

/** Parses the resolved document, the output of `osls print`. */
export function parseDeclared(document: unknown): Declared {
  const parsed = documentSchema.safeParse(document);
  if (!parsed.success) {
    throw new DeclarationError(`The local stack can't run this serverless.yml:\n${z.prettifyError(parsed.error)}`);
  }
  const { service, provider, functions, custom, resources } = parsed.data;
  const ofType = (type: string) => Object.entries(resources.Resources).filter(([, { Type }]) => Type === type);
  return {
    service,
    region: provider.region,
    cors: provider.httpApi.cors || undefined,
    throttling: resources.extensions.HttpApiStage,
    bundling: custom.esbuild,
    functions: Object.entries(functions).map(([key, declared]) => ({
      key,
      name: declared.name,
      handler: declared.handler,
      timeoutS: declared.timeout ?? provider.timeout ?? 6,
      memoryMb: declared.memorySize ?? provider.memorySize ?? 1024,
      reservedConcurrency: declared.reservedConcurrency,
      environment: { ...provider.environment, ...declared.environment },
      routes: declared.events.flatMap(({ httpApi }) => httpApi ?? []),
      queueTriggers: declared.events.flatMap(({ sqs }) => (sqs?.enabled ? sqs : [])),
      schedules: declared.events.flatMap(({ schedule }) => schedule ?? []),
    })),
    tables: Object.fromEntries(
      ofType('AWS::DynamoDB::Table').map(([key, { Properties }]) => [
        key,
        { name: nameOf(key, Properties.TableName), properties: Properties },
      ]),
    ),
    queues: Object.fromEntries(ofType('AWS::SQS::Queue').map(([key, { Properties }]) => [key, queue(key, Properties)])),
  };
}

const redriveSchema = z
  .object({ deadLetterTargetArn: reference, maxReceiveCount: z.coerce.number() })
  .transform(({ deadLetterTargetArn, maxReceiveCount }) => ({ deadLetterQueue: deadLetterTargetArn, maxReceiveCount }));

function queue(key: string, properties: Readonly<Record<string, unknown>>): Queue {
  const { QueueName, RedrivePolicy, ...rest } = properties;
  const attributes = Object.entries(rest).filter(([, value]) => typeof value !== 'object');
  return {
    name: nameOf(key, QueueName),
    attributes: Object.fromEntries(attributes.map(([name, value]) => [name, String(value)])),
    redrive: RedrivePolicy === undefined ? undefined : redriveSchema.parse(RedrivePolicy),
  };
}

/** CloudFormation creates a name from the key if there is no name. */
const nameOf = (key: string, name: unknown) => (typeof name === 'string' ? name : key);
