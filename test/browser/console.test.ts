import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { makeScratch } from '../../localstack/scratch.ts';
import { type LocalStack, startLocalStack } from '../../localstack/stack.ts';
import type { components } from '../e2e/api.d.ts';
import { axeFindings, misfits, tabTo } from './accessibility.ts';
import { chromiumPath, goTo, launch, openConsole, openPage, type View, withoutBrowser } from './browser.ts';
import { makePast } from './demo.ts';

const CHATS = 260;

let stack: LocalStack;
let dataDir: string;
let browser: Browser;
const views: View[] = [];

beforeAll(async () => {
  if (!chromiumPath) return;
  dataDir = await makeScratch('browser');
  const env = {
    MAX_API_URL: '',
    REDIS_URL: '',
    AWS_ENDPOINT_URL: '',
    MAX_API_RPS: '300',
    CONSOLE_CLIENT_ID: 'console',
  };
  stack = await startLocalStack({
    ...{ dataDir, port: 0, env: { ...process.env, ...env } },
    simulator: { chats: CHATS, drift: 0, seed: 7, rps: 300, latencyMs: 5 },
  });
  browser = await launch();
});
afterAll(async () => {
  await browser?.close();
  await stack?.stop();
  if (dataDir) await rm(dataDir, { recursive: true, force: true });
});

const see = async (
  ...given: Parameters<typeof openConsole> extends [unknown, unknown, ...infer Rest] ? Rest : never
) => {
  const view = await openConsole(browser, stack, ...given);
  views.push(view);
  return view;
};

