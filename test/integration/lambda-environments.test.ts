import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { IdleLimit, LambdaFunction } from '../../localstack/runner/lambda/function.ts';

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

function start(concurrency: number, idleLimit = new IdleLimit(100)): LambdaFunction {
  const bundle = { file: join(dir, 'handler.mjs'), exportName: 'handler' };
  const spec = { key: 'sleep', name: 'sleep', arn: 'arn', timeoutMs: 10_000, memoryMb: 128, bundle, environment: {} };
  lambda = new LambdaFunction(spec, { concurrency, idleLimit, onOutput: (output) => output.resume() });
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
  const outcomes = await together(6, 1_000);
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
  await together(3, 1_000);
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

test('functions share a limit of idle environments; the one that has been idle longest ends', async () => {
  const idleLimit = new IdleLimit(3);
  const other = start(3, idleLimit);
  await together(2, 600);
  start(3, idleLimit);
  try {
    await together(2, 600);
    expect([other.environments, lambda.environments]).toEqual([1, 2]);
    // A busy environment does not count, and is idle again as the last.
    await other.invoke({ ms: 0 }, 10_000);
    await together(3, 600);
    expect([other.environments, lambda.environments]).toEqual([0, 3]);
    expect(await other.invoke({ ms: 0 }, 10_000)).toEqual({ outcome: 'value', value: 0 });
  } finally {
    await other.stop();
  }
});
