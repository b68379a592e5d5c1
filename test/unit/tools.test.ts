import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };

const root = join(import.meta.dirname, '../..');

/** The scripts with options: those that run a program of this repository. */
const TOOLS = Object.entries(manifest.scripts).flatMap(([name, command]) => {
  const [, args] = /^(?:exec )?(?:env \S+ )?node (.+)$/.exec(command) ?? [];
  return args ? [[name, args.split(' ')] as const] : [];
});

async function run(args: readonly string[]) {
  const child = spawn(process.execPath, args, { cwd: root, env: { ...process.env, API_URL: '', CHATS_TABLE: '' } });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { status: child.exitCode, stdout, stderr };
}

describe.concurrent('every tool', () => {
  test('is listed in this test', () => {
    expect(TOOLS.map(([name]) => name)).toEqual(expect.arrayContaining(['start', 'token', 'import', 'dlq', 'bench']));
    expect(TOOLS.length).toBeGreaterThanOrEqual(11);
  });

  test.each(TOOLS)('%s explains itself with --help', async (name, args) => {
    const { status, stdout, stderr } = await run([...args, '--help']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^Usage: npm run (--silent )?${name} |^Usage: npm ${name} `));
    expect(stdout).toContain('--help');
  });

  // The options of test:e2e are those of Vitest.
  test.each(TOOLS.filter(([name]) => name !== 'test:e2e'))('%s names the allowed options', async (_, args) => {
    const { status, stdout, stderr } = await run([...args, '--hlep']);
    expect(status).toBeGreaterThan(0);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^Unknown option '--hlep'\. Allowed options: (--.+, )?--help\.\n$/);
  });
});
