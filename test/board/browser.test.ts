import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { sweepNow } from '../../src/operations/sweep.ts';
import { signed } from '../receiver/support.ts';
import { queuePlaces } from '../support/backends.ts';
import { taskEvent } from '../support/make.ts';
import { closed } from '../support/world.ts';
import { backtestFile } from './backtest-file.ts';
import { breaches, browserIsThere, openBrowser, openPage, row, section, tabTo, VIEWS } from './browser.ts';
import { takePicture } from './picture.ts';
import { openScene, type Scene } from './scene.ts';

// What the page does is the same on all backends.
const places = queuePlaces().slice(-1);

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
    const page = await openPage(browser, `${scene.world.service.url}/${path}`, complaints, options);
    pages.push(page);
    return page;
  }

  async function sendUnsigned(): Promise<void> {
    const { headers, body } = signed(undefined, 'wrong');
    await fetch(`${scene.world.service.url}/webhooks/github`, {
      method: 'POST',
      headers: { ...headers, 'x-github-hook-id': '4711' },
      body: new Uint8Array(body),
    });
  }

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
    await page.getByRole('link', { name: '2 need a look' }).click();
    await expect.poll(() => page.getByRole('article').count()).toBe(2);
    expect(new URL(page.url()).search).toBe('?in=look');
  });

  it('shows what came in and what it woke, and first what did not get in, with how to have it sent again', async () => {
    await sendUnsigned();
    const page = await open({}, '?view=deliveries');
    const rows = section(page, 'Deliveries').getByRole('listitem');
    await rows.getByText('It is not signed with GITHUB_WEBHOOK_SECRET.').waitFor();
    const first = await rows.first().textContent();
    expect(first).toContain('GitHub: refused');
    expect(first).toContain('webhook 4711');
    expect(first).toContain('choose Redeliver');
    await rows.getByText(`done by a person. Woke ${scene.incidents.waiting.reference}.`).first().waitFor();
    expect(await breaches(page)).toEqual([]);
    await page.getByRole('link', { name: 'Health' }).click();
    await page.getByText('was refused').first().waitFor();
    await page.getByText('queue empty').waitFor();
    expect(await breaches(page)).toEqual([]);
  });

  it.each(VIEWS)('has nothing that keeps people out: %s', async (_, options) => {
    const page = await open(options);
    await row(page, scene.incidents.waiting.reference).waitFor();
    expect(await breaches(page)).toEqual([]);
    await row(page, scene.incidents.waiting.reference).getByRole('button', { name: 'Hold' }).click();
    expect(await breaches(page)).toEqual([]);
  });

  const folder = process.env.BOARD_SCREENSHOTS;
  it.runIf(folder)('is pictured for the docs, with a story and with deliveries', async () => {
    await sendUnsigned();
    for (const [name, path] of [
      ['board-incident', `incidents/${scene.incidents.movedBack.reference}`],
      ['board-deliveries', '?view=deliveries'],
    ] as const) {
      const page = await open({}, path);
      await takePicture(page, join(folder ?? '', `${name}.png`));
    }
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
    const answer = async (path: string, change: (told: object) => object) => {
      await page.route(`**/api/${path}*`, async (route) => {
        const { 'if-none-match': _, ...headers } = route.request().headers();
        const told: unknown = await (await route.fetch({ headers })).json();
        if (typeof told !== 'object' || told === null) throw new Error('that is no object');
        await route.fulfill({ json: change(told) });
      });
    };
    const names = ['soon', 'waiting', 'held', 'moved-back', 'backlog', 'refused', 'left'];
    const groups = Object.fromEntries(names.map((name) => [name, { rows: [] }]));
    await answer('board', (board) => ({ ...board, groups }));
    await answer('list', (list) => ({ ...list, whole: true, rows: [], synced: false }));
    await page.getByText('The first sync with incident.io is under way.').waitFor();
    await page.getByText('waiting: not read yet').waitFor();
    expect(await page.getByText('No open incident waits').count()).toBe(0);
    expect(await breaches(page)).toEqual([]);
    await page.unrouteAll();
    await page.reload();
    await row(page, scene.incidents.waiting.reference).waitFor();
    const old = { at: Date.parse('2026-03-01T12:00:00Z'), words: 'Redis is down' };
    await answer('board', (board) => ({ ...board, old }));
    // An open page knows that it read later; one that comes now does not.
    await page.reload();
    await page.getByText('Redis is down. What is shown is of 2026-03-01 12:00:00 UTC.').waitFor();
    await row(page, scene.incidents.waiting.reference).getByText('2 of 3 done').waitFor();
    expect(await breaches(page)).toEqual([]);
  });

  it('is dark where people like it dark', async () => {
    const ground = async (colorScheme: 'light' | 'dark') =>
      (await open({ colorScheme })).evaluate('getComputedStyle(document.body).backgroundColor');
    expect(await ground('light')).toBe('rgb(246, 246, 243)');
    expect(await ground('dark')).toBe('rgb(18, 19, 22)');
  });

  it('fits a phone: nothing has to be scrolled sideways', async () => {
    const page = await open();
    for (const width of [320, 390, 768])
      for (const view of [
        '',
        '?view=meeting',
        '?view=charts',
        '?view=deliveries',
        '?view=backtest',
        '?view=health',
      ]) {
        await page.setViewportSize({ width, height: 800 });
        await page.goto(`${scene.world.service.url}/${view}`);
        await page.getByText('live', { exact: true }).waitFor();
        expect(await page.evaluate('document.documentElement.scrollWidth'), `${width} ${view}`).toBe(width);
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
    await sweepNow({ backlog: false }, scene.world.context());
    const page = await open();
    const mine = page.getByRole('article').filter({ hasText: reference });
    await mine.getByText(hostile).first().waitFor();
    expect(await mine.locator('img, script, b').count()).toBe(0);
    expect(await page.title()).toBe('incident-closer');
    const own = await open({}, `incidents/${reference}`);
    const followUps = own.getByRole('region', { name: 'Follow-ups' });
    await followUps.getByText('"><b>bold</b>').first().waitFor();
    expect(await followUps.locator('img, script, b').count()).toBe(0);
    expect(await own.locator('a[href^="javascript"]').count()).toBe(0);
    expect(await own.title()).toBe(`${reference} · incident-closer`);
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

  it('shows what happens without being reloaded, and keeps what is folded and the focus', async () => {
    const { world } = scene;
    const page = await open();
    const incident = await world.incident(['acme/live#96', 'acme/live#97']);
    const mine = row(page, incident.reference);
    await mine.getByText('0 of 2 done').waitFor();
    const held = page.getByRole('button', { name: /^Held/ });
    await held.click();
    await expect.poll(() => row(page, scene.incidents.held.reference).count()).toBe(0);
    await mine.getByRole('button', { name: 'Hold' }).focus();
    await page.evaluate('globalThis.mark = 1');

    await world.github({ issue: 'acme/live#96', action: 'closed' });
    await mine.getByText('1 of 2 done').waitFor();
    await mine.getByText('Waits for acme/live#97.').waitFor();
    expect(await page.evaluate('document.activeElement.getAttribute("aria-label")')).toBe(
      `Hold ${incident.reference}`,
    );
    expect(await page.evaluate('globalThis.mark')).toBe(1);
    await page.reload();
    await mine.waitFor();
    expect(await held.getAttribute('aria-expanded')).toBe('false');
    await held.click();
    await row(page, scene.incidents.held.reference).waitFor();
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
    await page.route('**/api/**', (route) => route.abort());
    await page.getByRole('alert').getByText('The service does not answer.').waitFor();
    await page.getByText('not connected').waitFor();
    await page.unrouteAll();
    await page.getByText('live', { exact: true }).waitFor();
    await expect.poll(() => page.getByRole('alert').count()).toBe(0);
    complaints.splice(0);
  });

  it('goes on in the open page after the service was restarted: it shows what is true, and its buttons work', async () => {
    const { world } = scene;
    const page = await open();
    const incident = await world.incident(['acme/back#91', 'acme/back#92']);
    const mine = row(page, incident.reference);
    await mine.getByText('0 of 2 done').waitFor();
    await page.evaluate('globalThis.mark = 1');
    await world.restart({ PORT: new URL(world.service.url).port });
    await world.github({ issue: 'acme/back#91', action: 'closed' });
    await mine.getByText('1 of 2 done').waitFor();
    await page.getByText('live', { exact: true }).waitFor();
    await mine.getByRole('button', { name: `Hold ${incident.reference}` }).click();
    await page.locator('#why').fill('somebody looks into it');
    await page.getByRole('button', { name: 'Hold it' }).click();
    await section(page, 'Held').getByText(incident.reference, { exact: true }).waitFor();
    expect(await page.evaluate('globalThis.mark')).toBe(1);
    await world.restart({ PORT: '0' });
    complaints.splice(0);
  });

  it('finds open incidents and closed ones, by number, task and link, and says the truth about each', async () => {
    const page = await open();
    const { untold, closed: gone } = scene.incidents;
    const look = async (what: string) => {
      await page.getByRole('searchbox').fill(what);
      await page.keyboard.press('Enter');
    };
    await look(untold.reference.toLowerCase());
    await expect.poll(() => page.getByRole('article').count()).toBe(1);
    await row(page, untold.reference).waitFor();
    expect(new URL(page.url()).searchParams.get('q')).toBe(untold.reference.toLowerCase());
    await look('https://github.com/acme/api/issues/82');
    const others = section(page, 'Not open');
    await others
      .getByRole('article')
      .filter({ hasText: gone.reference })
      .getByText('closed')
      .first()
      .waitFor();
    await page.getByText('What is not open stands below.').waitFor();
    expect(await breaches(page)).toEqual([]);
    await look('nothing of that kind');
    await page.getByText('No open incident fits “nothing of that kind”.').waitFor();
    expect(await page.getByRole('article').count()).toBe(0);
    await page.getByRole('link', { name: 'Clear filters' }).click();
    await row(page, scene.incidents.waiting.reference).waitFor();
    expect(await page.getByRole('searchbox').inputValue()).toBe('');
  });

  it('shows a backtest from its file in figures, charts and lists, and says so where a file is none', async () => {
    const page = await open({}, '?view=backtest');
    const choose = (name: string, buffer: Buffer) =>
      page.getByLabel('The file of a backtest').setInputFiles({ name, mimeType: 'application/json', buffer });
    await choose('list.json', Buffer.from('[]'));
    await page.getByRole('alert').getByText('This file is no backtest').waitFor();
    await choose('backtest.json', backtestFile());
    const figure = (name: string) => page.getByRole('row').filter({ hasText: name }).locator('td');
    await expect.poll(() => figure('would have been closed').textContent()).toBe('2');
    expect(await figure('cannot be known').textContent()).toBe('1');
    await page.getByText('8 incidents, declared from').waitFor();
    const wentOn = section(page, 'People went on with them').getByRole('listitem');
    expect(await wentOn.count()).toBe(1);
    await wentOn.getByRole('link', { name: '<b>moved back</b> to Fixing' }).waitFor();
    await section(page, 'People closed them').getByText('waits for acme/api#3').waitFor();
    await section(page, 'Cannot be known').getByText('from the link of an older issue').waitFor();
    expect(await section(page, 'Closings a week, had it run').locator('canvas').count()).toBe(1);
    await section(page, 'What ever kept incidents open').getByText('As a table').click();
    await page.getByRole('row', { name: 'stale bot 1' }).waitFor();
    expect(await page.getByRole('alert').count()).toBe(0);
    expect(await breaches(page)).toEqual([]);
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
});
