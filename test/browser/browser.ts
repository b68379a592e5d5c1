import { existsSync } from 'node:fs';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import type { Role } from '../../localstack/identity.ts';
import type { LocalStack } from '../../localstack/stack.ts';

/** The pages for people in a real Chromium. */

const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
];

/** The browser of the tests; `undefined` if there is none. `CHROMIUM_PATH` names another. */
export const chromiumPath = process.env.CHROMIUM_PATH || PLACES.find((path) => existsSync(path));

/** Why tests are skipped, for their names. */
export const withoutBrowser = chromiumPath ? '' : ' (SKIPPED: there is no Chromium; install it or set CHROMIUM_PATH)';

export const launch = (): Promise<Browser> =>
  // As root Chromium has no sandbox; it opens only pages of this service.
  chromium.launch({ ...(chromiumPath && { executablePath: chromiumPath }), args: ['--no-sandbox'] });

export interface View {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Errors of the page and of its scripts, and what the Content Security Policy blocked. */
  readonly complaints: string[];
  /** Requests to other places than the service. */
  readonly strangers: string[];
}

export interface Looks {
  readonly language?: 'ru' | 'en';
  readonly theme?: 'light' | 'dark';
  readonly width?: number;
  readonly height?: number;
}

/** An empty page of somebody's browser. */
export async function openPage(browser: Browser, url: string, looks: Looks = {}): Promise<View> {
  const { language = 'en', theme = 'light', width = 1_280, height = 900 } = looks;
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: theme,
    locale: language === 'ru' ? 'ru-RU' : 'en-GB',
    timezoneId: 'Europe/Moscow',
  });
  const page = await context.newPage();
  const view: View = { page, context, complaints: [], strangers: [] };
  page.on('pageerror', (error) => view.complaints.push(error.message));
  page.on('console', (message) => {
    // Answers that are errors are told of by the page itself.
    if (message.type() === 'error' && !/Failed to load resource/.test(message.text()))
      view.complaints.push(message.text());
  });
  page.on('request', (request) => {
    if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(url)) view.strangers.push(request.url());
  });
  return view;
}

/** Opens the console as somebody with that role, by the link that signs in. */
export async function openConsole(
  browser: Browser,
  stack: Pick<LocalStack, 'url' | 'tokens'>,
  { role = 'superadmin', at = '/', ...looks }: Looks & { readonly role?: Role; readonly at?: string } = {},
): Promise<View> {
  const view = await openPage(browser, stack.url, looks);
  await view.page.goto(`${stack.url}/console#token=${stack.tokens[role]}`);
  await view.page.locator('nav').waitFor();
  if (at !== '/') await goTo(view.page, at);
  return view;
}

/** Goes to a page of the console as a link in it would. */
export async function goTo(page: Page, at: string): Promise<void> {
  await page.evaluate(`location.hash = ${JSON.stringify(`#${at}`)}`);
}
