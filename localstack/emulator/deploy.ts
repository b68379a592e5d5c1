import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, readFile, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { z } from 'zod';
import { limitedClient, PATIENT_AWS_LIMITS } from '../../lib/base/limits.ts';
import { ROOT_DIR } from '../data-dir.ts';
import { adaptToMiniStack, isMiniStack } from './ministack-gaps.ts';

/** Packages the service and deploys the package to an emulator of AWS, with the same commands as for AWS. */

/** The address and credentials of an emulator. */
export interface Access {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** Returns the access with the credentials in `env`, otherwise with those that emulators accept as the account owner's. */
export function accessTo(endpoint: string, region: string, env: NodeJS.ProcessEnv): Access {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env;
  const own = accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey } : undefined;
  return {
    endpoint: endpoint.replace(/\/+$/, ''),
    region,
    credentials: own ?? { accessKeyId: 'test', secretAccessKey: 'test' },
  };
}

/** The secrets of the service, by the variables that name their parameters. */
export type Secrets = Readonly<
  Record<'MAX_API_TOKEN_PARAMETER' | 'CURSOR_SECRET_PARAMETER' | 'WEBHOOK_SECRET_PARAMETER', string>
>;

export interface DeployOptions {
  readonly access: Access;
  readonly stage: string;
  /** The operator's settings (docs/deploy.md). */
  readonly env: Readonly<Record<string, string>>;
  readonly secrets: Secrets;
  /** An empty folder for the package. */
  readonly folder: string;
  readonly progress: (text: string) => void;
}

export interface Deployment {
  readonly stage: string;
  /** The URL of the API, without a slash at the end. The host name from AWS does not lead to the emulator. */
  readonly url: string;
  /** Returns the name of a function by its key in `serverless.yml`. */
  functionName(key: string): string;
  /** The names of the tables, by their variables, like `CHATS_TABLE`. */
  readonly tables: Readonly<Record<string, string>>;
  /** Removes the stack with all its data. */
  remove(): Promise<void>;
}

/** The packaging or the deployment failed. The message is for the user. */
export class DeployError extends Error {
  override readonly name = 'DeployError';
}

/** The files and folders that the packaging reads. */
const FILES = ['package.json', 'serverless.yml', 'tsconfig.json'];
const FOLDERS = ['node_modules', 'functions', 'infra', 'lib', 'web'];
const PACKAGE = 'package';

/** Deploys a stage. @throws {DeployError} with the message of osls: invalid variables, or the resource that failed and why. */
export async function deployStage({
  access,
  stage,
  env,
  secrets,
  folder,
  progress,
}: DeployOptions): Promise<Deployment> {
  if (new URL(access.endpoint).hostname.endsWith('amazonaws.com')) {
    throw new DeployError('This is AWS itself, not an emulator. For deployments to AWS see docs/deploy.md.');
  }
  const miniStack = await isMiniStack(access.endpoint).catch(() => {
    throw new DeployError(`No emulator responds at ${access.endpoint}.`);
  });
  const osls = (args: readonly string[], onLine?: (line: string) => void) =>
    runOsls(
      [...args, '--stage', stage, '--verbose'],
      folder,
      {
        PATH: process.env.PATH,
        HOME: folder,
        TMPDIR: folder,
        AWS_ENDPOINT_URL: access.endpoint,
        AWS_REGION: access.region,
        AWS_ACCESS_KEY_ID: access.credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: access.credentials.secretAccessKey,
        ...env,
      },
      onLine,
    );

  progress('packaging');
  // In a copy of the project, because osls uses fixed paths under the current folder.
  for (const name of FILES) await copyFile(join(ROOT_DIR, name), join(folder, name));
  for (const name of FOLDERS) await symlink(join(ROOT_DIR, name), join(folder, name));
  await osls(['package', '--package', PACKAGE]);
  const packaged = await readPackage(join(folder, PACKAGE));
  await putSecrets(packaged, secrets, access);

  if (miniStack) {
    for (const note of await packaged.adapt(adaptToMiniStack)) progress(`for MiniStack ${note}`);
  }
  progress(`deploying ${packaged.resources} resources as ${packaged.stack}`);
  let made = 0;
  await osls(['deploy', '--package', PACKAGE], (line) => {
    if (!/(CREATE|UPDATE)_COMPLETE/.test(line)) return;
    made += 1;
    if (made % 50 === 0) progress(`${made} of ${packaged.resources}`);
  });
  return {
    stage,
    url: await apiUrl(packaged.stack, access),
    functionName: (key) => `${packaged.stack}-${key}`,
    tables: packaged.tables,
    remove: () => osls(['remove']),
  };
}

