import { describe, expect, it } from 'vitest';
import { runAnnouncer } from '../../src/announcements/announcer.ts';
import { history } from '../../src/operations/history.ts';
import { minutes } from '../support/make.ts';
import { openMemoryWorld } from '../support/memory-world.ts';
import { startReceiver } from '../support/receiver.ts';

const NAME = 'canary-name';

describe('a closing', () => {
  it.each([
    ['by no rule', false, 'public', []],
    ['where a rule says so', true, 'public', ['named']],
    ['where a rule says so, of a private incident by its reference alone', true, 'private', ['bare']],
  ] as const)('is told to operators %s, and never to PagerDuty', async (_, notify, visibility, told) => {
    const receiver = await startReceiver((_nth, response) => response.end());
    const world = await openMemoryWorld({
      env: {
        NOTIFY_SLACK_URL: receiver.url,
        NOTIFY_PAGERDUTY_KEY: 'key',
        NOTIFY_PAGERDUTY_URL: new URL(receiver.url).origin,
      },
      policy: (policy) => ({ ...policy, rules: policy.rules.map((rule) => ({ ...rule, notify })) }),
    });
    await world.sync();
    const { id, reference } = await world.incident(['acme/api#1'], { name: NAME, visibility });
    await world.sync();
    await world.told('acme/api#1');
    await world.reviewed();
    world.later(minutes(6));
    world.woken.set(id, 'a test');
    await world.reviewed();
    expect(world.incidentIo.incident(id).status.category).toBe('closed');

    const stop = new AbortController();
    let rounds = 0;
    const wait = async () => {
      world.later(minutes(1));
      await new Promise((resolve) => setTimeout(resolve, 50));
      if (++rounds === 3) stop.abort();
    };
    const parts = { keyWorks: () => true, onFailure: async () => {}, wait };
    await runAnnouncer(world.context, parts, stop.signal);

    const texts = receiver.received.map(({ body }) => JSON.parse(body).text);
    expect(texts.map((text) => (text.includes(NAME) ? 'named' : 'bare'))).toEqual(told);
    for (const text of texts) expect(text).toContain(`incident-closer: ${reference} was closed`);
    const { closures } = await history({ limit: 1 }, world.context);
    expect(closures[0]?.announced.map(({ place, state }) => [place, state])).toEqual(
      notify ? [['slack', 'made']] : [],
    );
    await world.close();
    await receiver.close();
  });
});
