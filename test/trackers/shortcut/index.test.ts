import { describe, expect, it } from 'vitest';
import { shortcut } from '../../../src/trackers/shortcut/index.ts';
import type { Translation } from '../../../src/trackers/translation.ts';
import type { TaskEvent } from '../../../src/vocabulary.ts';
import { AT, defaultsOf, delivery } from '../samples.ts';
import { deleted, sent, state, story, transition } from './payloads.ts';
import { shortcut as of } from './samples.ts';

function translate(payload: unknown, options: Record<string, string[]> = {}): Translation {
  return shortcut.translate(delivery(of, payload, 's'), { ...defaultsOf(shortcut), ...options });
}

function told(payload: unknown, options: Record<string, string[]> = {}): TaskEvent[] {
  const translation = translate(payload, options);
  if (translation.kind !== 'events') throw new Error(`it is ${translation.kind}: ${translation.reason}`);
  return translation.tasks;
}

const archived = { archived: { old: false, new: true } };
const completed = { completed: { old: false, new: true } };
const at = (number: number) => ({ id: number, app_url: `https://app.shortcut.com/acme/story/${number}` });

describe('a webhook of Shortcut', () => {
  it('that nobody signed, or under the old header alone, is refused', async () => {
    const { body, headers } = delivery(of, transition('started', 'done'), 's');
    for (const header of [undefined, 'clubhouse-signature']) {
      const given = header === undefined ? {} : { [header]: headers['payload-signature'] };
      expect(await shortcut.verify({ headers: given, body, receivedAt: AT }, ['s'])).toBe(false);
    }
  });

  it('tells of every story that one edit changed, and of no other', () => {
    const events = told(
      sent([
        story(completed, at(12)),
        story(archived, at(13)),
        story({ completed: { old: true, new: false } }, at(14)),
        { id: 1, entity_type: 'workspace2', action: 'bulk-update' },
      ]),
    );
    expect(events.map(({ task, state: now, reopened }) => [task, now, reopened])).toEqual([
      ['shortcut:acme/12', 'done', undefined],
      ['shortcut:acme/14', 'open', true],
    ]);
  });

  it('tells of a story although another of the same delivery is broken', () => {
    expect(told(sent([story(completed, { id: 'x' }), story(completed)]))).toHaveLength(1);
    expect(translate(sent([story(completed, { id: 'x' })]))).toMatchObject({ kind: 'ignored' });
  });

  it('tells a state and asks for another in one delivery', () => {
    const translation = translate(
      sent(
        [
          story({ ...completed, workflow_state_id: { old: 1, new: 51 } }, at(12)),
          story({ workflow_state_id: { old: 1, new: 2 } }, at(13)),
        ],
        [state(51, 'done')],
      ),
    );
    expect(translation).toMatchObject({
      tasks: [{ task: 'shortcut:acme/12' }],
      hints: [{ task: 'shortcut:acme/13' }],
    });
  });

  it('says nothing of epics, archived stories, and whatever else is in a story', () => {
    const epic = { id: 20, entity_type: 'epic', action: 'update', changes: { ...completed } };
    for (const actions of [
      [epic],
      [],
      [story(archived)],
      [story({ project_id: { old: 6, new: 16 } })],
      [story({ label_ids: { adds: [1] } }), epic],
      [story(undefined)],
    ])
      expect(translate(sent(actions))).toMatchObject({ kind: 'ignored' });
  });
});

describe('where a story is, without an address', () => {
  it('is told by another address of the same delivery', () => {
    const epic = { id: 20, entity_type: 'epic', name: 'E', app_url: 'https://app.shortcut.com/acme/epic/20' };
    expect(told({ ...deleted(), references: [epic] })).toMatchObject([
      { task: 'shortcut:acme/12', state: 'deleted' },
    ]);
  });

  it('is told by what is set, and else the answer says what to set', () => {
    expect(told(deleted(), { WORKSPACE: ['Acme', 'acme-old'] })).toMatchObject([
      { task: 'shortcut:acme/12', state: 'deleted' },
    ]);
    expect(translate(deleted())).toMatchObject({
      kind: 'ignored',
      reason: expect.stringContaining('SHORTCUT_WORKSPACE'),
    });
    const without = sent([story(completed, { app_url: undefined })]);
    expect(translate(without)).toMatchObject({ kind: 'ignored' });
    expect(told(without, { WORKSPACE: ['acme'] })).toMatchObject([
      { task: 'shortcut:acme/12', state: 'done' },
    ]);
  });
});

