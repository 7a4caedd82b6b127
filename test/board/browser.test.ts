import axe from 'axe-core';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { signed } from '../receiver/support.ts';
import { queuePlaces } from '../support/backends.ts';
import { taskEvent } from '../support/make.ts';
import { PATIENCE } from '../support/patience.ts';
import { closed } from '../support/world.ts';
import { browserIsThere, openBrowser } from './browser.ts';
import { openScene, type Scene } from './scene.ts';

// What the page does is the same on all backends.
const places = queuePlaces().slice(-1);

const VIEWS = [
  ['light, on a desktop', { colorScheme: 'light', viewport: { width: 1280, height: 900 } }],
  ['dark, on a desktop', { colorScheme: 'dark', viewport: { width: 1280, height: 900 } }],
  ['light, on a phone', { colorScheme: 'light', viewport: { width: 390, height: 844 } }],
] as const;

describe.skipIf(!browserIsThere()).each(places)('the board in a browser, on $name', (place) => {
  let scene: Scene;
  let browser: Browser;
  const pages: Page[] = [];
  const complaints: string[] = [];

  beforeAll(async () => {
    [scene, browser] = await Promise.all([openScene(place), openBrowser()]);
  });
  afterAll(async () => {
    await browser?.close();
    await scene?.world.close();
  });
  afterEach(async () => {
    for (const page of pages.splice(0)) await page.close();
    // Errors and breaches of the Content-Security-Policy are told on the console.
    expect(complaints.splice(0)).toEqual([]);
  });

  async function open(options: Parameters<Browser['newPage']>[0] = {}, path = ''): Promise<Page> {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, ...options });
    pages.push(page);
    page.setDefaultTimeout(PATIENCE);
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(`${scene.world.service.url}/${path}`);
    await page.getByText('live', { exact: true }).waitFor();
    return page;
  }

  const section = (page: Page, name: string) => page.getByRole('region', { name: new RegExp(`^${name}`) });
  const row = (page: Page, reference: string): Locator =>
    page.getByRole('article').filter({ has: page.getByRole('link', { name: reference, exact: true }) });

  it('shows what waits, what closes soon, what is held back and what was closed, in words', async () => {
    const page = await open();
    const { incidents } = scene;
    await section(page, 'Waiting for follow-ups').getByText('Waits for acme/api#13.').waitFor();
    await section(page, 'Closing soon').getByText('All 2 follow-ups are done; it settles until').waitFor();
    await section(page, 'Held').getByText('The restore drill on Thursday').waitFor();
    await section(page, 'Moved back')
      .getByText('no further follow-up is known to have been done since')
      .waitFor();
    await section(page, 'Backlog').getByText('It was ready before incident-closer came').waitFor();
    await section(page, 'Cannot be closed').getByText('has an open debrief').waitFor();
    await section(page, 'Closed').getByText('Closed on acme/api#81, acme/api#82.').waitFor();
    await row(page, incidents.waiting.reference).getByText('2 of 3 done').waitFor();
    expect(await page.getByRole('link', { name: '2 waiting' }).getAttribute('href')).toBe('#waiting');
  });

  it('shows what came in and what it woke, and first what did not get in, with how to have it sent again', async () => {
    const { url } = scene.world.service;
    const wrong = signed(undefined, 'wrong');
    await fetch(`${url}/webhooks/github`, {
      method: 'POST',
      headers: { ...wrong.headers, 'x-github-hook-id': '4711' },
      body: new Uint8Array(wrong.body),
    });
    const page = await open();
    const rows = section(page, 'Deliveries').getByRole('listitem');
    await rows.getByText('It is not signed with GITHUB_WEBHOOK_SECRET.').waitFor();
    const first = await rows.first().innerText();
    expect(first).toContain('GitHub: refused');
    expect(first).toContain('webhook 4711');
    expect(first).toContain('choose Redeliver');
    await rows.getByText(`done by a person. Woke ${scene.incidents.waiting.reference}.`).first().waitFor();
    await page.getByText('was refused').first().waitFor();
    expect(await breaches(page)).toEqual([]);
  });

  it.each(VIEWS)('has nothing that keeps people out: %s', async (_, options) => {
    const page = await open(options);
    await row(page, scene.incidents.waiting.reference)
      .getByText('Follow-ups', { exact: false })
      .first()
      .click();
    await page.getByText('Retry the payment call').waitFor();
    expect(await breaches(page)).toEqual([]);
    await row(page, scene.incidents.waiting.reference).getByRole('button', { name: 'Hold' }).click();
    expect(await breaches(page)).toEqual([]);
  });

  it("tells every time in the reader's zone, and names the zone", async () => {
    const page = await open({ locale: 'en-GB', timezoneId: 'Asia/Kolkata' });
    const zoned = /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d GMT\+5:30/;
    await section(page, 'Closing soon')
      .getByText(new RegExp(`settles until ${zoned.source}`))
      .waitFor();
    expect(await page.getByRole('time').first().getAttribute('title')).toMatch(zoned);
    expect(await page.getByText('UTC').count()).toBe(0);
  });

  it('says what was not read yet, and of when it is what is old, in place of zeros and of nothing', async () => {
    const page = await open({ timezoneId: 'UTC' });
    const answer = async (change: (board: Record<string, unknown>) => object) => {
      await page.unroute('**/api/board*');
      await page.route('**/api/board*', async (route) => {
        const board: unknown = await (await route.fetch()).json();
        if (typeof board !== 'object' || board === null) throw new Error('that is no board');
        await route.fulfill({ json: change({ ...board }) });
      });
    };
    const none = { rows: [] };
    const names = ['soon', 'waiting', 'held', 'moved-back', 'backlog', 'refused', 'left'];
    const groups = Object.fromEntries(names.map((name) => [name, none]));
    await answer((board) => ({ ...board, groups }));
    await section(page, 'Waiting for follow-ups').getByText('Not read yet').waitFor();
    await page.getByText('waiting: not read yet').waitFor();
    expect(await page.getByText('No open incident waits').count()).toBe(0);
    await answer((board) => ({
      ...board,
      old: { at: Date.parse('2026-03-01T12:00:00Z'), words: 'Redis is down' },
    }));
    await page.getByText('Redis is down. What is shown is of 2026-03-01 12:00:00 UTC.').waitFor();
    await row(page, scene.incidents.waiting.reference).getByText('2 of 3 done').waitFor();
  });

  it('is dark where people like it dark', async () => {
    const ground = async (colorScheme: 'light' | 'dark') =>
      (await open({ colorScheme })).evaluate('getComputedStyle(document.body).backgroundColor');
    expect(await ground('light')).toBe('rgb(246, 246, 243)');
    expect(await ground('dark')).toBe('rgb(18, 19, 22)');
  });

  it('fits a phone: nothing has to be scrolled sideways', async () => {
    for (const width of [320, 390, 768]) {
      const page = await open({ viewport: { width, height: 800 } });
      expect(await page.evaluate('document.documentElement.scrollWidth'), `${width}`).toBe(width);
    }
  });

  it('shows what anybody wrote as text, and links to nothing but web pages', async () => {
    const { incidentIo } = scene.world;
    const hostile = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
    const { id, reference } = incidentIo.createIncident({ name: hostile });
    incidentIo.createFollowUp({
      incident: id,
      title: `"><b>bold</b> ${hostile}`,
      reference: { provider: 'github', name: 'acme/x#1', permalink: 'javascript:document.title=3' },
    });
    await scene.world.store.meta.put('last-sweep', 0);
    const page = await open();
    const mine = page.getByRole('article').filter({ hasText: reference });
    await mine.getByText(hostile).waitFor();
    await mine.getByText('Follow-ups', { exact: false }).first().click();
    await mine.getByText('"><b>bold</b>').waitFor();
    expect(await mine.locator('img, script, b').count()).toBe(0);
    expect(await mine.locator('a[href^="javascript"]').count()).toBe(0);
    expect(await page.title()).toBe('incident-closer');
  });

  it('is used by keyboard alone: an incident is held with a reason, and released again', async () => {
    const page = await open();
    const incident = await scene.world.incident(['acme/keys#95']);
    const { reference } = incident;
    const hold = row(page, reference).getByRole('button', { name: `Hold ${reference}` });
    await hold.waitFor();
    await tabTo(page, `Hold ${reference}`);
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: `Hold ${reference}?` });
    await dialog.waitFor();
    await page.keyboard.type('the audit is not over');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await section(page, 'Held').getByText('the audit is not over').waitFor();
    await page.getByRole('status').getByText(`${reference} is held.`).waitFor();

    await tabTo(page, `Release ${reference}`);
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: `Release ${reference}?` }).waitFor();
    await page.keyboard.press('Escape');
    await section(page, 'Held').getByText('the audit is not over').waitFor();
    // Escape gives the focus back to where it was.
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: `Release ${reference}?` }).waitFor();
    await page.keyboard.press('Enter');
    await section(page, 'Waiting for follow-ups').getByText(reference, { exact: true }).waitFor();
    expect(await scene.world.store.holds.get(incident.id)).toBeUndefined();
  });

  it('shows what happens without being reloaded, and keeps what is unfolded and the focus', async () => {
    const { world } = scene;
    const page = await open();
    const incident = await world.incident(['acme/live#96', 'acme/live#97']);
    const mine = row(page, incident.reference);
    await mine.getByText('0 of 2 done').waitFor();
    await mine.locator('summary').focus();
    await page.keyboard.press('Enter');
    await mine.getByRole('listitem').filter({ hasText: 'Fix acme/live#96' }).waitFor();
    await page.evaluate('globalThis.mark = 1');

    await world.github({ issue: 'acme/live#96', action: 'closed' });
    await mine.getByText('1 of 2 done').waitFor();
    await mine.getByText('Waits for acme/live#97.').waitFor();
    await mine.getByText('its task has been done since').waitFor();
    expect(await page.evaluate('document.activeElement.tagName')).toBe('SUMMARY');
    expect(await page.evaluate('globalThis.mark')).toBe(1);
  });

  it('releases what was moved back, which then is closed and listed with its evidence', async () => {
    const { movedBack } = scene.incidents;
    const page = await open();
    await section(page, 'Moved back')
      .getByRole('button', { name: `Release ${movedBack.reference}` })
      .click();
    await page.getByRole('button', { name: 'Release it' }).click();
    await section(page, 'Closing soon').getByText(movedBack.reference, { exact: true }).waitFor();
    await scene.world.restart({ SETTLE_TIME: '0s' });
    await scene.world.context().backend.waker.wake([movedBack.id], 'a test');
    await closed(scene.world, movedBack);
    const later = await open();
    const mine = section(later, 'Closed').getByRole('article').filter({ hasText: movedBack.reference });
    // The closing before it was moved back, and the one after.
    await expect.poll(() => mine.count()).toBe(2);
    const first = mine.first();
    await first.getByText('Evidence', { exact: false }).first().click();
    await first.getByText('Warm up the second sender').waitFor();
    await first.getByText(/delivery [\da-f-]{36}/).waitFor();
    complaints.splice(0);
  });

  it('has a failed job tried again at the press of a button', async () => {
    const event = taskEvent({ task: 'github:github.com/acme/api#700' });
    Object.assign(event, { state: 'melted' });
    await scene.world.context().backend.intake.add({ tasks: [event], incidents: [], hints: [] });
    const page = await open();
    const failed = section(page, 'Failed');
    await failed.getByText('github:github.com/acme/api#700').waitFor();
    const before = await failed.locator('.mono').textContent();
    await failed.getByRole('button', { name: /^Retry/ }).click();
    await page.getByRole('status').getByText('It is tried again.').waitFor();
    // It is of no use still, and fails again as another job.
    await expect.poll(() => failed.locator('.mono').textContent()).not.toBe(before);
  });

  it('says so when the service does not answer, and goes on when it does', async () => {
    const page = await open();
    await page.route('**/api/board**', (route) => route.abort());
    await page.getByRole('alert').getByText('The service does not answer.').waitFor();
    await page.getByText('not connected').waitFor();
    await page.unroute('**/api/board**');
    await page.getByText('live', { exact: true }).waitFor();
    await expect.poll(() => page.getByRole('alert').count()).toBe(0);
    complaints.splice(0);
  });

  it('is found by its reference, however far down the list it is', async () => {
    const page = await open();
    const { reference } = scene.incidents.untold;
    await page.getByRole('searchbox').fill(reference.toLowerCase());
    await page.keyboard.press('Enter');
    await section(page, `Found: ${reference}`).getByText('Add a dashboard for shard heat').waitFor();
    await page.getByRole('button', { name: 'Close what was found' }).click();
    await section(page, `Found: ${reference}`).waitFor({ state: 'detached' });
  });

  it('shows an incident on a page of its own, with its story, and acts there by keyboard alone', async () => {
    const incident = await scene.world.incident(['acme/page#1', 'acme/page#2'], {
      name: 'A page of its own',
      visibility: 'private',
    });
    const { reference } = incident;
    await scene.world.github({ issue: 'acme/page#1', action: 'closed' });
    const board = await open();
    await row(board, reference).getByRole('link', { name: 'A page of its own' }).click();
    await board.waitForURL(`**/incidents/${reference}`);
    for (const options of VIEWS.map(([, view]) => view)) {
      const page = await open(options, `incidents/${reference}`);
      const about = page.getByRole('region', { name: reference });
      await about.getByText('Waits for acme/page#2.').waitFor();
      await about.getByRole('img', { name: 'private' }).waitFor();
      const followUps = page.getByRole('region', { name: 'Follow-ups' });
      await followUps.getByText('the tracker’s state counts').waitFor();
      await page
        .getByRole('region', { name: 'What happened' })
        .getByText('acme/page#1 is done')
        .first()
        .waitFor();
      expect(await breaches(page)).toEqual([]);
      const { width = 0 } = options.viewport;
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
    }

    const page = await open({}, `incidents/${reference}`);
    await tabTo(page, `Hold ${reference}`);
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: `Hold ${reference}?` }).waitFor();
    await page.keyboard.type('the audit');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    const story = page.getByRole('region', { name: 'What happened' });
    await story.getByText('held it: the audit').waitFor();
    await tabTo(page, `Review now: ${reference}`);
    await page.keyboard.press('Enter');
    await page.getByRole('status').getByText(`${reference} is reviewed now.`).waitFor();
    expect(complaints.splice(0)).toEqual([]);
    await page.getByRole('searchbox').fill('INC-999');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('INC-999 is not known here').waitFor();
    await page.getByRole('link', { name: 'All incidents' }).click();
    await section(page, 'Held').getByText('the audit').waitFor();
    // The browser itself tells of the answer 404.
    complaints.splice(0);
  });

  const picture = process.env.BOARD_SCREENSHOT;
  it.runIf(picture)('is pictured for the README', async () => {
    const page = await open({ viewport: { width: 1200, height: 1240 } });
    await page.screenshot({ path: picture ?? '' });
  });
});

/** Moves the focus on until it is at what has that label. */
async function tabTo(page: Page, label: string): Promise<void> {
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

/** What axe (https://github.com/dequelabs/axe-core) finds against WCAG 2.2 AA and good practice. */
async function breaches(page: Page): Promise<unknown[]> {
  await page.evaluate(axe.source);
  const found = violations.parse(await page.evaluate('axe.run()'));
  return found.violations.flatMap(({ id, nodes }) => nodes.map((node) => ({ id, ...node })));
}
