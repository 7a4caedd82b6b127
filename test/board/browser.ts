import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';
import { PATIENCE } from '../support/patience.ts';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

export const hasBrowser = existsSync(CHROMIUM);

/** Debian's Chromium. With CI=true it has to be there; elsewhere tests are skipped without it, and say so. */
export function browserIsThere(): boolean {
  if (!hasBrowser && process.env.CI === 'true')
    throw new Error(`There is no ${CHROMIUM}: install the package chromium, or set CHROMIUM.`);
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
