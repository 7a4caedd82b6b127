import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { onePlace } from '../support/backends.ts';
import { fourSecrets, fourTasks, type TrackedTask } from '../support/four-trackers.ts';
import {
  closed,
  edits,
  lookAgain,
  openWorld,
  type TestIncident,
  type TestWorld,
  verdict,
} from '../support/world.ts';

describe.each(onePlace('postgres'))(
  'a follow-up in each of GitHub, Jira, Linear and GitLab, on $name',
  (place) => {
    let world: TestWorld;
    beforeAll(async () => {
      world = await openWorld(place, fourSecrets);
    });
    afterAll(() => world?.close());

    async function incidentOf(tasks: readonly TrackedTask[]): Promise<TestIncident> {
      const { incidentIo, store } = world;
      const { id, reference } = incidentIo.createIncident({ name: 'Everything is down' });
      const followUps = tasks.map(
        ({ reference }) => incidentIo.createFollowUp({ incident: id, title: reference.name, reference }).id,
      );
      await lookAgain(world);
      expect((await store.links.getMany(tasks.map(({ key }) => key))).size).toBe(tasks.length);
      return { id, reference, followUps };
    }
    const tell = async (task: TrackedTask, state: 'done' | 'open', at: number) => {
      const status = async () => (await task.tell(world.service.url, state, at)).status;
      // A receiver whose queue is slow just now asks for another try.
      await expect.poll(status).toBeOneOf([200, 202]);
    };
    const statusesOf = ({ followUps }: TestIncident) =>
      followUps.map((followUp) => world.incidentIo.followUp(followUp).status);

    it.each([
      ['GitHub', 0],
      ['Jira', 1],
      ['Linear', 2],
      ['GitLab', 3],
    ])('closes on the last event, and not while %s disagrees', async (_title, last) => {
      const tasks = fourTasks(100 + last);
      const odd = tasks[last];
      if (odd === undefined) throw new Error('there are four');
      const incident = await incidentOf(tasks);
      const others = tasks.filter((task) => task !== odd);
      const start = Date.now() - 60_000;
      for (const task of others) await tell(task, 'done', start);
      await verdict(world, incident, { verdict: 'wait', words: `waits for ${odd.reference.name}` });

      // One that was done disagrees again just when the last becomes done.
      const [first] = others;
      if (first === undefined) throw new Error('there are four');
      await tell(first, 'open', start + 10_000);
      await verdict(world, incident, {
        verdict: 'wait',
        blockers: [{ task: first.key }, { task: odd.key }].sort(byOrder(tasks)),
      });
      await tell(odd, 'done', start + 20_000);
      await verdict(world, incident, { verdict: 'wait', words: `waits for ${first.reference.name}` });
      expect(edits(world, incident)).toBe(0);
      const open = () => statusesOf(incident).filter((status) => status === 'outstanding').length;
      await expect.poll(open).toBe(1);

      await tell(first, 'done', start + 30_000);
      await closed(world, incident);
      expect(edits(world, incident)).toBe(1);
      expect(statusesOf(incident)).toEqual(Array(4).fill('completed'));
    });
  },
);

/** Blockers come in the order of the follow-ups. */
function byOrder(tasks: readonly TrackedTask[]) {
  const place = (key: string) => tasks.findIndex((task) => task.key === key);
  return (a: { task: string }, b: { task: string }) => place(a.task) - place(b.task);
}
