import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { breaches, browserIsThere, openBrowser, openPage, row, section, tabTo, VIEWS } from './browser.ts';
import { type Crowd, openCrowd } from './crowd.ts';
import { takePicture } from './picture.ts';

describe.skipIf(!browserIsThere())('the board in a browser, with few incidents and with many', () => {
  let browser: Browser;
  const crowds = new Map<string, Crowd>();
  const pages: Page[] = [];
  const complaints: string[] = [];
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    for (const crowd of crowds.values()) await crowd.close();
  });
  afterEach(async () => {
    for (const page of pages.splice(0)) await page.close();
    expect(complaints.splice(0)).toEqual([]);
  });

  async function crowdOf(count: number, options: { synced?: boolean } = {}): Promise<Crowd> {
    const name = JSON.stringify([count, options]);
    const crowd = crowds.get(name) ?? (await openCrowd(count, options));
    crowds.set(name, crowd);
    return crowd;
  }
  async function open(
    crowd: Crowd,
    path = '',
    options: Parameters<Browser['newPage']>[0] = {},
  ): Promise<Page> {
    const page = await openPage(browser, `${crowd.url}/${path}`, complaints, options);
    pages.push(page);
    return page;
  }
  const lines = (page: Page) => page.locator('.line');
  const choose = (page: Page, filter: string, value: string) => page.getByLabel(filter).selectOption(value);

  it('says that there is nothing to do, or that nothing was read yet, each in its own way', async () => {
    const none = await open(await crowdOf(0));
    await none.getByText('No open incident has a follow-up: there is nothing to close.').waitFor();
    await none.getByText('Nothing has been closed yet.').waitFor();
    expect(await breaches(none)).toEqual([]);
    const early = await open(await crowdOf(0, { synced: false }));
    await early.getByText('The first sync with incident.io is under way.').waitFor();
    expect(await early.getByText('No open incident').filter({ visible: true }).count()).toBe(0);
  });

  it('shows each section of few', async () => {
    const page = await open(await crowdOf(3));
    await expect.poll(() => lines(page).count()).toBe(3);
    await section(page, 'Held').getByText('The audit on Thursday').waitFor();
  });

  it('has at least 20 of 300 on a screen of 1280 by 900, in one line each, and leads by tiles to all that they count', async () => {
    const page = await open(await crowdOf(300));
    await expect.poll(() => lines(page).count()).toBe(300);
    const seen = await page.evaluate(
      `[...document.querySelectorAll('.line')].filter((line) => line.getBoundingClientRect().bottom <= innerHeight).length`,
    );
    expect(seen).toBeGreaterThanOrEqual(20);
    for (const [tile, path, count] of [
      [/closing soon$/, 'soon', 15],
      [/need a look$/, 'look', 30],
      [/held$/, 'held', 15],
      [/backlog$/, 'backlog', 15],
      [/left alone$/, 'left', 15],
      [/waiting$/, 'waiting', 210],
    ] as const) {
      const link = page.getByRole('navigation', { name: 'At a glance' }).getByRole('link', { name: tile });
      expect(await link.textContent()).toMatch(new RegExp(`^${count} `));
      await link.click();
      await expect.poll(() => lines(page).count(), { message: path }).toBe(count);
      expect(new URL(page.url()).searchParams.get('in')).toBe(path);
    }
    await page.goBack();
    await expect.poll(() => lines(page).count()).toBe(15);
  });

  it('filters and sorts, all of it in the address, which opens the same view elsewhere', async () => {
    const crowd = await crowdOf(300);
    const page = await open(crowd);
    await expect.poll(() => lines(page).count()).toBe(300);
    await choose(page, 'Severity', 'Critical');
    await expect.poll(() => lines(page).count()).toBe(100);
    await choose(page, 'Owner of what is open', 'Grace');
    await choose(page, 'Order', 'age');
    await expect.poll(() => lines(page).count()).toBeLessThan(40);
    const count = await lines(page).count();
    expect(new URL(page.url()).search).toBe('?severity=Critical&owner=Grace&sort=age');
    const ages = async (one: Page) =>
      (await section(one, 'Waiting').locator('.age time').all()).map((time) => time.getAttribute('datetime'));
    const times = await Promise.all(await ages(page));
    expect(times.length).toBeGreaterThan(5);
    expect(times).toEqual([...times].sort());
    const other = await open(crowd, new URL(page.url()).search);
    await expect.poll(() => lines(other).count()).toBe(count);
    await other.getByRole('searchbox').fill('checkout');
    await expect.poll(() => lines(other).count()).toBeLessThan(count);
    await other.getByRole('link', { name: 'Clear filters' }).click();
    await expect.poll(() => lines(other).count()).toBe(300);
  });

  it('marks private incidents by a lock, and shows no backtick', async () => {
    const page = await open(await crowdOf(300));
    await row(page, 'INC-1').getByRole('img', { name: 'private' }).waitFor();
    expect(await row(page, 'INC-2').getByRole('img').count()).toBe(0);
    expect(await page.locator('main').textContent()).not.toContain('`');
  });

  it('brings 2,000 onto the page, and an update of one to it without touching the others', async () => {
    const crowd = await crowdOf(2_000);
    const page = await open(crowd);
    await expect.poll(() => lines(page).count()).toBe(2_000);
    await page.evaluate(`globalThis.first = document.querySelector('#waiting .line:nth-child(9)')`);
    await crowd.reviewed('01INCIDENT0000000000001999', 'waits for OPS-5997 alone');
    await page.getByText('Waits for OPS-5997 alone.').waitFor();
    expect(await page.evaluate('globalThis.first.isConnected')).toBe(true);
    expect(await lines(page).count()).toBe(2_000);
    await page.keyboard.press('End');
    await lines(page).last().scrollIntoViewIfNeeded();
  });

  it('lays out of 2,000 lines what is on the screen and no more, wherever it is scrolled to', async () => {
    const page = await open(await crowdOf(2_000));
    await expect.poll(() => lines(page).count()).toBe(2_000);
    const laidOut = () =>
      page.evaluate(
        `[...document.querySelectorAll('.line .name')].filter((one) => one.checkVisibility({ contentVisibilityAuto: true })).length`,
      );
    await expect.poll(laidOut).toBeLessThan(200);
    await page.mouse.move(640, 450);
    await page.mouse.wheel(0, 20_000);
    await expect.poll(() => page.evaluate('scrollY')).toBeGreaterThan(10_000);
    await expect.poll(laidOut).toBeGreaterThan(20);
    await expect.poll(laidOut).toBeLessThan(200);
    const nodes = Number(await page.evaluate(`document.querySelectorAll('#sections *').length`));
    expect(nodes).toBeLessThan(2_000 * 16);
  });

  it.runIf(process.env.BOARD_FIGURES)('is measured while it scrolls through 2,000 lines', async () => {
    const page = await open(await crowdOf(2_000));
    await expect.poll(() => lines(page).count()).toBe(2_000);
    await page.mouse.move(640, 450);
    await page.evaluate(`(() => {
      globalThis.frames = [];
      globalThis.long = [];
      new PerformanceObserver((list) => long.push(...list.getEntries().map(({ duration }) => duration)))
        .observe({ entryTypes: ['longtask'] });
      let last = performance.now();
      const frame = (now) => {
        frames.push(now - last);
        last = now;
        requestAnimationFrame(frame);
      };
      requestAnimationFrame(frame);
    })()`);
    // Of the page's main thread alone: unlike the frames, it is the same on a busy machine.
    const devtools = await page.context().newCDPSession(page);
    await devtools.send('Performance.enable', { timeDomain: 'threadTicks' });
    const cpu = async () => {
      const { metrics } = await devtools.send('Performance.getMetrics');
      return (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0) * 1_000;
    };
    const before = await cpu();
    const atEnd = () => page.evaluate('scrollY + innerHeight > document.documentElement.scrollHeight - 3');
    while (!(await atEnd())) await page.mouse.wheel(0, 300);
    const busy = (await cpu()) - before;
    const figures = await page.evaluate(`(() => {
      const sorted = frames.slice(2).sort((a, b) => a - b);
      const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))].toFixed(1);
      const cpu = (${busy} / sorted.length).toFixed(1);
      return { frames: sorted.length, median: at(0.5), p95: at(0.95), longest: at(1), cpu, long: long.length };
    })()`);
    console.log('scrolling 2,000 lines, ms:', JSON.stringify(figures));
  });

  it.each(VIEWS)(
    'answers what meetings ask, and draws charts with the same figures as a table: %s',
    async (_, options) => {
      const crowd = await crowdOf(300);
      const page = await open(crowd, '?view=meeting', options);
      const tasks = section(page, 'What one task would close');
      await tasks.getByRole('row').nth(1).waitFor();
      await section(page, 'Oldest open incidents').getByRole('row').nth(1).waitFor();
      expect(await breaches(page)).toEqual([]);
      await page.getByRole('link', { name: 'Charts' }).click();
      const closings = page.getByRole('region', { name: 'Closings a week' });
      await closings.locator('canvas').waitFor();
      await closings.getByText('As a table').click();
      const cells = closings.getByRole('row').last().getByRole('cell');
      expect(Number(await cells.first().textContent())).toBeGreaterThan(0);
      expect(await page.locator('canvas').count()).toBe(5);
      expect(await breaches(page)).toEqual([]);
    },
  );

  it('leads from who owns what blocks to just that, by keyboard alone', async () => {
    const page = await open(await crowdOf(300), '?view=meeting');
    const owners = section(page, 'Most open follow-ups');
    const first = owners.getByRole('row').nth(1);
    await first.getByRole('link', { name: 'Ada' }).or(first.getByRole('link').first()).first().focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => new URL(page.url()).searchParams.get('owner')).not.toBeNull();
    await expect.poll(() => lines(page).count()).toBeGreaterThan(0);
    await tabTo(page, await firstHold(page));
  });

  async function firstHold(page: Page): Promise<string> {
    return (
      (await page
        .getByRole('button', { name: /^Hold INC/ })
        .first()
        .getAttribute('aria-label')) ?? ''
    );
  }

  const folder = process.env.BOARD_SCREENSHOTS;
  it.runIf(folder)('is pictured for the docs', async () => {
    const crowd = await crowdOf(300);
    const [, [, dark], [, phone]] = VIEWS;
    for (const [name, path, options] of [
      ['board', '', {}],
      ['board-dark', '?severity=Critical', dark],
      ['board-phone', '', phone],
      ['board-meeting', '?view=meeting', {}],
      ['board-charts', '?view=charts', {}],
    ] as const) {
      const page = await open(crowd, path, options);
      await takePicture(page, join(folder ?? '', `${name}.png`));
    }
  });
});
