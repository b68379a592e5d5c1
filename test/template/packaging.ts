import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** The template as it is deployed, from a packaging without network and credentials. */

export const ROOT = join(import.meta.dirname, '../..');

/** The files and folders that a packaging reads. */
const FILES = ['package.json', 'serverless.yml', 'tsconfig.json'];
const FOLDERS = ['node_modules', 'functions', 'infra', 'lib', 'web'];

export interface Resource {
  readonly Type: string;
  readonly Condition?: string;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
  // biome-ignore lint/suspicious/noExplicitAny: CloudFormation's own, different for every type.
  readonly Properties: any;
}

export interface Template {
  readonly Parameters: Readonly<Record<string, { readonly Default?: string }>>;
  readonly Resources: Readonly<Record<string, Resource>>;
}

export interface Packaged {
  readonly file: string;
  readonly text: string;
  readonly template: Template;
  /** The output of osls. */
  readonly output: string;
  /** Files that osls left in its folder for temporary files. */
  readonly leftBehind: readonly string[];
  remove(): void;
}

/** Longest packaging, ms. It is shorter than the time limit of the tests' hooks, so that a hanging packaging is cleaned up. */
const TIMEOUT_MS = 240_000;

/**
 * Packages in a folder of its own that looks like the project: osls works in fixed places under the folder it is run in, and
 * tests run beside each other and beside people who package. Nothing of it is left when packaging fails or the tests are ended.
 * @param env what an operator sets; nothing of the tests' own environment but what programs need to run.
 * @param timeoutMs longest time that osls may take.
 */
export async function packageStage(
  stage: string,
  env: Readonly<Record<string, string>> = {},
  timeoutMs = TIMEOUT_MS,
): Promise<Packaged> {
  const folder = await mkdtemp(join(tmpdir(), 'chat-participants-package-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  try {
    for (const name of FILES) await copyFile(join(ROOT, name), join(folder, name));
    for (const name of FOLDERS) await symlink(join(ROOT, name), join(folder, name));
    const temporary = join(folder, 'tmp');
    await mkdir(temporary);
    const own = { PATH: process.env.PATH, HOME: folder, TMPDIR: temporary, NO_COLOR: '1' };
    const output = await osls(['package', '--stage', stage], folder, { ...own, ...env }, timeoutMs);
    const file = join(folder, '.serverless/cloudformation-template-update-stack.json');
    const text = await readFile(file, 'utf8');
    return { file, text, template: JSON.parse(text), output, leftBehind: await readdir(temporary), remove };
  } catch (error) {
    remove();
    throw error;
  }
}

/** @returns what osls prints. @throws an error when it fails, or is ended after `timeoutMs`. */
async function osls(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv, timeoutMs: number): Promise<string> {
  const script = createRequire(import.meta.url).resolve('osls/bin/serverless.js');
  const options = { cwd, env, timeout: timeoutMs, killSignal: 'SIGKILL' } as const;
  const running = promisify(execFile)(process.execPath, [script, ...args], options);
  const end = () => running.child.kill('SIGKILL');
  process.once('exit', end);
  try {
    const { stdout, stderr } = await running;
    return stdout + stderr;
  } finally {
    process.off('exit', end);
  }
}

/** The resources of a type, by their logical ids. */
export const ofType = ({ Resources }: Template, type: string): [string, Resource][] =>
  Object.entries(Resources).filter(([, resource]) => resource.Type === type);

/** The functions by their keys in serverless.yml. */
export const functionsOf = (template: Template): Map<string, Resource> =>
  new Map(
    ofType(template, 'AWS::Lambda::Function').map(([, resource]) => [
      String(resource.Properties.FunctionName).split('-').at(-1) ?? '',
      resource,
    ]),
  );

/** The logical id that a `Ref` or `Fn::GetAtt` names. */
export function idIn(reference: unknown): string {
  const { Ref, 'Fn::GetAtt': getAtt } = reference as { Ref?: string; 'Fn::GetAtt'?: [string, string] };
  return Ref ?? getAtt?.[0] ?? '';
}
