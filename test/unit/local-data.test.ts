import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openIdentity, openSecret } from '../../localstack/identity.ts';
import { lockDataDir } from '../../localstack/lock.ts';
import { openFunctionLogs } from '../../localstack/runner/function-logs.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'local-data-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
  vi.restoreAllMocks();
});

test('only one process uses a data directory', () => {
  expect(lockDataDir(dir)).toBe(true);
  expect(lockDataDir(dir)).toBe(false);
});

test('simultaneous first starts use the same key and secret', async () => {
  const identities = await Promise.all([1, 2, 3, 4].map(() => openIdentity(dir)));
  expect(new Set(identities.map(({ jwks }) => JSON.stringify(jwks))).size).toBe(1);
  expect(identities[0]?.jwks.keys[0]).not.toHaveProperty('d');
  expect(new Set(await Promise.all([1, 2, 3].map(() => openSecret(dir, 'cursor-secret')))).size).toBe(1);
  expect(readdirSync(dir).sort()).toEqual(['cursor-secret', 'identity.json']);
  expect(statSync(join(dir, 'identity.json')).mode & 0o777).toBe(0o600);
});

test('a log of 10 MB starts a new file, and one old file is kept', () => {
  const path = join(dir, 'f.log');
  writeFileSync(`${path}.1`, 'ancient');
  writeFileSync(path, `old ${'x'.repeat(10 * 1024 * 1024)}`);
  vi.spyOn(console, 'error').mockImplementation(() => {});
  const logs = openFunctionLogs(dir);
  logs.report('f', 'in short', 'at length');
  logs.close();
  expect(readFileSync(path, 'utf8')).toBe('at length\n');
  expect(readFileSync(`${path}.1`, 'utf8').slice(0, 4)).toBe('old ');
});

test('only structured errors are printed to the terminal, shortened to a line', async () => {
  const error = vi.spyOn(console, 'error').mockImplementation(() => {});
  const logs = openFunctionLogs(dir);
  const output = new PassThrough();
  logs.attach('f', output);
  output.write('{"level":"INFO","message":"fine"}\n"level":"ERROR" torn\n');
  output.end(`{"level":"ERROR","message":"bad","error":{"name":"TypeError","message":"${'x'.repeat(400)}"}}\n`);
  await vi.waitFor(() => expect(readFileSync(join(dir, 'f.log'), 'utf8')).toContain('TypeError'));
  logs.close();
  expect(error.mock.calls).toEqual([[`f: bad (TypeError: ${'x'.repeat(284)}`]]);
});
