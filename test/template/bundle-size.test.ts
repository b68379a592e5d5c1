import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { list as allCommands } from '@ioredis/commands';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { unusedIn } from '../../bench/imports/unused.ts';
import { type Bundle, bundleAll, type FunctionSource, ROOT } from '../../bench/support/bundles.ts';
import { list as bundledCommands } from '../../infra/bundling/redis-commands.ts';

/**
 * Limits the code that each function parses at its import, bundled as for a deployment. 10 KB take about a millisecond of every
 * cold start, so growth must be a decision. A budget is about 10 % above the size at the time when it was set.
 */

/** KB (1,024 bytes) of the entry point and its static imports. */
const BUDGETS: Readonly<Record<string, number>> = {
  httpListChats: 655,
  httpCountFacets: 455,
  httpGetChat: 655,
  httpGetHistory: 415,
  httpGetStats: 415,
  httpCreateChat: 655,
  httpUpdateChat: 655,
  httpDeleteChat: 590,
  httpRefreshParticipants: 620,
  httpStartFullUpdate: 455,
  httpExplainPlan: 430,
  httpGetFullUpdate: 410,
  httpListFullUpdates: 410,
  httpValidateParticipants: 655,
  httpHealth: 620,
  httpDescribeApi: 200,
  httpReceiveUpdates: 380,
  httpServePages: 320,
  httpFallback: 180,
  queueRefreshRequested: 650,
  queueRefreshPlanned: 650,
  queuePlanFullUpdate: 445,
  queueApplyUpdates: 650,
  schedulePlanStale: 635,
  scheduleCheckSubscription: 640,
  schedulePlanFull: 445,
  scheduleRepairPostings: 420,
  scheduleRollUp: 400,
};
/** Listed in the message about a function that is too large. */
const LARGEST = 6;

let folder: string;
let bundles: Map<string, FunctionSource & Bundle>;
const kb = (bytes: number) => Math.ceil(bytes / 1_024);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chat-participants-bundles-'));
  bundles = await bundleAll(folder);
}, 180_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

test('every function is within its budget', () => {
  const over = [...bundles].flatMap(([key, { eagerBytes, eager }]) => {
    const budget = BUDGETS[key];
    if (budget === undefined) return [`${key} has no budget; it has ${kb(eagerBytes)} KB`];
    if (kb(eagerBytes) <= budget) return [];
    const largest = [...eager].sort(([, a], [, b]) => b - a).slice(0, LARGEST);
    const packages = largest.map(([name, bytes]) => `${name} ${kb(bytes)} KB`).join(', ');
    return [`${key} parses ${kb(eagerBytes)} KB at its start, of a budget of ${budget} KB; largest: ${packages}`];
  });
  expect(over).toEqual([]);
});

test('every budget belongs to an existing function', () => {
  expect(Object.keys(BUDGETS).filter((key) => !bundles.has(key))).toEqual([]);
});

test('no function parses an unused package at its start', () => {
  expect([...bundles.values()].flatMap((f) => unusedIn(f).map((name) => `${f.key}: ${name}`))).toEqual([]);
});

test('every bundle can be imported', async () => {
  const env = { AWS_REGION: 'eu-central-1', POWERTOOLS_SERVICE_NAME: 'test', POWERTOOLS_METRICS_NAMESPACE: 'test' };
  for (const file of new Set([...bundles.values()].map((bundle) => bundle.file))) {
    const script = `const { handler } = await import(${JSON.stringify(file)}); console.log(typeof handler); process.exit()`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { env });
    expect(stdout.trim()).toBe('function');
  }
}, 180_000);

test('the bundled ioredis has every command that is used', () => {
  const sources = ['lib', 'functions'].flatMap((top) =>
    readdirSync(join(ROOT, top), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => readFileSync(join(ROOT, top, file), 'utf8')),
  );
  const called = sources.flatMap((text) =>
    [...text.matchAll(/\b(?:redis|client)\s*\.(\w+)\(/g)].map(([, name]) => name),
  );
  expect(called).toContain('mget');
  expect(called.filter((name) => name && allCommands.includes(name) && !bundledCommands.includes(name))).toEqual([]);
});
