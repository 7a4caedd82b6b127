import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type MemoryWorld, openMemoryWorld } from '../support/memory-world.ts';
import { PATIENCE } from '../support/patience.ts';
import { browserIsThere, openBrowser } from './browser.ts';
import { type ServedBoard, servedBoard } from './served.ts';

describe.skipIf(!browserIsThere())('behind a proxy that logs people in, the page', () => {
  let world: MemoryWorld;
  let served: ServedBoard;
  let browser: Browser;
  let incident: Awaited<ReturnType<MemoryWorld['incident']>>;
  beforeAll(async () => {
    [world, browser] = await Promise.all([openMemoryWorld(), openBrowser()]);
    served = await servedBoard(
      {
        AUTH_PROXY_HEADER: 'X-Forwarded-Email',
        TRUSTED_PROXIES: '127.0.0.1',
        OPERATORS: 'ada@example.com',
        VIEWERS: '*',
      },
      () => world.context,
    );
    await world.sync();
    incident = await world.incident(['acme/api#1']);
    await world.swept();
    await world.reviewed();
  });
  afterAll(async () => {
    await browser?.close();
    await served?.close();
    await world?.close();
  });

  /** What somebody sees whom the proxy has logged in. */
  async function seenBy(login: string, path: string): Promise<Page> {
    const page = await browser.newPage({ extraHTTPHeaders: { 'X-Forwarded-Email': login } });
    page.setDefaultTimeout(PATIENCE);
    await page.goto(`${served.url}${path}`);
    await page.getByText('live', { exact: true }).waitFor();
    await page.getByText(incident.reference, { exact: true }).first().waitFor();
    return page;
  }
  const buttons = /^(Hold|Release|Review now|Retry)/;

  it.each(['/', '/incidents/'])('says who looks, and offers viewers nothing to press: %s', async (path) => {
    const address = path === '/' ? path : `${path}${incident.reference}`;
    const viewer = await seenBy('vera@example.com', address);
    await viewer.getByText('vera@example.com (looking only)').waitFor();
    expect(await viewer.getByRole('button', { name: buttons }).count()).toBe(0);
    expect(await viewer.getByRole('button', { name: 'Log out' }).count()).toBe(0);
    const operator = await seenBy('ada@example.com', address);
    await operator.getByText('ada@example.com', { exact: true }).waitFor();
    expect(await operator.getByRole('button', { name: buttons }).count()).toBeGreaterThan(0);
  });

  it('lets an operator hold, by name', async () => {
    const page = await seenBy('ada@example.com', '/');
    await page.getByRole('button', { name: `Hold ${incident.reference}` }).click();
    await page.getByLabel('Why?', { exact: false }).fill('the audit');
    await page.getByRole('button', { name: 'Hold it' }).click();
    await page
      .getByText(`ada@example.com (board, from 127.0.0.1) held ${incident.reference}: the audit`)
      .waitFor();
    expect(await world.store.holds.get(incident.id)).toMatchObject({ by: { name: 'ada@example.com' } });
  });
});
