import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hookStatuses, isOff } from '../../src/read-back/hook-status.ts';
import { createHookWatch, type HookWatch, seenAfter } from '../../src/read-back/hook-watch.ts';
import { tokenDigest } from '../../src/read-back/token-digest.ts';
import { noteProcess } from '../../src/store/process-notes.ts';
import type { HookCheck } from '../../src/trackers/hooks.ts';
import { T0 } from '../support/make.ts';
import { keyOf, openReader, type ReadBackWorld } from './support.ts';

const HOUR = 3_600_000;
const PLACE = 'the repository acme/api';

let world: ReadBackWorld;
let shows: HookCheck | Error;
let asked: string[][];
/** Which of these addresses were taken for ours at the last look. */
let leads: string[];
const ADDRESSES = [
  'https://closer.acme.test/webhooks/github',
  'https://CLOSER.acme.test:443/webhooks/github/?team=1',
  'https://other.acme.test/webhooks/github',
  'https://closer.acme.test/staging/webhooks/github',
  'http://closer.acme.test/webhooks/github',
  'https://closer.acme.test/webhooks/gitlab',
  'no address',
];

beforeEach(async () => {
  world = await openReader();
  shows = checked({});
  asked = [];
  leads = [];
});
afterEach(() => world.close());

function checked(states: Record<string, 'on' | 'failing' | 'off'>): HookCheck {
  const hooks = Object.entries(states).map(([id, state]) => ({
    ...{ id, place: PLACE, of: id.at(0) ?? '', state },
    ...(state !== 'on' && { words: 'switch it on' }),
  }));
  return { hooks, shown: [PLACE], hidden: [] };
}

function watch(taken = ['github'], token = world.fake.token, publicUrl?: string): HookWatch {
  const tracker = {
    ...world.fake.tracker,
    hooks: {
      needs: 'much',
      async check(tasks: readonly string[], _: unknown, isOurs: (url: string) => boolean) {
        asked.push([...tasks]);
        leads = ADDRESSES.filter(isOurs);
        if (shows instanceof Error) throw shows;
        return shows;
      },
    },
  };
  const access = { github: { token, urls: [world.fake.url] } };
  return createHookWatch({ ...world, trackers: [tracker], access, options: {}, taken, publicUrl });
}