async function runOsls(
  args: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
  onLine: (line: string) => void = () => {},
): Promise<void> {
  const script = createRequire(import.meta.url).resolve('osls/bin/serverless.js');
  const child = spawn(process.execPath, [script, ...args], {
    cwd,
    env: { ...env, SLS_NOTIFICATIONS_MODE: 'off', NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      onLine(line);
    });
  }
  const [code] = await once(child, 'close');
  if (code !== 0) throw new DeployError(`osls ${args[0]} failed:\n${explain(lines)}`);
}

/** Returns the error at the end of the output of osls, without stack traces and advertisements. */
function explain(lines: readonly string[]): string {
  const start = lines.findIndex((line) => line.startsWith('Error:'));
  return lines
    .slice(start < 0 ? -20 : start + 1)
    .filter((line) => !/^\s+at |^View the full error/.test(line))
    .join('\n')
    .trim();
}

const resourceSchema = z.object({ Type: z.string(), Properties: z.record(z.string(), z.unknown()).default({}) });
const stateSchema = z.looseObject({
  service: z.looseObject({
    service: z.string(),
    provider: z.looseObject({
      stage: z.string(),
      compiledCloudFormationTemplate: z.looseObject({ Resources: z.record(z.string(), z.unknown()) }),
    }),
  }),
});

async function readPackage(dir: string) {
  const file = join(dir, 'serverless-state.json');
  const state = stateSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  const { service, provider } = state.service;
  const template = provider.compiledCloudFormationTemplate;
  const resources = Object.entries(template.Resources).map(
    ([id, resource]) => [id, resourceSchema.parse(resource)] as const,
  );
  const nameOf = (id: string) => String(resources.find(([key]) => key === id)?.[1].Properties.TableName);
  return {
    stack: `${service}-${provider.stage}`,
    resources: resources.length,
    variables: Object.assign({}, ...resources.map(([, { Properties }]) => variablesOf(Properties))) as Record<
      string,
      unknown
    >,
    tables: {
      CHATS_TABLE: nameOf('ChatsTable'),
      CHAT_POSTINGS_TABLE: nameOf('ChatPostingsTable'),
      STATE_TABLE: nameOf('StateTable'),
    },
    /** Changes the resources that will be deployed. */
    async adapt(change: (resources: Record<string, unknown>) => string[]): Promise<string[]> {
      const notes = change(template.Resources);
      await writeFile(file, JSON.stringify(state));
      return notes;
    },
  };
}

const variablesOf = ({ Environment }: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  (Environment as { Variables?: Record<string, unknown> } | undefined)?.Variables ?? {};

/** Stores the secrets in the SSM parameters of docs/deploy.md. */
async function putSecrets(
  { variables }: { readonly variables: Readonly<Record<string, unknown>> },
  secrets: Secrets,
  access: Access,
): Promise<void> {
  const ssm = limitedClient(PATIENT_AWS_LIMITS, (limits) => new SSMClient({ ...access, ...limits }));
  for (const [variable, secret] of Object.entries(secrets)) {
    const Name = variables[variable];
    if (typeof Name !== 'string') throw new DeployError(`no function has ${variable}`);
    await ssm.send(new PutParameterCommand({ Name, Value: secret, Type: 'SecureString', Overwrite: true }));
  }
  ssm.destroy();
}

async function apiUrl(stack: string, access: Access): Promise<string> {
  const client = limitedClient(PATIENT_AWS_LIMITS, (limits) => new CloudFormationClient({ ...access, ...limits }));
  const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: stack }));
  client.destroy();
  const id = Stacks?.[0]?.Outputs?.find(({ OutputKey }) => OutputKey === 'HttpApiId')?.OutputValue;
  if (!id) throw new DeployError(`the stack ${stack} has no HTTP API`);
  // MiniStack and LocalStack both serve an API by its id, without a name to resolve.
  return `${access.endpoint}/_aws/execute-api/${id}/$default`;
}
