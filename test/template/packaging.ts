import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** The template as it is deployed, from a packaging without network and credentials. */

export const ROOT = join(import.meta.dirname, '../..');

/** What a packaging reads. */
const FILES = ['package.json', 'serverless.yml', 'tsconfig.json'];
const FOLDERS = ['node_modules', 'functions', 'infra', 'lib'];

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
  /** What the packager said. */
  readonly output: string;
  remove(): Promise<void>;
}

/**
 * In a folder of its own, that looks like the project: the packager works in fixed places under the folder it is run in, and
 * the tests run beside each other and beside people who package.
 * @param env what an operator sets; nothing of the tests' own environment but what programs need to run.
 */
export async function packageStage(stage: string, env: Readonly<Record<string, string>> = {}): Promise<Packaged> {
  const folder = await mkdtemp(join(tmpdir(), 'chat-participants-package-'));
  for (const name of FILES) await copyFile(join(ROOT, name), join(folder, name));
  for (const name of FOLDERS) await symlink(join(ROOT, name), join(folder, name));
  const osls = createRequire(import.meta.url).resolve('osls/bin/serverless.js');
  // The packager leaves its temporary folders behind.
  const own = { PATH: process.env.PATH, HOME: folder, TMPDIR: folder, NO_COLOR: '1' };
  const options = { cwd: folder, env: { ...own, ...env } };
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [osls, 'package', '--stage', stage], options);
  const file = join(folder, '.serverless/cloudformation-template-update-stack.json');
  const text = await readFile(file, 'utf8');
  return {
    file,
    text,
    template: JSON.parse(text),
    output: stdout + stderr,
    remove: () => rm(folder, { recursive: true, force: true }),
  };
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
