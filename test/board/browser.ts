import { existsSync } from 'node:fs';
import axe from 'axe-core';
import { type Browser, chromium, type Locator, type Page } from 'playwright-core';
import { z } from 'zod';
import { PATIENCE } from '../support/patience.ts';

// Debian's packages of these names. The first draws no windows, and costs half of the other's time.
const BROWSERS = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'];
const CHROMIUM =
  process.env.CHROMIUM ?? BROWSERS.find((path) => existsSync(path)) ?? BROWSERS.join(' and no ');

export const hasBrowser = existsSync(CHROMIUM);

/** Chromium. With CI=true it has to be there; elsewhere tests are skipped without it, and say so. */
export function browserIsThere(): boolean {
  if (!hasBrowser && process.env.CI === 'true')
    throw new Error(`There is no ${CHROMIUM}: install the package chromium-headless-shell, or set CHROMIUM.`);
  if (!hasBrowser) console.warn(`The board is not tried in a browser: there is no ${CHROMIUM}.`);
  return hasBrowser;
}

export function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM,
    timeout: PATIENCE,
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
  });
}

/** Moves the focus on until it is at what has that label. */
export async function tabTo(page: Page, label: string): Promise<void> {
  for (let steps = 0; steps < 200; steps++) {
    await page.keyboard.press('Tab');
    if ((await page.evaluate('document.activeElement?.getAttribute("aria-label")')) === label) return;
  }
  throw new Error(`The focus did not come to “${label}”.`);
}

const violations = z.object({
  violations: z.array(
    z.object({ id: z.string(), nodes: z.array(z.object({ html: z.string(), failureSummary: z.string() })) }),
  ),
});

/** What axe (https://github.com/dequelabs/axe-core) finds against WCAG 2.2 AA and good practice, in all but `except`. */
export async function breaches(page: Page, except = 'no-such-element'): Promise<unknown[]> {
  await page.evaluate(axe.source);
  const found = violations.parse(
    await page.evaluate(`axe.run({ exclude: ['${except}'] }, { resultTypes: ['violations'] })`),
  );
  return found.violations.flatMap(({ id, nodes }) => nodes.map((node) => ({ id, ...node })));
}

export const VIEWS = [
  ['light, on a desktop', { colorScheme: 'light', viewport: { width: 1280, height: 900 } }],
  ['dark, on a desktop', { colorScheme: 'dark', viewport: { width: 1280, height: 900 } }],
  ['light, on a phone', { colorScheme: 'light', viewport: { width: 390, height: 844 } }],
] as const;

/** A page whose errors and breaches of the Content-Security-Policy, which are told on the console, go to `complaints`. */
export async function openPage(
  browser: Browser,
  address: string,
  complaints: string[],
  options: Parameters<Browser['newPage']>[0] = {},
): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, ...options });
  page.setDefaultTimeout(PATIENCE);
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(address);
  await page.getByText('live', { exact: true }).waitFor();
  return page;
}

export const section = (page: Page, name: string): Locator =>
  page.getByRole('region', { name: new RegExp(`^${name}`) });

/** The line or row of an incident. */
export const row = (page: Page, reference: string): Locator =>
  page.getByRole('article').filter({ has: page.getByRole('link', { name: reference, exact: true }) });