/** Makes MAX say another count of a chat. */
async function setCount(maxChatId: string, count: number): Promise<void> {
  const answer = await fetch(`${stack.simulator?.controlUrl}/chats/${maxChatId}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ count }),
  });
  expect(answer.status).toBe(200);
}
const turn = (switches: object) =>
  fetch(`${stack.simulator?.controlUrl}/switches`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(switches),
  });

interface SomeChat {
  readonly id: number;
  readonly name: string;
  readonly max_chat_id: string;
  readonly status: string;
}

async function api(path: string, token = stack.tokens.superadmin) {
  const answer = await fetch(stack.url + path, { headers: { authorization: `Bearer ${token}` } });
  return (await answer.json()) as { data: SomeChat[]; total: number; paths: object };
}

const universities = async () => {
  const { universities } = (await api('/stats')) as unknown as components['schemas']['Stats'];
  return universities ?? [];
};

/** Reloads the page; the plan that it gets then is another one. */
async function changePlan(page: Page, change: Partial<components['schemas']['Plan']>): Promise<void> {
  const plan = await api('/admin/participants/plan');
  await page.route('**/admin/participants/plan', (route) => route.fulfill({ json: { ...plan, ...change } }));
  await page.reload();
}

/** A group whose count can be set. */
async function someGroup(): Promise<SomeChat> {
  const { data } = await api('/chats/all?limit=100');
  for (const chat of data) {
    const answer = await fetch(`${stack.simulator?.controlUrl}/chats/${chat.max_chat_id}`);
    const truth = (await answer.json()) as { type: string; bot: string };
    if (truth.type === 'chat' && truth.bot === 'reader' && chat.status === 'active') return chat;
  }
  throw new Error('there is no such chat');
}

describe.skipIf(!chromiumPath)(`the console${withoutBrowser}`, () => {
  test('opens signed in by the link, and takes the token out of the address', async () => {
    const { page } = await see();
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    expect(page.url()).not.toContain('token');
    await page.getByText('260', { exact: true }).first().waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
  });

  test('asks who has no token to sign in, and says what is wrong with what was pasted', async () => {
    const view = await openPage(browser, stack.url);
    views.push(view);
    const { page } = view;
    await page.goto(`${stack.url}/console`);
    await page.getByLabel('Access token').fill('secret');
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByRole('alert').getByText('not a token').waitFor();
    await page.getByLabel('Access token').fill(stack.tokens.curator);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByText('University 1').first().waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Access token').waitFor();
    expect(await page.evaluate('sessionStorage.length')).toBe(0);
  });

  test('asks to sign in again when the service refuses the token', async () => {
    const view = await openPage(browser, stack.url);
    views.push(view);
    const { page } = view;
    const [head, payload] = stack.tokens.superadmin.split('.');
    await page.goto(`${stack.url}/console#token=${head}.${payload}.AAAA`);
    await page.getByText('does not accept this token').waitFor();
  });

  test('lists the chats of the role, page by page as one scrolls, with few of them in the page', async () => {
    const { page } = await see({ at: '/chats' });
    await page.getByText(`${CHATS} chats`).waitFor();
    const end = page.locator(`tbody tr[data-index="${CHATS - 1}"]`);
    for (let i = 0; i < 100 && (await end.count()) === 0; i += 1) {
      await page.mouse.wheel(0, 3_000);
      await page.waitForTimeout(150);
    }
    await page.getByText('End of the list').waitFor();
    expect(await page.locator('tbody tr[data-index]').count()).toBeLessThan(60);
    expect(await page.locator(`tbody tr[data-index="${CHATS - 1}"]`).count()).toBe(1);

    const curator = await see({ at: '/chats', role: 'curator' });
    const { total } = await api('/chats/all?limit=1', stack.tokens.curator);
    await curator.page.getByText(`${total} chats`).waitFor();
    expect(total).toBeLessThan(CHATS);
  });

  test('searches as one types, and says so where nothing matches', async () => {
    const { page } = await see({ at: '/chats' });
    const rows = page.locator('tbody tr[data-index]');
    await rows.first().waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('общежит');
    await rows.first().getByText('Общежитие').first().waitFor();
    for (const name of await rows.locator('a.name').allTextContents()) expect(name.toLowerCase()).toContain('общежит');
    expect(decodeURIComponent(page.url())).toContain('search=общежит');
    await page.keyboard.type(' йцукен');
    await page.getByText('No chat matches').waitFor();
  });

  test('narrows the list by filters that say how many chats they have', async () => {
    const { page } = await see({ at: '/chats' });
    const university = page.getByRole('combobox', { name: 'All universities' });
    const option = university.locator('option', { hasText: 'University 2' });
    const chats = Number(/\((\d+)\)/.exec((await option.textContent()) ?? '')?.[1]);
    await university.selectOption('2');
    await page.getByText(`${chats} chats`).waitFor();
    expect(page.url()).toContain('university_id=2');
    const department = page.getByRole('combobox', { name: 'All departments' });
    await department.selectOption({ index: 1 });
    const chosen = await department.inputValue();
    await page.locator('tbody tr[data-index]').first().getByText(chosen).waitFor();
    await department.selectOption('');
    // Another one can be chosen at once.
    await university.selectOption('1');
    const { total } = await api('/chats/all?limit=1&university_id=1');
    await page.getByText(`${total} chats`).waitFor();
  });

  test('refreshes a chat from the list, and shows its history', async () => {
    const chat = await someGroup();
    await setCount(chat.max_chat_id, 40);
    const { page } = await see({ at: `/chats/${chat.id}` });
    await page.getByRole('heading', { name: chat.name }).waitFor();
    const refresh = page.getByRole('button', { name: 'Refresh' });
    await refresh.click();
    await page.locator('.big .figure', { hasText: /^40$/ }).waitFor();
    await setCount(chat.max_chat_id, 57);
    await refresh.click();
    await page.locator('.big .figure', { hasText: /^57$/ }).waitFor();
    await page.locator('.big .change', { hasText: '+17' }).waitFor();
    await page.getByText('The same as a table').click();
    const row = page.locator('table.plain tbody tr').first();
    await row.getByText('57').last().waitFor();
    expect(await row.locator('td').allTextContents()).toEqual([expect.any(String), expect.any(String), '57', '57']);
    const chart = page.getByRole('slider', { name: 'How the count changed' });
    await chart.focus();
    await page.keyboard.press('End');
    expect(await chart.getAttribute('aria-valuetext')).toMatch(/: 57$/);

    await setCount(chat.max_chat_id, 61);
    await page.getByRole('link', { name: 'All chats' }).click();
    await page.locator('tbody tr', { hasText: chat.name }).first().getByRole('button').click();
    await page.locator('tbody tr', { hasText: chat.name }).first().locator('.figure', { hasText: /^61$/ }).waitFor();
  });

  test('says why a count cannot be read, keeps the last one, and names the request', async () => {
    const chat = await someGroup();
    const { page } = await see({ at: `/chats/${chat.id}` });
    await page.getByRole('button', { name: 'Refresh' }).click();
    await page.locator('.hero').getByText('just now').first().waitFor();
    const before = await page.locator('.big .figure').textContent();
    await turn({ reject_token: true });
    await page.waitForTimeout(1_200);
    await page.getByRole('button', { name: 'Refresh' }).click();
    const alert = page.getByRole('alert');
    await alert.getByText('MAX refuses the bot’s token').waitFor();
    expect(await alert.locator('code').textContent()).toMatch(/\S/);
    expect(await page.locator('.big .figure').textContent()).toBe(before);
    await turn({ reject_token: false });
  });

  test('changes a chat for who may, and marks the field that is wrong', async () => {
    const chat = await someGroup();
    const { page } = await see({ at: `/chats/${chat.id}` });
    await page.getByRole('button', { name: 'Edit' }).click();
    await page.getByLabel('Link', { exact: true }).fill('nonsense');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('must be a URL').waitFor();
    await page.getByLabel('Link', { exact: true }).fill('https://max.ru/join/changed');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('https://max.ru/join/changed').waitFor();

    const operator = await see({ at: `/chats/${chat.id}`, role: 'operator' });
    await operator.page.locator('h1, .failure').first().waitFor();
    expect(await operator.page.getByRole('button', { name: 'Edit' }).count()).toBe(0);
  });

  test('keeps what it shows while the service does not answer', async () => {
    const { page, context } = await see({ at: '/chats' });
    await page.locator('tbody tr[data-index]').first().waitFor();
    await context.setOffline(true);
    await page.getByText('No connection').waitFor();
    await page.getByRole('combobox', { name: 'Sort by' }).selectOption('name:asc');
    await page.getByText('The service does not answer').waitFor();
    expect(await page.locator('tbody tr[data-index]').count()).toBeGreaterThan(0);
    await context.setOffline(false);
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('The service does not answer').waitFor({ state: 'detached' });
  });

  test.each([
    [429, 'Too many requests at once'],
    [500, 'The service cannot do this now'],
  ])('explains an answer of %i', async (status, words) => {
    const { page } = await see();
    await page.route('**/chats/all**', (route) => route.fulfill({ status, json: { message: 'x' } }));
    await goTo(page, '/chats');
    await page.getByText(words).waitFor();
  });

  test('exports what is searched as a file', async () => {
    const { page } = await see({ at: '/chats?search=общежит' });
    await page.locator('tbody tr[data-index]').first().waitFor();
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Export' }).click(),
    ]);
    const text = readFileSync(await file.path(), 'utf8');
    const [header = '', ...lines] = text.trim().split('\r\n');
    expect(header).toMatch(/^\uFEFF?id;name;url;max_chat_id/);
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(line.toLowerCase()).toContain('общежит');
  });

  test('starts a full update, and follows it to its end', async () => {
    const { page } = await see({ at: '/update' });
    await page.getByRole('button', { name: 'Start a full update' }).click();
    await page.getByRole('heading', { name: /Planning|Running|Finished/ }).waitFor();
    await page.getByRole('heading', { name: 'Finished' }).waitFor({ timeout: 45_000 });
    await page.getByText(`${CHATS} of ${CHATS} chats`).waitFor();
    await page.getByRole('button', { name: 'Start a full update' }).click();
    await page.getByRole('heading', { name: /Planning|Running/ }).waitFor();
    // Another browser shows the first run too.
    const other = await see({ at: '/update' });
    const row = other.page.getByRole('region', { name: 'Earlier runs' }).locator('tbody tr').first();
    await row.getByText('Finished').waitFor();
    expect(await row.locator('td').nth(2).textContent()).toBe(String(CHATS));
  });

  test('compares a sample with MAX and lists what differs', async () => {
    const chat = await someGroup();
    const { page } = await see({ at: `/chats/${chat.id}` });
    // The count that is shown may already be recent: the answer of this refresh tells that it is over.
    await Promise.all([
      page.waitForResponse((answer) => answer.url().includes('/refresh-participants')),
      page.getByRole('button', { name: 'Refresh' }).click(),
    ]);
    await page.locator('.hero').getByText('just now').first().waitFor();
    const shown = Number(await page.locator('.big .figure').textContent());
    await setCount(chat.max_chat_id, shown + 7);
    await goTo(page, '/quality');
    await page.getByRole('combobox', { name: 'Chats to compare' }).selectOption('500');
    await page.getByRole('button', { name: 'Compare' }).click();
    const row = page.locator('table.plain tbody tr', { hasText: chat.name });
    await row.getByText('+7').waitFor();
    expect(await row.locator('td').nth(1).textContent()).toBe(String(shown + 7));
  });

  test('shows the plan, and what another quota would give', async () => {
    await stack.runSchedule('schedulePlanStale');
    const { page } = await see({ at: '/plan' });
    await page.getByText('What another quota would give').waitFor();
    const slider = page.getByRole('slider', { name: 'Requests a second that MAX allows' });
    await slider.focus();
    await page.getByText('30 a second', { exact: true }).waitFor();
    await page.keyboard.press('ArrowRight');
    await page.getByText('45 a second', { exact: true }).waitFor();
    await page.getByText(/of the counts shown would be correct/).waitFor();
  });

  test('says when figures will be there, as long as there is nothing to show', async () => {
    const { page } = await see();
    const nothing = { measured_freshness: null, expected_freshness: null, requests_per_hour: null };
    await changePlan(page, nothing);
    const figure = (name: string) => page.locator('.figure-box', { hasText: name });
    await figure('Participants').getByText('Appears after the first night').waitFor();
    await figure('Counts that are correct').getByText('Appears within the first hours').waitFor();
    await figure('Requests to MAX an hour').getByText('Appears a few minutes after the start').waitFor();
    await page.getByText('The course appears after the first nights').waitFor();
  });

  test('shows since when events arrive, and that somebody is needed if they do not', async () => {
    const { page } = await see();
    const events = page.locator('.services li', { hasText: 'Events of MAX' });
    await events.getByText(/arrive since|not subscribed yet/).waitFor();
    const since = new Date(Date.now() - 3 * 3_600_000).toISOString();
    await changePlan(page, { subscription: { state: 'lost', since } });
    await events.getByText('do not arrive since').waitFor();
    await page.getByText('The subscription to MAX’s events was lost 3 hours ago').waitFor();
  });

  test('shows the sums of the roll-up, and those of a university', async () => {
    await stack.runSchedule('scheduleRollUp');
    await makePast(stack, [], 7);
    const { page } = await see();
    await page.getByRole('heading', { name: 'By university' }).waitFor();
    const [most] = (await universities()).toSorted((a, b) => b.participants - a.participants);
    const row = page.getByRole('row', { name: `University ${most?.university_id}` });
    const [before, now] = [most?.course[0], most?.course.at(-1)].map((n) => n?.toLocaleString('en-GB'));
    await row.getByRole('img', { name: `It was ${before} and is ${now}` }).waitFor();
    const share = Math.round((most?.fresher_than_hour ?? 0) * 1_000) / 10;
    await row.getByText(`${share}%`, { exact: true }).waitFor();
    await page.locator('.figure-box', { hasText: 'Fresher than an hour' }).getByText('%').waitFor();
    await page.getByRole('button', { name: 'University 2' }).click();
    await page.getByRole('heading', { name: 'Participants: University 2' }).waitFor();
    await page.getByRole('button', { name: 'All universities' }).click();
    await page.getByRole('heading', { name: 'Participants over 90 days' }).waitFor();
  });

  test('has no pages that the role may not see', async () => {
    const { page } = await see({ role: 'operator' });
    const links = await page.getByRole('navigation', { name: 'Pages' }).getByRole('link').allTextContents();
    expect(links).toEqual(['Overview', 'Chats', 'Quality', 'API']);
    await goTo(page, '/plan');
    await page.getByText('There is no such page').waitFor();
  });

  test('signs in at the issuer with PKCE, and goes on where it was', async () => {
    const view = await openPage(browser, stack.url);
    const { page } = view;
    const issuer = String(stack.env.AUTH_ISSUER);
    let challenge = '';
    const cors = { 'access-control-allow-origin': '*', 'access-control-allow-headers': '*' };
    await page.route(`${issuer}/**`, async (route) => {
      const url = new URL(route.request().url());
      if (url.pathname.endsWith('/openid-configuration')) {
        const json = { issuer, authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token` };
        return route.fulfill({ json, headers: cors });
      }
      if (url.pathname === '/authorize') {
        challenge = url.searchParams.get('code_challenge') ?? '';
        expect(url.searchParams.get('client_id')).toBe('console');
        const back = new URL(url.searchParams.get('redirect_uri') ?? '');
        back.searchParams.set('code', 'a-code');
        back.searchParams.set('state', url.searchParams.get('state') ?? '');
        const body = `<meta http-equiv="refresh" content="0; url=${back.href.replaceAll('&', '&amp;')}">`;
        return route.fulfill({ contentType: 'text/html', body });
      }
      const form = new URLSearchParams(route.request().postData() ?? '');
      const verifier = form.get('code_verifier') ?? '';
      expect(form.get('code')).toBe('a-code');
      expect(createHash('sha256').update(verifier).digest('base64url')).toBe(challenge);
      return route.fulfill({ json: { access_token: stack.tokens.curator, token_type: 'Bearer' }, headers: cors });
    });
    await page.goto(`${stack.url}/console#/chats`);
    await page.getByRole('button', { name: 'Sign in with your organisation’s account' }).click();
    await page.getByRole('heading', { name: 'Chats' }).waitFor();
    expect(page.url()).toBe(`${stack.url}/console#/chats`);
    await page.getByText('University 1').first().waitFor();
    expect(view.complaints).toEqual([]);
  });

  test('can be used by keyboard alone', async () => {
    await makePast(stack, [], 7);
    const view = await openPage(browser, stack.url);
    views.push(view);
    const { page } = view;
    await page.goto(`${stack.url}/console`);
    const button = (name: string | RegExp) => page.getByRole('button', { name });
    await tabTo(page, page.getByLabel('Access token'));
    await page.keyboard.insertText(stack.tokens.superadmin);
    await tabTo(page, page.getByRole('button', { name: 'Sign in', exact: true }));
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    await page.locator('body').focus();

    await tabTo(page, button('Skip to the content'));
    await tabTo(page, page.getByRole('link', { name: 'Chats', exact: true }));
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Chats' }).waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('группа');
    const rows = page.locator('tbody tr[data-index]');
    // One of them may have the word even before the search.
    for (const row of [0, 1]) await rows.nth(row).getByText('Группа').first().waitFor();
    await tabTo(page, page.getByRole('combobox', { name: 'All universities' }));
    await tabTo(page, rows.first().locator('a.name'));
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Space');
    await page.getByText('1 selected').first().waitFor();
    const [second] = await rows.nth(1).locator('a.name').allTextContents();
    const refreshed = page.waitForResponse((answer) => answer.url().includes('/refresh-participants'));
    await page.keyboard.press('r');
    await refreshed;
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: second ?? '' }).waitFor();
    await tabTo(page, button('Refresh'));
    await page.keyboard.press('Enter');
    await page.locator('.hero').getByText('just now').first().waitFor();
    await tabTo(page, button('Edit'));
    await page.keyboard.press('Enter');
    await page.getByLabel('Name', { exact: true }).waitFor();
    await tabTo(page, button('Cancel'));
    await page.keyboard.press('Enter');

    await goTo(page, '/update');
    await tabTo(page, button('Start a full update'));
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: /Planning|Running|Finished/ }).waitFor();
    await goTo(page, '/quality');
    await tabTo(page, button('Compare'));
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Chats that differ' }).waitFor();
    await goTo(page, '/');
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    await tabTo(page, page.getByRole('slider').first());
    await page.keyboard.press('Home');
    await page.locator('.chart-value').waitFor();
    await tabTo(page, button('University 1'));
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Participants: University 1' }).waitFor();
    await tabTo(page, button('Sign out'), 'Shift+Tab');
    await page.keyboard.press('Enter');
    await page.getByLabel('Access token').waitFor();
  }, 120_000);

  describe.each(['ru', 'en'] as const)('in %s', (language) => {
    test.each(['light', 'dark'] as const)(
      'has no serious finding of axe-core, and fits, in the %s theme',
      async (theme) => {
        const chat = await someGroup();
        for (const width of [360, 1_440]) {
          const { page } = await see({ language, theme, width });
          for (const at of ['/', '/chats', `/chats/${chat.id}`, '/update', '/quality', '/plan', '/nowhere']) {
            await goTo(page, at);
            await page.locator('h1').waitFor();
            await page.waitForTimeout(600);
            expect([at, width, await axeFindings(page)]).toEqual([at, width, []]);
            expect([at, width, await misfits(page)]).toEqual([at, width, []]);
          }
        }
      },
    );

    test.each(['light', 'dark'] as const)('can be signed in to by everybody, in the %s theme', async (theme) => {
      for (const width of [360, 1_440]) {
        const view = await openPage(browser, stack.url, { language, theme, width });
        views.push(view);
        const { page } = view;
        await page.goto(`${stack.url}/console`);
        await page.locator('textarea').fill('secret');
        await page.locator('form button').click();
        await page.getByRole('alert').waitFor();
        expect([width, await axeFindings(page), await misfits(page)]).toEqual([width, [], []]);
      }
    });
  });

  describe('while', () => {
    test('MAX is down, shows the counts that it has, and says why they cannot be refreshed', async () => {
      const chat = await someGroup();
      await turn({ errors: { '503': 1 } });
      const { page } = await see({ at: `/chats/${chat.id}` });
      await page.getByRole('button', { name: 'Refresh' }).click();
      await page.getByRole('alert').getByText('The count could not be read from MAX').waitFor();
      await page.locator('.big .figure').waitFor();
      await turn({ errors: { '503': 0 } });
    });

    test('Redis is down, lists the chats from the database, and says so', async () => {
      await stack.redis.kill();
      const { page } = await see({ at: '/chats' });
      const rows = page.locator('tbody tr[data-index]');
      await rows.getByText('from the database').first().waitFor();
      await rows
        .first()
        .getByRole('button', { name: /^Refresh/ })
        .click();
      await rows.first().getByText('The count could not be read from MAX').waitFor();
      await rows.first().locator('a.name').click();
      await page.getByRole('button', { name: 'Refresh' }).click();
      await page.getByText('Redis does not answer, so single chats cannot be refreshed now.').waitFor();
      await goTo(page, '/');
      await page.locator('.attention').getByText('Redis does not answer').waitFor();
      const redis = page.locator('.services li', { hasText: 'Redis' });
      await redis.getByText('does not answer').waitFor();
      await stack.redis.start();
      // Functions try Redis again after 10 s.
      const works = async () => {
        await page.reload();
        await redis.getByText('works').waitFor({ timeout: 2_000 });
      };
      await vi.waitFor(works, { timeout: 40_000 });
    });
  });
});

