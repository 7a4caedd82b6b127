import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Line, proxyTo } from '../queue/proxy.ts';
import { onePlace } from '../support/backends.ts';
import { PATIENCE } from '../support/patience.ts';
import { openWorld, type TestWorld } from '../support/world.ts';
import { breaches, browserIsThere, openBrowser, openPage, row } from './browser.ts';

describe.skipIf(!browserIsThere()).each(onePlace('redis'))(
  'the open board while incident.io is down, on $name',
  (place) => {
    let world: TestWorld;
    let browser: Browser;
    /** Between the service and incident.io. */
    let line: Line;
    const complaints: string[] = [];
    const pages: Page[] = [];

    beforeAll(async () => {
      [world, browser] = await Promise.all([openWorld(place), openBrowser()]);
      line = await proxyTo('127.0.0.1', Number(new URL(world.incidentIo.url).port));
      await world.restart({ INCIDENT_IO_API_URL: `http://127.0.0.1:${line.port}` });
    });
    afterAll(async () => {
      await browser?.close();
      line?.mend();
      await world?.close();
      await line?.close();
    });
    afterEach(async () => {
      for (const page of pages.splice(0)) await page.close();
      expect(complaints.splice(0)).toEqual([]);
    });
    async function open(path: string): Promise<Page> {
      const page = await openPage(browser, `${world.service.url}/${path}`, complaints, { timezoneId: 'UTC' });
      // It is told once it has lasted for a minute.
      page.setDefaultTimeout(3 * PATIENCE);
      pages.push(page);
      await page.evaluate('globalThis.mark = 1');
      return page;
    }

    it('says so on every page, since when and what becomes of what is due, and that it is over by itself', {
      timeout: 8 * PATIENCE,
    }, async () => {
      const incident = await world.incident(['acme/down#1', 'acme/down#2']);
      const { reference } = incident;
      const list = await open('?project=acme%2Fdown&sort=age');
      const own = await open(`incidents/${reference}`);
      const deliveries = await open('?view=deliveries');
      const all = [list, own, deliveries];
      const focused = `Hold ${reference}`;
      for (const page of [list, own]) await page.getByRole('button', { name: focused }).focus();

      // Connections are ended and new ones refused, and somebody finishes the work meanwhile.
      const gone = Date.now();
      line.cut();
      await world.github({ issue: 'acme/down#1', action: 'closed' });
      await world.github({ issue: 'acme/down#2', action: 'closed' });
      await row(list, reference)
        .getByText(/Its review failed: .*it is tried again at/)
        .waitFor();
      for (const page of all) {
        const words = await trouble(page, /\(last to [^)]*: no answer\)/);
        const [, since = ''] = /has given no usable answer since (\S+ \S+) UTC/.exec(words) ?? [];
        expect(Date.parse(`${since.replace(' ', 'T')}Z`)).toBeGreaterThanOrEqual(gone - 1_000);
        expect(words).toContain('Nothing is lost, and what is due is done once it answers.');
        // The store answers: what is shown is what is known now.
        await page.getByText('live', { exact: true }).waitFor();
        expect(await breaches(page)).toEqual([]);
      }

      // It is reached again, and answers nothing of use.
      world.incidentIo.misbehave({ fault: { kind: 'status', status: 500 }, times: 1_000_000 });
      line.mend();
      for (const page of all) await trouble(page, /\(last to [^)]*: 500\)/);
      for (const page of [list, own]) {
        const at = 'document.activeElement.getAttribute("aria-label")';
        expect(await page.evaluate(at)).toBe(focused);
      }
      await deliveries.getByRole('link', { name: 'Health' }).click();
      await deliveries.getByText('incident.io has given no usable answer').last().waitFor();
      expect(await breaches(deliveries)).toEqual([]);

      world.incidentIo.behave();
      const category = () => world.incidentIo.incident(incident.id).status.category;
      await expect.poll(category, { timeout: 3 * PATIENCE }).toBe('closed');
      // Whoever asks for a sync has each route answered once more.
      await world.incident(['acme/down#3']);
      for (const page of all) {
        await expect.poll(() => page.getByRole('alert').count(), { timeout: 3 * PATIENCE }).toBe(0);
        expect(await page.evaluate('globalThis.mark')).toBe(1);
      }
      await own.getByText('Closed by incident-closer.').first().waitFor();
      await expect.poll(() => row(list, reference).count()).toBe(0);
      expect(new URL(list.url()).search).toBe('?project=acme%2Fdown&sort=age');
    });
  },
);

/** What the page says is wrong, once that fits. */
async function trouble(page: Page, fits: RegExp): Promise<string> {
  const alert = page.getByRole('alert');
  await alert.getByText(fits).waitFor();
  const words = (await alert.textContent()) ?? '';
  expect(words).toMatch(/^Sync with incident\.io: incident\.io has given no usable answer since /);
  expect(words).not.toMatch(/ECONN|ENOTFOUND|socket|undefined|Error/i);
  return words;
}
