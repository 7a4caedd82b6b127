import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type PrivateRedis, privateRedis, redisProgram } from '../queue/private-redis.ts';
import { type Line, proxyTo } from '../queue/proxy.ts';
import { freshFolder } from '../support/backends.ts';
import { PATIENCE } from '../support/patience.ts';
import { followUpFor, lookAgain } from '../support/world.ts';
import { breaches, browserIsThere, openBrowser, openPage, row, section } from './browser.ts';
import { openScene, type Scene } from './scene.ts';

const program = redisProgram();

describe.skipIf(!browserIsThere() || program === undefined)('the open board through an outage', () => {
  let redis: PrivateRedis;
  let scene: Scene;
  let browser: Browser;
  /** Between browser and service. */
  let line: Line;
  const pages: Page[] = [];
  const complaints: string[] = [];
  /** What a test that fails in the middle leaves to be done. */
  let restore: (() => Promise<void>) | undefined;

  beforeAll(async () => {
    redis = await privateRedis(program ?? '', freshFolder('redis-'));
    await redis.start();
    const place = { name: 'redis', url: redis.url, prefix: 'outage' } as const;
    [scene, browser] = await Promise.all([openScene(place), openBrowser()]);
    line = await proxyTo('127.0.0.1', Number(new URL(scene.world.service.url).port));
  });
  afterAll(async () => {
    await browser?.close();
    await line?.close();
    await scene?.world.close();
    await redis?.kill();
  });
  afterEach(async () => {
    line.mend();
    await restore?.();
    restore = undefined;
    for (const page of pages.splice(0)) await page.close();
    // The browser itself tells of requests that fail. Nothing else may go wrong.
    expect(complaints.splice(0).filter((words) => !/^Failed to load resource: /.test(words))).toEqual([]);
  });

  const address = (path: string) => `http://127.0.0.1:${line.port}/${path}`;
  async function open(path: string): Promise<Page> {
    const page = await openPage(browser, address(path), complaints, {
      viewport: { width: 1280, height: 500 },
      timezoneId: 'UTC',
    });
    pages.push(page);
    await page.evaluate('globalThis.mark = 1');
    return page;
  }
  /** One that is opened while something is down. */
  async function openDown(path: string): Promise<Page> {
    const page = await browser.newPage({ timezoneId: 'UTC' });
    page.setDefaultTimeout(PATIENCE);
    pages.push(page);
    await page.goto(address(path));
    return page;
  }

  /** Somebody reads: what is shown in each view, in their order, with what they opened, folded and look at. */
  async function readers() {
    const { waiting, held, closed } = scene.incidents;
    const list = await open('?sort=age');
    const mine = row(list, waiting.reference);
    await mine.waitFor();
    await section(list, 'Closed').getByText('Evidence').last().click();
    await section(list, 'Closed').getByText('Make the delivery log idempotent').waitFor();
    const fold = list.getByRole('button', { name: /^Held/ });
    if ((await fold.getAttribute('aria-expanded')) === 'true') await fold.click();
    await expect.poll(() => row(list, held.reference).count()).toBe(0);
    await mine.getByRole('button').focus();
    await list.evaluate('scrollTo(0, 160)');
    const search = await open('?q=acme%2Fapi&project=acme%2Fapi');
    await row(search, waiting.reference).waitFor();
    await section(search, 'Not open').getByText(closed.reference).waitFor();
    await row(search, waiting.reference).getByRole('link', { name: 'Checkout was down' }).focus();
    const incident = await open(`incidents/${waiting.reference}`);
    await incident.getByText('Show a banner while checkout is down').waitFor();
    const deliveries = await open('?view=deliveries');
    await deliveries.getByText(`Woke ${waiting.reference}.`).first().waitFor();
    return { list, search, incident, deliveries };
  }

  const placesOf = async (all: Page[]) => Promise.all(all.map(placeOf));

  it.each([
    { what: 'is killed', away: () => redis.kill(), back: () => redis.start() },
    {
      what: 'hangs',
      away: async () => redis.signal('SIGSTOP'),
      back: async () => redis.signal('SIGCONT'),
    },
  ])(
    'says since when nothing is known while Redis $what, leaves everybody where they were, and goes on by itself',
    async ({ what, away, back }) => {
      const opened = Date.now();
      const { list, search, incident, deliveries } = await readers();
      const all = [list, search, incident, deliveries];
      const typing = await open('');
      const before = await placesOf(all);
      restore = back;
      await away();
      const gone = Date.now();
      for (const page of all) {
        await page.getByText('old', { exact: true }).waitFor();
        const { words, at } = await told(page);
        expect(words).toMatch(
          new RegExp(
            `^Redis at 127\\.0\\.0\\.1:${redis.port} does not answer(: it refuses connections)?\\. `,
          ),
        );
        // What a look shows that was under way may be a moment younger.
        expect(at).toBeGreaterThanOrEqual(opened - 1_000);
        expect(at).toBeLessThanOrEqual(gone + 1_000);
        expect(await breaches(page)).toEqual([]);
      }
      expect(await placesOf(all)).toEqual(before);

      await row(list, scene.incidents.waiting.reference).getByText('2 of 3 done').waitFor();
      await incident.getByText('Waits for acme/api#13.').first().waitFor();
      await typing.getByRole('searchbox').fill('acme/push');
      await typing.keyboard.press('Enter');
      await typing.getByText('“acme/push” cannot be looked for now.').waitFor();
      expect(await breaches(typing)).toEqual([]);
      // Who comes now sees what the service last saw, and in place of what it never read why that is missing.
      const late = await openDown('');
      await row(late, scene.incidents.waiting.reference).getByText('2 of 3 done').waitFor();
      expect((await told(late)).at).toBeLessThanOrEqual(gone + 1_000);
      await late.getByRole('link', { name: 'Charts' }).click();
      await late.getByText('Nothing could be read yet. It is tried again every few seconds.').waitFor();
      expect(await breaches(late)).toEqual([]);
      const { held } = scene.incidents;
      const page = await openDown(`incidents/${held.reference}`);
      await page.getByText(`Nothing of ${held.reference} could be read yet.`).waitFor();
      expect(await breaches(page)).toEqual([]);
      if (what === 'is killed') {
        await page.goto(address(''));
        await row(page, held.reference).getByRole('button', { name: 'Release' }).click();
        await page.getByRole('button', { name: 'Release it' }).click();
        const answer = page.getByRole('status').getByText('Whether this was done is not known. Redis at');
        await answer.waitFor();
      }

      restore = undefined;
      await back();
      for (const page of pages) {
        await page.getByText('live', { exact: true }).waitFor();
        await expect.poll(() => page.getByRole('alert').count()).toBe(0);
      }
      expect(await placesOf(all)).toEqual(before);
      await row(typing, scene.incidents.soon.reference).waitFor();
      const { world } = scene;
      const [task = '', other = ''] = [1, 2].map((n) => `acme/after#${(gone % 100_000) + n}`);
      const made = world.incidentIo.createIncident({ name: 'Once all is well again' });
      for (const issue of [task, other]) followUpFor(world.incidentIo, made.id, issue);
      // A sync that was under way when Redis went is over, and the next one reads them.
      await expect
        .poll(async () => {
          await lookAgain(world);
          return (await world.store.followUpsOf.get(made.id))?.length;
        })
        .toBe(2);
      await row(list, made.reference).getByText('0 of 2 done').waitFor();
      await world.github({ issue: task, action: 'closed' });
      await row(list, made.reference).getByText('1 of 2 done').waitFor();
      await deliveries.getByText(`Woke ${made.reference}.`).first().waitFor();
      expect(await placesOf([incident])).toEqual([before[2]]);
    },
  );

  it('says since when the service has not answered, and goes on with the one that was started in its place', async () => {
    const { list, search, incident, deliveries } = await readers();
    const all = [list, search, incident, deliveries];
    const before = await placesOf(all);
    line.cut();
    const gone = Date.now();
    for (const page of all) {
      await page.getByText('not connected', { exact: true }).waitFor();
      const { words, at } = await told(page);
      expect(words).toMatch(/^The service does not answer\. /);
      expect(at).toBeLessThanOrEqual(gone + 1_000);
      expect(await breaches(page)).toEqual([]);
    }
    expect(await placesOf(all)).toEqual(before);
    await row(list, scene.incidents.waiting.reference).getByRole('button').click();
    await list.locator('#why').fill('nobody is there to take this');
    await list.keyboard.press('Tab');
    await list.keyboard.press('Tab');
    await list.keyboard.press('Enter');
    await list.getByRole('status').getByText('Whether it took this is not known.').waitFor();
    await scene.world.restart({ PORT: new URL(scene.world.service.url).port });
    line.mend();
    for (const page of all) {
      await page.getByText('live', { exact: true }).waitFor();
      await expect.poll(() => page.getByRole('alert').count()).toBe(0);
    }
    expect(await placesOf(all)).toEqual(before);
    expect(await scene.world.store.holds.get(scene.incidents.waiting.id)).toBeUndefined();
  });

  it('waits for no answer for ever: where the line hangs it says so, and asks anew', async () => {
    const page = await open('');
    await row(page, scene.incidents.waiting.reference).waitFor();
    line.freeze();
    await page.getByText('not connected', { exact: true }).waitFor();
    expect((await told(page)).words).toMatch(/^The service does not answer\. /);
    await page.getByText('live', { exact: true }).waitFor();
    expect(await page.evaluate('globalThis.mark')).toBe(1);
  });
});

