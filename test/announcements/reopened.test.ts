import { afterEach, describe, expect, it } from 'vitest';
import { runAnnouncer } from '../../src/announcements/announcer.ts';
import { createMetrics } from '../../src/metrics/counters.ts';
import { history } from '../../src/operations/history.ts';
import { storyOf } from '../../src/operations/story.ts';
import { newSecret } from '../../src/trackers/standard-webhooks.ts';
import { minutes } from '../support/make.ts';
import { type MemoryWorld, openMemoryWorld } from '../support/memory-world.ts';
import { startReceiver } from '../support/receiver.ts';

const NAME = 'canary-private-name';
const CREATE = 'POST /v3/follow_ups/actions/create_from_link';

describe('a task that is opened again after its incident was closed', () => {
  let world: MemoryWorld;
  const closing: (() => Promise<void>)[] = [];
  afterEach(async () => {
    await world.close();
    for (const close of closing.splice(0)) await close();
  });

  const look = async (id: string) => {
    world.woken.set(id, 'a test');
    await world.reviewed();
  };

  /** An incident that we closed since its task was done. */
  async function closed(
    over: Parameters<typeof openMemoryWorld>[0] = {},
    setup: Parameters<MemoryWorld['incident']>[1] = {},
  ) {
    world = await openMemoryWorld(over);
    await world.sync();
    const incident = await world.incident(['acme/api#1', 'acme/api#2'], setup);
    await world.sync();
    await world.told('acme/api#1');
    await world.told('acme/api#2');
    await world.reviewed();
    world.later(minutes(6));
    await look(incident.id);
    expect(world.incidentIo.incident(incident.id).status.category).toBe('closed');
    return incident;
  }

  const reopen = async (issue = 'acme/api#1') => {
    await world.told(issue, { state: 'open', reopened: true });
    await world.reviewed();
  };

  /** Lets everything that is due be told, once. */
  async function announced(context: Partial<MemoryWorld['context']> = {}) {
    const stop = new AbortController();
    let rounds = 0;
    const wait = async () => {
      world.later(minutes(2));
      await new Promise((resolve) => setTimeout(resolve, 50));
      if (++rounds === 3) stop.abort();
    };
    const parts = { keyWorks: () => true, onFailure: async () => {}, wait };
    await runAnnouncer({ ...world.context, ...context }, parts, stop.signal);
  }

  const messages = (id: string) => world.incidentIo.updates(id).flatMap(({ message }) => message ?? []);
  const closureOf = async (id: string) => (await world.store.closures.get(id))?.at(-1);

  it('is told once in the incident, which stays closed, and is shown in its story and in the history', async () => {
    const { id } = await closed();
    for (let times = 0; times < 3; times++) {
      await reopen();
      await world.told('acme/api#1');
      await world.reviewed();
      await announced();
    }
    expect(messages(id)).toEqual([
      expect.stringMatching(
        /^acme.*api.*1.* was opened again at .*, after incident-closer had closed the incident because it was done\. The incident stays closed\.\n\nhttps:\/\/github\.com\/acme\/api\/issues\/1\n\nincident-closer, opened again /,
      ),
    ]);
    expect(world.incidentIo.incident(id).status.category).toBe('closed');
    const { entries } = await storyOf(id, world.context);
    expect(entries.filter(({ kind }) => kind === 'reopened').map(({ words }) => words)).toEqual([
      expect.stringMatching(/^acme\/api#1 was opened again at .* after incident-closer had closed/),
    ]);
    expect((await history({ limit: 1 }, world.context)).closures[0]?.reopened).toEqual([
      expect.objectContaining({ name: 'acme/api#1', task: 'github:github.com/acme/api#1' }),
    ]);
    // Another of its tasks is another thing.
    await reopen('acme/api#2');
    await announced();
    expect(messages(id)).toHaveLength(2);
    expect(world.incidentIo.calls(CREATE)).toBe(0);
  });

  it('is told to operators and by webhook, of a private incident by its reference alone', async () => {
    for (const isPrivate of [false, true]) {
      const receiver = await startReceiver((_, response) => response.end());
      closing.push(receiver.close);
      const { id, reference } = await closed(
        {
          env: {
            NOTIFY_SLACK_URL: receiver.url.replace('/hook', '/slack'),
            OUTGOING_WEBHOOK_URL: receiver.url,
            OUTGOING_WEBHOOK_SECRET: newSecret(),
          },
        },
        { name: NAME, ...(isPrivate && { visibility: 'private' as const }) },
      );
      await reopen();
      await announced();
      const bodies = receiver.received.map(({ body }) => JSON.parse(body));
      const slack = bodies.find(({ text }) => text !== undefined);
      expect(slack.text).toContain(`a task of ${reference} was opened again`);
      expect(JSON.stringify(slack).includes('api')).toBe(!isPrivate);
      expect(JSON.stringify(slack)).not.toContain(NAME);
      const webhooks = bodies.filter(({ type }) => type === 'incident.reopened');
      expect(webhooks).toHaveLength(isPrivate ? 0 : 1);
      if (!isPrivate)
        expect(webhooks[0].data).toMatchObject({
          incident: { id, reference },
          task: { key: 'github:github.com/acme/api#1', name: 'acme/api#1' },
        });
      // The closing itself is told to operators only where a rule says so.
      expect(bodies.filter(({ text }) => text?.includes('was closed'))).toEqual([]);
      if (!isPrivate) await world.close();
    }
  });

  it('gets one follow-up in incident.io that is connected to it, also when an answer is lost', async () => {
    const { id } = await closed({ env: { ON_REOPENED: 'follow-up' } });
    world.incidentIo.misbehave({ route: CREATE, fault: { kind: 'reset' }, when: 'after', times: 1 });
    await reopen();
    for (let times = 0; times < 2; times++) await announced();
    await reopen();
    await announced();
    const made = world.incidentIo.followUps(id).slice(2);
    expect(made).toHaveLength(1);
    expect(made[0]).toMatchObject({ reference: { permalink: 'https://github.com/acme/api/issues/1' } });
    expect((await closureOf(id))?.reopened).toMatchObject([{ made: made[0]?.id }]);
    expect(messages(id)).toHaveLength(1);
  });

  it('gets one that never is a reason to close the incident that a person moved back', async () => {
    const { id } = await closed({ env: { ON_REOPENED: 'follow-up' } });
    await reopen();
    await announced();
    world.later(minutes(1));
    world.incidentIo.moveIncident(id, 'learning');
    await look(id);
    const [one, , made] = world.incidentIo.followUps(id);
    if (one === undefined || made === undefined) throw new Error('no follow-up was made');
    // All that is left is done, and the only one that was not there before is ours.
    world.incidentIo.deleteFollowUp(one.id);
    await world.told('acme/api#1');
    await world.sync();
    await world.reviewed();
    world.later(minutes(6));
    await look(id);
    expect(world.incidentIo.followUp(made.id).status).toBe('completed');
    expect(await world.store.outcomes.get(id)).toMatchObject({ verdict: 'leave', reason: 'moved-back' });
    // One that a person made and did is.
    world.incidentIo.createFollowUp({ incident: id, status: 'completed' });
    await world.sync();
    await world.reviewed();
    world.later(minutes(6));
    await look(id);
    expect(world.incidentIo.incident(id).status.category).toBe('closed');
  });

  it.each([
    ['nothing is to be done', { env: { ON_REOPENED: 'nothing' } }, 1],
    ['it is a dry run', { env: {} }, 0],
  ])('is told nobody where %s', async (why, over, stored) => {
    const { id } = await closed(over);
    const { writer, announcer, ...dry } = world.context;
    if (why === 'it is a dry run') {
      await world.told('acme/api#1', { state: 'open', reopened: true });
      const { reviewDeps } = await import('../../src/context/deps.ts');
      const { review } = await import('../../src/review/review.ts');
      const job = { why: 'a test', signal: new AbortController().signal };
      await review(id, job, reviewDeps(dry, { name: 'closer', roles: [] }));
    } else await reopen();
    await announced();
    expect(messages(id)).toEqual([]);
    expect((await closureOf(id))?.reopened ?? []).toHaveLength(stored);
  });

  it('is not told once people opened the incident again: they know', async () => {
    const { id } = await closed();
    world.later(minutes(1));
    world.incidentIo.moveIncident(id, 'learning');
    await reopen();
    await announced();
    expect(messages(id)).toEqual([]);
    expect((await closureOf(id))?.reopened).toBeUndefined();
  });

  it('is counted', async () => {
    const metrics = createMetrics({ sources: [], work: true });
    metrics.reopened();
    expect(await metrics.registry.metrics()).toContain('incident_closer_reopened_total 1');
  });
});
