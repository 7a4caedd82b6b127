import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { sections } from '../../src/review/sections.ts';
import { PATIENCE } from '../support/patience.ts';
import { breaches, browserIsThere, openBrowser, openPage, row, section } from './browser.ts';
import { type Crowd, openCrowd } from './crowd.ts';

const ALL_VIEWS = [
  ['Incidents', ''],
  ['Ops review', '?view=meeting'],
  ['Charts', '?view=charts'],
  ['Deliveries', '?view=deliveries'],
  ['Backtest', '?view=backtest'],
  ['Health', '?view=health'],
] as const;
const PLACES = [...sections, 'look', 'failed', 'closed', 'actions'];
const VIEWER = 'a token for looking alone';

describe.skipIf(!browserIsThere())('what holds in every view of the board', () => {
  let browser: Browser;
  const crowds: Crowd[] = [];
  const pages: Page[] = [];
  const complaints: string[] = [];
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    for (const crowd of crowds) await crowd.close();
  });
  afterEach(async () => {
    for (const page of pages.splice(0)) await page.close();
    expect(complaints.splice(0)).toEqual([]);
  });

  async function crowdOf(...asked: Parameters<typeof openCrowd>): Promise<Crowd> {
    const crowd = await openCrowd(...asked);
    crowds.push(crowd);
    return crowd;
  }
  async function open(crowd: Crowd, path = '', options: Parameters<Browser['newPage']>[0] = {}) {
    const page = await openPage(browser, `${crowd.url}/${path}`, complaints, options);
    pages.push(page);
    return page;
  }
  const isRead = (page: Page) => page.locator('#loading').waitFor({ state: 'hidden' });
  const go = async (page: Page, view: string) => {
    await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: view }).click();
    await isRead(page);
  };

  it.each([0, 3, 300, 2_000])(
    'nothing keeps people out, with %i incidents, also while the service is away',
    async (count) => {
      const crowd = await crowdOf(count);
      const page = await open(crowd);
      await expect.poll(() => page.locator('.line').count()).toBe(count);
      // Lines are alike, and axe takes minutes for 2,000: all of 300 are looked at, in all views.
      const isCrowd = count > 300;
      const views = ALL_VIEWS.slice(0, isCrowd ? 1 : undefined);
      const found = () => breaches(page, isCrowd ? '.line:nth-child(n + 60)' : undefined);
      for (const [view] of views) {
        await go(page, view);
        expect(await found(), view).toEqual([]);
      }
      await page.route('**/api/**', (route) => route.abort());
      await page.getByText('not connected').waitFor();
      for (const [view] of views) {
        await go(page, view);
        expect(await found(), `${view}, away`).toEqual([]);
      }
      await page.close();
      complaints.splice(0);
    },
    5 * PATIENCE,
  );

  it(
    'each place has its address, which says what is there or that nothing is',
    async () => {
      for (const crowd of [await crowdOf(0), await crowdOf(40)])
        for (const place of PLACES) {
          const page = await open(crowd, `?in=${place}`);
          await isRead(page);
          const shown = page.locator('#sections > section');
          await expect.poll(() => shown.count(), { message: place }).toBe(place === 'look' ? 3 : 1);
          for (const one of await shown.all()) {
            const rows = await one.getByRole('article').count();
            expect(await one.locator('.empty').isVisible(), place).toBe(rows === 0);
          }
          expect(await breaches(page), place).toEqual([]);
          await page.close();
        }
    },
    5 * PATIENCE,
  );

  it('no button and no link is called “Close”: in a program that closes incidents it would be taken for that', async () => {
    const crowd = await crowdOf(40);
    const named = async (page: Page) =>
      (await page.getByRole('button', { name: /\bclose\b/i }).count()) +
      (await page.getByRole('link', { name: /^close\b/i }).count());
    for (const path of [...ALL_VIEWS.map(([, path]) => path), 'incidents/INC-2']) {
      const page = await open(crowd, path);
      await isRead(page);
      expect(await named(page), path).toBe(0);
    }
    const page = await open(crowd);
    await page.getByRole('button', { name: 'Hold INC-2', exact: true }).click();
    expect(await page.getByRole('dialog').getByRole('button').allTextContents()).toEqual([
      'Cancel',
      'Hold it',
    ]);
  });

  it('of a private incident viewers see a lock, and its name nowhere, whatever they look for', async () => {
    const crowd = await crowdOf(40, { logins: { viewerToken: VIEWER } });
    const name = 'Kestrel was seen';
    await crowd.store.incidents.update(
      ['01INCIDENT0000000000000000', '01CLOSED0'],
      (known) =>
        known && { ...known, name, about: { ...known.about, visibility: 'private', customFields: [] } },
    );
    const mine = { extraHTTPHeaders: { authorization: `Bearer ${VIEWER}` } };
    const searches = ['?q=kestrel', '?q=INC-1', '?q=1', '?q=INC-9000', '?q=acme%2Fapi'];
    const places = PLACES.map((place) => `?in=${place}`);
    for (const path of [...ALL_VIEWS.map(([, path]) => path), ...places, ...searches, 'incidents/INC-1']) {
      const page = await open(crowd, path, mine);
      await isRead(page);
      if (path === '' || path === '?q=INC-1')
        await row(page, 'INC-1').getByRole('img', { name: 'private' }).waitFor();
      if (path === '?q=kestrel') await page.getByText('No open incident fits “kestrel”.').waitFor();
      expect((await page.content()).toLowerCase(), path).not.toContain('kestrel was');
      await page.close();
    }
  });

  it('finds what somebody types: a reference, a number, words, the key and the link of a task', async () => {
    const crowd = await crowdOf(300);
    const page = await open(crowd);
    for (const typed of [
      'INC-5',
      'inc-5',
      '5',
      'jira:acme.atlassian.net/OPS-12',
      'OPS-12',
      'https://acme.atlassian.net/browse/OPS-12',
    ]) {
      await page.getByRole('searchbox').fill(typed);
      await page.keyboard.press('Enter');
      await expect.poll(() => new URL(page.url()).searchParams.get('q')).toBe(typed);
      await row(page, 'INC-5').waitFor();
      await expect.poll(() => page.locator('.line').count(), { message: typed }).toBeLessThan(3);
    }
    await page.getByRole('searchbox').fill('backups slowly');
    await page.keyboard.press('Enter');
    const names = page.locator('.line .name');
    await expect
      .poll(async () => new Set(await names.allTextContents()))
      .toEqual(new Set(['Backups answered slowly']));
  });

  it('is all within reach of the keyboard: views, search, filters, sections, lines and their pages', async () => {
    const page = await open(await crowdOf(40));
    await row(page, 'INC-2').waitFor();
    const reached = new Set<string>();
    const focused = `(() => {
      const at = document.activeElement;
      const label = at.id && document.querySelector('label[for="' + at.id + '"]');
      return at.getAttribute('aria-label') ?? (label || at).textContent.trim();
    })()`;
    await page.keyboard.press('Tab');
    for (let n = 0; n < 400; n++) {
      const at = String(await page.evaluate(focused));
      if (reached.has(at) && at === 'Skip to the content') break;
      reached.add(at);
      await page.keyboard.press('Tab');
    }
    const wanted = [
      ...['Skip to the content', 'Incidents', 'Ops review', 'Charts', 'Backtest', 'INC-2', 'Hold INC-2'],
      ...['Find incidents by reference, name, task or link', 'Severity', 'Order', 'Owner of what is open'],
    ];
    expect(wanted.filter((one) => !reached.has(one))).toEqual([]);

    await page.getByRole('link', { name: 'Skip to the content' }).focus();
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('main');
    await page.getByRole('button', { name: /^Waiting/ }).focus();
    await page.keyboard.press('Space');
    await expect.poll(() => row(page, 'INC-2').count()).toBe(0);
    await page.keyboard.press('Space');
    await row(page, 'INC-2').getByRole('link').nth(1).focus();
    await page.keyboard.press('Enter');
    await page.waitForURL('**/incidents/INC-2');
    await page.getByRole('heading', { name: /INC-2/ }).waitFor();
  });

  it('says that it is reading before it knows anything, and shows no zeros', async () => {
    const crowd = await crowdOf(3);
    const page = await browser.newPage();
    pages.push(page);
    let letGo = () => {};
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    await page.route('**/api/**', async (route) => {
      await held;
      await route.continue();
    });
    await page.goto(crowd.url);
    await page.getByText('Reading …').waitFor();
    expect(await page.getByRole('navigation', { name: 'At a glance' }).count()).toBe(0);
    expect(await breaches(page)).toEqual([]);
    letGo();
    await expect.poll(() => page.locator('.line').count()).toBe(3);
    await section(page, 'Waiting').waitFor();
  });
});