describe("a tracker's webhooks", () => {
  it('are looked at once an hour at most, by all processes together, where its follow-ups are', async () => {
    await world.store.links.put(keyOf('acme/api#1'), [['F1', 'I1']]);
    await Promise.all([watch().checkIfDue(), watch().checkIfDue()]);
    const first = asked.length;
    await watch().checkIfDue();
    world.clock.time = T0 + HOUR - 1;
    await watch().checkIfDue();
    expect(asked).toHaveLength(first);
    expect(asked[0]).toEqual([keyOf('acme/api#1')]);
    world.clock.time = T0 + HOUR;
    await watch().checkIfDue();
    expect(asked).toHaveLength(first + 1);
  });

  it('are not asked for where nobody takes its webhooks', async () => {
    await watch([]).checkIfDue();
    expect(asked).toEqual([]);
  });

  it('are looked at by a worker that has tokens only, where a receiver of the same store takes them', async () => {
    await noteProcess({ id: 'receiver', takes: ['github'] }, world.store, T0);
    await watch([]).checkIfDue();
    expect(asked).toHaveLength(1);
    expect([...(await watch([]).check()).keys()]).toEqual(['github']);
    // No receiver has taken them for a day.
    world.clock.time = T0 + 25 * HOUR;
    expect((await watch([]).check()).size).toBe(0);
  });

  it('are those that lead to the public address, where it was told, and not those of somebody else on the same path', async () => {
    await watch(['github'], world.fake.token, 'https://closer.acme.test').check();
    expect(leads).toEqual(ADDRESSES.slice(0, 2));
    await watch(['github'], world.fake.token, 'https://closer.acme.test/staging').check();
    expect(leads).toEqual([ADDRESSES[3]]);
    await watch().check();
    expect(leads).toEqual(ADDRESSES.slice(0, 5));
  });

  it('that were seen under another public address are not gone', async () => {
    shows = checked({ a1: 'on' });
    await watch().check();
    shows = checked({ b1: 'on' });
    await watch(['github'], world.fake.token, 'https://closer.acme.test').check();
    const states = (await world.store.hooks.getMany(['github']))
      .get('github')
      ?.hooks.map(({ id, state }) => [id, state]);
    expect(states).toEqual([
      ['b1', 'on'],
      ['a1', 'on'],
    ]);
  });

  it('that another token is not shown are not gone, but only not seen, and not known after a week', async () => {
    shows = checked({ a1: 'on', b1: 'on' });
    await watch().check();
    world.clock.time += HOUR;
    shows = checked({ b1: 'on' });
    const others = watch(['github'], 'ghp_another');
    const told = async () =>
      hookStatuses((await others.check()).get('github'), world.clock.time).map(({ state, isSeen }) => ({
        state,
        isSeen,
      }));
    const unseen = [
      { state: 'on', isSeen: true },
      { state: 'on', isSeen: false },
    ];
    expect(await told()).toEqual(unseen);
    expect(await told()).toEqual(unseen);
    expect(world.lines.filter((line) => line.includes(PLACE))).toEqual([]);
    // What this token was shown, and is not shown any more, is gone.
    shows = checked({});
    expect(await told()).toEqual([
      { state: 'gone', isSeen: true },
      { state: 'on', isSeen: false },
    ]);
    world.clock.time += 7 * 24 * HOUR;
    expect(await told()).toEqual([]);
  });

  it('are kept without the token, and with a mark that many tokens share', async () => {
    shows = checked({ a1: 'on' });
    await watch().check();
    const kept = JSON.stringify(await world.store.hooks.get('github'));
    expect(kept).not.toContain(world.fake.token);
    const digest = await tokenDigest('github', world.fake.token);
    expect(digest).toMatch(/^[\da-f]{6}$/);
    expect(kept).toContain(`"${digest}"`);
    expect(await tokenDigest('github', 'ghp_another')).not.toBe(digest);
    expect(await tokenDigest('gitlab', world.fake.token)).not.toBe(digest);
  });

  it('that are off are told once, and again when something new is so', async () => {
    shows = checked({ a1: 'off' });
    await watch().check();
    await watch().check();
    expect(world.lines.filter((line) => line.includes(`the webhook in ${PLACE}: switch it on`))).toHaveLength(
      1,
    );
    shows = checked({ a1: 'failing' });
    await watch().check();
    expect(world.lines.filter((line) => line.includes(PLACE))).toHaveLength(2);
  });

  it('that are gone count as off, until they are recreated or a week is over', async () => {
    shows = checked({ a1: 'on', b1: 'on' });
    await watch().check();
    shows = checked({ b1: 'on' });
    world.clock.time += HOUR;
    const seen = (await watch().check()).get('github');
    expect(seen?.hooks.filter(isOff)).toMatchObject([{ id: 'a1', state: 'gone', since: T0 + HOUR }]);
    shows = checked({ a2: 'on', b1: 'on' });
    expect((await watch().check()).get('github')?.hooks.filter(isOff)).toEqual([]);
    shows = checked({ a2: 'on' });
    expect((await watch().check()).get('github')?.hooks.filter(isOff)).toMatchObject([{ id: 'b1' }]);
    world.clock.time += 8 * 24 * HOUR;
    expect((await watch().check()).get('github')?.hooks).toMatchObject([{ id: 'a2' }]);
  });

  it('stay as they were known where they cannot be looked at, which is told without the token', async () => {
    shows = checked({ a1: 'off' });
    await watch().check();
    shows = new Error(`no answer to ${world.fake.token}`);
    const seen = (await watch().check()).get('github');
    expect(seen).toMatchObject({
      hooks: [{ id: 'a1', state: 'off' }],
      hidden: [{ why: 'no answer to (token)' }],
    });
  });
});

it('a place that is not shown any more says nothing of what was there', () => {
  const before = { at: T0, hooks: [{ id: '1', place: PLACE, state: 'on' as const, since: T0 }], hidden: [] };
  const hidden = [{ place: PLACE, why: 'refused (403)' }];
  expect(seenAfter(before, { hooks: [], shown: [], hidden }, { now: T0 + 1, by: 'a' })).toEqual({
    at: T0 + 1,
    hooks: before.hooks.map((hook) => ({ ...hook, seenAt: T0 })),
    hidden,
  });
});
