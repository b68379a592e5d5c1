import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT_DIR } from '../../localstack/data-dir.ts';
import '../../localstack/lua-as-text.ts';
import { makeScratch } from '../../localstack/scratch.ts';
import { type LocalStack, startLocalStack } from '../../localstack/stack.ts';
import { readOptions, runTool, ToolError } from '../../tools/command-line.ts';
import { chromiumPath, goTo, launch, openConsole, openPage } from './browser.ts';
import { makePast } from './demo.ts';

/** `npm run screenshots`: pictures of the console and of /docs for the documents. */

const HELP = `Usage: npm run screenshots -- [--out FOLDER]

Starts a local stack with simulated chats and a made-up past, and takes pictures of each page: in both themes, 360 and 1,440 pixels wide.

  --out   where to; docs/images unless given
  --help  this text`;

const CHATS = 600;
const PAGES = {
  overview: '/',
  chats: '/chats',
  chat: '',
  update: '/update',
  quality: '/quality',
  plan: '/plan',
} as const;
const LOOKS = [
  { language: 'ru', theme: 'light', width: 1_440 },
  { language: 'en', theme: 'dark', width: 1_440 },
  { language: 'ru', theme: 'dark', width: 360 },
] as const;

await runTool(async () => {
  const { values } = readOptions(HELP, { out: { type: 'string', default: join(ROOT_DIR, 'docs/images') } });
  if (!chromiumPath) throw new ToolError('There is no Chromium: install it, or set CHROMIUM_PATH.');
  const dataDir = await makeScratch('screenshots');
  const env = { MAX_API_URL: '', REDIS_URL: '', AWS_ENDPOINT_URL: '' };
  const stack = await startLocalStack({
    ...{ dataDir, port: 0, env: { ...process.env, ...env } },
    simulator: { chats: CHATS, seed: 7, latencyMs: 5 },
  });
  const browser = await launch();
  try {
    await mkdir(values.out, { recursive: true });
    await stack.runSchedule('scheduleCheckSubscription');
    // Twice, so that the planner knows what is viewed, and how many of the counts were correct.
    for (let round = 0; round < 2; round += 1) {
      await allRead(stack);
      for (let i = 0; i < 40; i += 1) await api(stack, '/chats/all?limit=100');
      await planned(stack);
    }
    const shown = await largest(stack);
    await makePast(stack, [shown], 89);
    for (const looks of LOOKS) {
      const height = looks.width === 360 ? 760 : 860;
      const { page, context } = await openConsole(browser, stack, { ...looks, height });
      for (const [name, at] of Object.entries(PAGES)) {
        await goTo(page, at || `/chats/${shown}`);
        await page.locator('h1').waitFor();
        await page.waitForLoadState('networkidle');
        if (name === 'quality') await page.locator('.buttons .is-primary').click();
        if (name === 'chat') await page.locator('.segments label').nth(3).click();
        if (name === 'quality') await page.getByRole('heading', { level: 2 }).waitFor();
        if (name === 'plan') await page.locator('.columns > div').first().waitFor();
        await page.waitForTimeout(1_000);
        await page.screenshot({
          path: join(values.out, `${name}-${looks.language}-${looks.theme}-${looks.width}.png`),
        });
      }
      await context.close();
    }
    for (const theme of ['light', 'dark'] as const) {
      const { page, context } = await openPage(browser, stack.url, { theme, width: 1_440 });
      await page.goto(`${stack.url}/docs`);
      await page.getByText('/chats/{id}/refresh-participants').first().waitFor();
      await page.screenshot({ path: join(values.out, `docs-${theme}-1440.png`) });
      await context.close();
    }
  } finally {
    await browser.close();
    await stack.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
  return 0;
});

type Stack = Parameters<typeof openConsole>[1];

async function api<T>(stack: Stack, path: string, method = 'GET'): Promise<T> {
  const headers = { authorization: `Bearer ${stack.tokens.superadmin}` };
  return (await (await fetch(stack.url + path, { method, headers })).json()) as T;
}

/** Waits until a full update has read every chat. */
async function allRead(stack: Stack): Promise<void> {
  const { status_url } = await api<{ status_url: string }>(stack, '/admin/participants/full-update', 'POST');
  for (let i = 0; i < 240; i += 1) {
    const { status } = await api<{ status: string }>(stack, status_url);
    if (status === 'finished') return;
    await sleep(500);
  }
  throw new ToolError('The full update did not finish.');
}

/** Waits until a background sync has planned. It skips its turn while messages of the full update are still counted as queued. */
async function planned(stack: LocalStack): Promise<void> {
  const plannedAt = async () =>
    (await api<{ planned_at: string | null }>(stack, '/admin/participants/plan')).planned_at;
  const before = await plannedAt();
  for (let i = 0; i < 30 && (await plannedAt()) === before; i += 1) {
    await sleep(1_000);
    await stack.runSchedule('schedulePlanStale');
  }
}

async function largest(stack: Stack): Promise<number> {
  const query = 'sort_by=participants_count&sort_order=desc&limit=20';
  const { data } = await api<{ data: { id: number; name: string }[] }>(stack, `/chats/all?${query}`);
  const one = data.find(({ name }) => name.length < 40) ?? data[0];
  if (!one) throw new ToolError('There are no chats.');
  return one.id;
}