describe.skipIf(!chromiumPath)(`/docs${withoutBrowser}`, () => {
  test('shows every route of the contract', async () => {
    const view = await openPage(browser, stack.url);
    views.push(view);
    await view.page.goto(`${stack.url}/docs`);
    await view.page.getByText('/chats/{id}/refresh-participants').first().waitFor();
    const { paths } = await api('/openapi.json');
    const text = await view.page.locator('#api').innerText();
    for (const path of Object.keys(paths)) expect(text.replaceAll('\u200b', '')).toContain(path);
  });

  test.each(['light', 'dark'] as const)(
    'has no serious finding of axe-core, and fits, in the %s theme',
    async (theme) => {
      for (const width of [360, 1_440]) {
        const view = await openPage(browser, stack.url, { theme, width });
        views.push(view);
        const { page } = view;
        await page.goto(`${stack.url}/docs`);
        await page.locator('.opblock-summary-control').first().click();
        await page.locator('.opblock-body').first().waitFor();
        expect([width, await axeFindings(page)]).toEqual([width, []]);
        const tooWide = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
        expect([width, tooWide]).toEqual([width, 0]);
      }
    },
  );
});

test.skipIf(!chromiumPath)('nothing was blocked, nothing failed, and nothing was loaded from elsewhere', () => {
  expect(views.length).toBeGreaterThan(0);
  expect(views.flatMap(({ complaints }) => complaints)).toEqual([]);
  expect(views.flatMap(({ strangers }) => strangers)).toEqual([]);
});