/** Where somebody is on a page, which nothing that happens behind it may change. */
async function placeOf(page: Page): Promise<unknown> {
  return page.evaluate(`(() => {
    const { activeElement: at } = document;
    return {
      mark: globalThis.mark,
      address: location.href,
      focus: at.getAttribute('aria-label') ?? at.textContent.slice(0, 40),
      // At the very top a note makes room for itself; whoever has scrolled sees nothing move.
      top: scrollY === 0 ? 'top' : Math.round(at.getBoundingClientRect().top / 8),
      folded: [...document.querySelectorAll('.fold[aria-expanded="false"]')].map(({ id }) => id),
      opened: [...document.querySelectorAll('details[open]')].map(({ textContent }) => textContent.slice(0, 60)),
      rows: [...document.querySelectorAll('article')].map((one) => one.getAttribute('aria-label')).filter(Boolean),
    };
  })()`);
}

/** What the page says is wrong, and of when it says that it is. */
async function told(page: Page): Promise<{ words: string; at: number }> {
  const words = (await page.getByRole('alert').textContent()) ?? '';
  const [, time = ''] = / What is shown is of (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC\.$/.exec(words) ?? [];
  expect(words).not.toMatch(/\bE[A-Z]{4,}|Error|undefined|Failed to fetch|timeout/);
  return { words, at: Date.parse(`${time.replace(' ', 'T')}Z`) };
}
