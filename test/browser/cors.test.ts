import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeScratch } from '../../localstack/scratch.ts';
import { type LocalStack, startLocalStack } from '../../localstack/stack.ts';
import { chromiumPath, launch, withoutBrowser } from './browser.ts';

/** An admin panel in a browser, on a port of its own, that calls the API. */

let stack: LocalStack;
let dataDir: string;
let browser: Browser;
const panels: Server[] = [];

async function startPanel(): Promise<string> {
  const panel = createServer((_, response) => {
    response.setHeader('content-type', 'text/html').end('<!doctype html><title>Panel</title>');
  }).listen(0, '127.0.0.1');
  await once(panel, 'listening');
  panels.push(panel);
  return `http://127.0.0.1:${(panel.address() as AddressInfo).port}`;
}
let allowed: string;
let other: string;

beforeAll(async () => {
  if (!chromiumPath) return;
  [allowed, other] = [await startPanel(), await startPanel()];
  dataDir = await makeScratch('cors');
  const env = { MAX_API_URL: '', REDIS_URL: '', AWS_ENDPOINT_URL: '', CORS_ALLOWED_ORIGINS: allowed };
  stack = await startLocalStack({
    ...{ dataDir, port: 0, env: { ...process.env, ...env } },
    simulator: { chats: 5, drift: 0, seed: 7 },
  });
  browser = await launch();
});
afterAll(async () => {
  await browser?.close();
  await stack?.stop();
  for (const panel of panels) panel.close();
  if (dataDir) await rm(dataDir, { recursive: true, force: true });
});

interface Seen {
  readonly status?: number;
  readonly body?: { readonly data?: readonly unknown[] };
  readonly requestId?: string | null;
  readonly location?: string | null;
  /** The browser refused to show the answer. */
  readonly refused?: true;
}

/** Calls the API from a script of a panel. Returns the part of the response that the script sees. */
async function callFrom(panel: string, method: string, path: string, body?: object): Promise<Seen> {
  const page = await browser.newPage();
  try {
    await page.goto(panel);
    const asked = JSON.stringify({
      url: stack.url + path,
      method,
      headers: { authorization: `Bearer ${stack.tokens.superadmin}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    return (await page.evaluate(`(async ({ url, ...init }) => {
      try {
        const answer = await fetch(url, init);
        const of = (name) => answer.headers.get(name);
        return { status: answer.status, body: await answer.json(), requestId: of('x-request-id'), location: of('location') };
      } catch {
        return { refused: true };
      }
    })(${asked})`)) as Seen;
  } finally {
    await page.close();
  }
}

describe.runIf(chromiumPath)(`an admin panel of another origin${withoutBrowser}`, () => {
  test('reads and writes, and sees the exposed headers, if its origin is allowed', async () => {
    const listed = await callFrom(allowed, 'GET', '/chats/all?limit=5');
    expect(listed).toMatchObject({ status: 200, requestId: expect.any(String) });
    expect(listed.body?.data).toHaveLength(5);
    const created = await callFrom(allowed, 'POST', '/chats', { name: 'Из панели' });
    expect(created).toMatchObject({ status: 201, location: expect.stringMatching(/^\/chats\/\d+$/) });
    expect(await callFrom(allowed, 'GET', '/chats/999999')).toMatchObject({ status: 404 });
  });

  test('sees nothing if its origin is not allowed', async () => {
    expect(await callFrom(other, 'GET', '/chats/all?limit=5')).toEqual({ refused: true });
    expect(await callFrom(other, 'POST', '/chats', { name: 'Из чужой панели' })).toEqual({ refused: true });
  });
});
