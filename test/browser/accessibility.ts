import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Locator, Page } from 'playwright-core';
import { expect } from 'vitest';

/** Whether everybody can use a page: axe-core, small screens, and the keyboard. */

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Returns the serious and critical findings of axe-core. */
export async function axeFindings(page: Page): Promise<string[]> {
  // The policy of the page forbids scripts that are put into it, so it runs beside it.
  const result = await page.evaluate(`${AXE}; axe.run(document, { resultTypes: ['violations'] })`);
  const { violations } = result as { violations: { id: string; impact: string; nodes: { html: string }[] }[] };
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`);
}

/** Pixels. A finger hits no smaller control safely. */
const MIN_TARGET = 40;

/** Returns what does not fit: a page wider than the screen, controls that are cut off, controls too small for a finger. */
export const misfits = (page: Page): Promise<string[]> =>
  page.evaluate(`(() => {
    const wide = document.documentElement.scrollWidth - innerWidth;
    const found = wide > 0 ? ['the page is ' + wide + ' px wider than the screen'] : [];
    for (const control of document.querySelectorAll('button:not(.skip), select, textarea, summary, nav a, .pick label, input[type=range]')) {
      const { left, right, width, height } = control.getBoundingClientRect();
      const name = control.outerHTML.slice(0, 80);
      if (width === 0 || control.closest('[role=slider]')) continue;
      if (!control.closest('nav, .scroll') && (left < 0 || right > innerWidth + 0.5)) found.push('cut off: ' + name);
      if (height < ${MIN_TARGET} - 0.5) found.push(height + ' px high: ' + name);
    }
    return found;
  })()`);

/** Presses Tab until `target` has the focus, which must be visible. @param key `Shift+Tab` to go back. */
export async function tabTo(page: Page, target: Locator, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<void> {
  await target.waitFor();
  for (let i = 0; i < 80; i += 1) {
    await page.keyboard.press(key);
    if ((await target.and(page.locator(':focus')).count()) === 0) continue;
    const outline =
      'getComputedStyle(document.activeElement).outlineStyle + getComputedStyle(document.activeElement.nextElementSibling ?? document.activeElement).outlineStyle';
    expect(await page.evaluate<string>(outline)).not.toBe('nonenone');
    return;
  }
  throw new Error(`Tab does not reach ${target}`);
}
