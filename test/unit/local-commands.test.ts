import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseDeclared, readDeclared } from '../../localstack/runner/declared.ts';

const root = join(import.meta.dirname, '../..');

const run = (script: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  spawnSync(process.execPath, [join(root, 'localstack', script), ...args], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });

test.each([
  [[], '--role must be one of superadmin, curator, operator'],
  [['--role', 'admin'], '--role must be one of superadmin, curator, operator'],
  [['--role', 'curator'], '--university-id is needed with --role curator'],
  [['--role', 'operator', '--university-id', '0'], '--university-id must be a positive integer'],
  [['--role', 'superadmin', '--university-id', '1'], '--university-id is for curators and operators'],
  [['--role', 'superadmin', '--expires-in', '5x'], '--expires-in must be a duration'],
  [['--role', 'superadmin', '--for', 'ever'], "Unknown option '--for'"],
])('token %j', (args, problem) => {
  const { status, stdout, stderr } = run('token.ts', args);
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toContain(problem);
  expect(stderr).not.toContain('    at ');
});

test.each([
  [['--rest'], {}, "Unknown option '--rest'"],
  [['now'], {}, "Unexpected argument 'now'"],
  [[], { PORT: '80a' }, 'PORT must be a whole number from 1 to 65535'],
])('start %j %j', (args, env, problem) => {
  const { status, stderr } = run('start.ts', args, env);
  expect(status).toBe(1);
  expect(stderr).toContain(problem);
  expect(stderr).not.toContain('    at ');
});

test('start --help', () => {
  expect(run('start.ts', ['--help'])).toMatchObject({ status: 0, stdout: expect.stringContaining('--reset') });
});

test('deploy --help', () => {
  expect(run('deploy.ts', ['--help'])).toMatchObject({ status: 0, stdout: expect.stringContaining('--stage') });
});

test.each([
  [['--sage', 'x'], {}, 2, "Unknown option '--sage'"],
  [['--stage', 'Test'], {}, 1, '--stage must be a lower-case letter, followed by'],
  [['--stage', `a${'b'.repeat(20)}`], {}, 1, '--stage must be a lower-case letter, followed by'],
])('deploy %j', (args, env, code, problem) => {
  const { status, stderr } = run('deploy.ts', args, env);
  expect(status).toBe(code);
  expect(stderr).toContain(problem);
  expect(stderr).not.toContain('    at ');
});

test('an invalid configuration is reported as a plain list of variables', async () => {
  const env = { ...process.env, PARTICIPANTS_CACHE_TTL: '5x', MAX_API_RPS: '0' };
  const error = await readDeclared(root, env).catch((thrown: Error) => thrown);
  expect((error as Error).message.split('\n')).toEqual([
    'The configuration is not usable:',
    expect.stringMatching(/^ {2}PARTICIPANTS_CACHE_TTL must be a duration/),
    expect.stringMatching(/^ {2}MAX_API_RPS must be a whole number/),
  ]);
});

test("parts of serverless.yml that the local stack can't run are refused with their place", () => {
  const event = { sqs: { arn: 'arn:aws:sqs:eu-central-1:1:x' } };
  const functions = { f: { name: 'f', handler: 'f.handler', events: [event] } };
  expect(() => parseDeclared({ service: 's', provider: { region: 'r' }, functions })).toThrow(
    'functions.f.events[0].sqs.arn',
  );
});