describe('the state of a story', () => {
  it('goes by the type of its state and not by the name', () => {
    expect(told(transition('unstarted', 'started', 'Done'))[0]?.state).toBe('open');
    expect(told(transition('unstarted', 'done', 'Waiting'))[0]?.state).toBe('done');
    expect(told(transition('unstarted', 'started', "Won't Do"))[0]?.state).toBe('open');
    expect(told(transition('unstarted', 'Finished', 'Waiting'))[0]?.state).toBe('done');
  });

  it('goes by what is set for names', () => {
    const parked = transition('started', 'done', 'Parked');
    expect(told(parked, { DECLINED: ['parked'] })[0]?.state).toBe('declined');
    expect(told(transition('started', 'done', "Won't Do"), { DECLINED: ['parked'] })[0]?.state).toBe('done');
  });

  it('goes by its flags where nothing tells the type', () => {
    const moved = { workflow_state_id: { old: 50, new: 51 } };
    const untyped = [state(50, undefined), state(51, undefined, 'Cancelled')];
    expect(told(sent([story({ ...moved, ...completed })], untyped))[0]?.state).toBe('declined');
    expect(told(sent([story({ ...moved, ...completed })]))[0]?.state).toBe('done');
    expect(told(sent([story({ ...moved, started: { new: true } })], untyped))[0]?.state).toBe('open');
    expect(told(sent([story({ started: { old: true, new: false } })]))[0]?.state).toBe('open');
    expect(translate(sent([story(moved)], untyped))).toMatchObject({ tasks: [], hints: [{}] });
  });

  it('is known as reopened by the type it had, or by the flag', () => {
    const back = { workflow_state_id: { old: 50, new: 51 } };
    const references = [state(50, 'done', "Won't Do"), state(51, 'started')];
    expect(told(sent([story(back)], references))[0]?.reopened).toBe(true);
    expect(told(sent([story({ completed: { old: true, new: false } })]))[0]?.reopened).toBe(true);
    expect(told(transition('started', 'unstarted'))[0]?.reopened).toBeUndefined();
    expect(told(transition('done', 'done'))[0]?.reopened).toBeUndefined();
  });
});

describe('who changed a story', () => {
  const by = (type: string, name: string, over: Record<string, unknown>) => {
    const [event] = told(transition('started', type, name, over));
    return [event?.by, event?.actor];
  };
  const machine = { member_id: null, automation_id: '6a1c', actor_name: 'Old stories' };

  it('is a member, unless an integration acts in the name of one', () => {
    expect(by('done', 'Done', { member_id: 'm1' })).toEqual(['person', 'm1']);
    expect(by('done', 'Done', { member_id: 'm1', webhook_id: 'w1' })).toEqual(['unknown', 'm1']);
    expect(by('done', 'Done', { member_id: 'm1', external_id: 'x1' })).toEqual(['unknown', 'm1']);
    expect(by('done', 'Done', { member_id: null })).toEqual(['unknown', undefined]);
  });

  it('an automation that declines is automation, and one that completes is nobody', () => {
    expect(by('done', 'Rejected', machine)).toEqual(['automation', 'Old stories']);
    expect(by('done', 'Done', machine)).toEqual(['unknown', 'Old stories']);
    expect(by('started', 'Rejected', machine)).toEqual(['unknown', 'Old stories']);
    expect(by('done', 'Rejected', { ...machine, actor_name: null })).toEqual(['automation', '6a1c']);
  });
});
