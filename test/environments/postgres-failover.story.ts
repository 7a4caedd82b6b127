import { describe, expect, it, type TestContext } from 'vitest';
import { sleep } from '../../src/sleep.ts';
import { closed, edits, openProcessWorld, readyz } from '../processes/world.ts';
import { deliverGithub } from '../support/github.ts';
import { hasPostgresServers, keepsStandbys, postgresServer, promote } from './postgres-servers.ts';
import { bears, closesOne, isMissing, nameFor } from './support.ts';

const ISSUE = 'promoted/standby#1';

/** A primary with a standby that has all that it acknowledged, and a name that leads to the primary. */
async function openPair(test: TestContext) {
  const primary = await postgresServer(test);
  const standby = await postgresServer(test, { of: primary });
  await keepsStandbys(primary, 1);
  const name = await nameFor(primary.port, test);
  const place = {
    name: 'postgres' as const,
    url: `postgres://postgres@127.0.0.1:${name.port}/postgres`,
    prefix: 'environments',
  };
  return { primary, standby, name, place };
}

describe.skipIf(isMissing('a server of PostgreSQL with pg_basebackup', hasPostgresServers))(
  'a primary of PostgreSQL whose standby is promoted',
  () => {
    it('under load, with a name that follows: nothing that was taken is lost, and each incident is closed once', async (test) => {
      const { primary, standby, name, place } = await openPair(test);
      const world = await openProcessWorld(place, { MAX_CLOSES_PER_HOUR: '0' }, {}, test);
      const issues = Array.from({ length: 16 }, (_, n) => `promoted/load#${n + 1}`);
      const made = issues.map((issue) => world.incident([issue]));
      const [receiver, worker] = await Promise.all([world.serve('receive'), world.serve('work')]);
      await worker.logged('first sync finished');
      /** As trackers do: again, until it is taken. */
      const deliver = async (issue: string) => {
        for (let tries = 0; tries < 600; tries++) {
          const isTaken = await deliverGithub(receiver.at, { issue, action: 'closed' }).then(
            () => true,
            () => false,
          );
          if (isTaken) return;
          await sleep(100);
        }
        throw new Error(`${issue} was never taken`);
      };
      await Promise.all(issues.slice(0, 4).map(deliver));
      const sent = issues.slice(4, 10).map(deliver);
      await primary.crash();
      await readyz(receiver.at, { status: 503 });
      sent.push(...issues.slice(10).map(deliver));
      await promote(standby);
      name.leadTo(standby.port);
      await Promise.all(sent);
      for (const incident of made) await closed(world, incident);
      for (const incident of made) expect(edits(world, incident)).toBe(1);
      for (const { at } of [receiver, worker]) await readyz(at, { status: 200, body: { problems: [] } });
      await bears(receiver, receiver.at);
      await bears(worker, worker.at);
    });

    it('with a name that still leads to the old one, now a standby itself: it says so, and follows once the name does', async (test) => {
      const { primary, standby, name, place } = await openPair(test);
      const world = await openProcessWorld(place, {}, {}, test);
      const [first, second] = [world.incident([ISSUE]), world.incident([`${ISSUE}0`])];
      const [receiver, worker] = await Promise.all([world.serve('receive'), world.serve('work')]);
      await closesOne(world, first, receiver.github, ISSUE);

      await primary.crash();
      await promote(standby);
      await postgresServer(test, { of: standby, port: primary.port });
      await expect
        .poll(async () => JSON.stringify(await (await fetch(`${receiver.at}/readyz`)).json()))
        .toMatch(/standby, which is read only/);
      // Long enough for all of its connections to be made to the standby.
      await sleep(3_000);
      name.leadTo(standby.port);
      for (const { at } of [receiver, worker]) await readyz(at, { status: 200, body: { problems: [] } });
      await closesOne(world, second, receiver.github, `${ISSUE}0`);
      await bears(receiver, receiver.at);
      await bears(worker, worker.at);
    });
  },
);
