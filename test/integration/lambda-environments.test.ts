import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { EnvironmentLimit, LambdaFunction } from '../../localstack/runner/lambda/function.ts';

/** How many execution environments the local runner keeps for a function. */

let dir: string;
let lambda: LambdaFunction;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lambda-environments-'));
  const sleep = 'export const handler = ({ ms }) => new Promise((resolve) => setTimeout(() => resolve(ms), ms));';
  await writeFile(join(dir, 'handler.mjs'), sleep);
});
afterEach(() => lambda.stop());
afterAll(() => rm(dir, { recursive: true, force: true }));

function start(concurrency: number, limit = new EnvironmentLimit(100, 0)): LambdaFunction {
  const bundle = { file: join(dir, 'handler.mjs'), exportName: 'handler' };
  const spec = { key: 'sleep', name: 'sleep', arn: 'arn', timeoutMs: 10_000, memoryMb: 128, bundle, environment: {} };
  lambda = new LambdaFunction(spec, { concurrency, limit, onOutput: (output) => output.resume() });
  return lambda;
}
const together = (count: number, ms: number) =>
  Promise.all(Array.from({ length: count }, () => lambda.invoke({ ms }, 20_000)));

test('simultaneous short events share an environment, because creating another one takes longer', async () => {
  start(10);
  await lambda.invoke({ ms: 0 }, 10_000);
  const outcomes = await together(20, 1);
  expect(outcomes.every(({ outcome }) => outcome === 'value')).toBe(true);
  // One on a machine that has nothing else to do; ten where nobody waits.
  expect(lambda.environments).toBeLessThanOrEqual(3);
});

test('simultaneous long events get their own environments, up to the limit', async () => {
  start(3);
  const outcomes = await together(6, 2_500);
  expect(outcomes.every(({ outcome }) => outcome === 'value')).toBe(true);
  expect(lambda.environments).toBe(3);
});

test('an event that waits longer than allowed is throttled', async () => {
  start(1);
  const [first, second] = await Promise.all([lambda.invoke({ ms: 1_500 }, 20_000), lambda.invoke({ ms: 0 }, 200)]);
  expect([first.outcome, second.outcome]).toEqual(['value', 'throttled']);
});

test('idle environments end: the spare ones after half a minute, the last one after ten minutes', async () => {
  start(3);
  await together(3, 4_000);
  const now = performance.now();
  lambda.endIdle(now + 20_000);
  expect(lambda.environments).toBe(3);
  lambda.endIdle(now + 31_000);
  expect(lambda.environments).toBe(1);
  lambda.endIdle(now + 9 * 60_000);
  expect(lambda.environments).toBe(1);
  lambda.endIdle(now + 11 * 60_000);
  expect(lambda.environments).toBe(0);
  expect(await lambda.invoke({ ms: 0 }, 10_000)).toEqual({ outcome: 'value', value: 0 });
});

test('functions share a limit: the environment that has been idle longest ends for another one', async () => {
  const limit = new EnvironmentLimit(3, 0);
  const other = start(3, limit);
  await together(2, 2_500);
  start(3, limit);
  try {
    await together(2, 2_500);
    expect([other.environments, lambda.environments]).toEqual([1, 2]);
    await other.invoke({ ms: 0 }, 10_000);
    await together(3, 4_000);
    expect([other.environments, lambda.environments]).toEqual([0, 3]);
  } finally {
    await other.stop();
  }
});

test('while all are busy, a function gets its first environment, and others after three seconds; over the limit, idle ones end', async () => {
  const limit = new EnvironmentLimit(2, 0);
  const other = start(3, limit);
  const busy = together(2, 9_500);
  await vi.waitUntil(() => other.environments === 2, 4_000);
  start(3, limit);
  try {
    await together(3, 600);
    expect([other.environments, lambda.environments]).toEqual([2, 0]);
    const starved = together(2, 4_000);
    await vi.waitUntil(() => lambda.environments === 2, 3_900);
    expect(other.running).toBe(2);
    await Promise.all([starved, busy]);
    expect(other.environments + lambda.environments).toBe(2);
  } finally {
    await other.stop();
  }
}, 20_000);
